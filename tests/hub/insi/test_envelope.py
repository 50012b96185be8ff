"""SOAP envelopes: what is written, and what is refused in what comes back."""

import pytest

from hub.insi import envelope
from hub.insi.envelope import RESULT, SEARCH, SOAP, VERIFICATION, Sender, open_body, read_answer, read_date
from hub.insi.retrieval import missing, queries
from hub.insi.teleservice import Answer, AnswerCode, Failure, Query
from identity.ins import PRODUCTION_OIDS, TEST_OIDS, Ins, InsOid, nir_key
from identity.traits import BirthDate, Sex, TraitError
from tests.identity.factories import make_ins, make_traits

SENDER = Sender(
    "899900063480", "TEST0000", "0.1.0", "0b819c7c-f7b4-4e4b-a220-18430a2c0ef7", "2026-11-23T08:00:00.000Z"
)
QUERY = Query("D'ORNANO", ("ANGE-TOUSSAINT",), Sex.MALE, BirthDate(1985, 5, 12))


def answer(
    inner: str = "",
    *,
    code: str = "00",
    number: str = "185052A004994",
    key: str | None = None,
    oid: str = InsOid.NIR_TEST.value,
    traits: str = "<NomNaissance>D'ORNANO</NomNaissance><ListePrenom>ANGE-TOUSSAINT PAUL</ListePrenom><Sexe>M</Sexe>"
    "<DateNaissance>1985-05-12</DateNaissance><LieuNaissance>2A004</LieuNaissance>",
) -> bytes:
    """Write an answer of the teleservice."""
    ins = f"<IdIndividu><NumIdentifiant>{number}</NumIdentifiant><Cle>{key or nir_key(number)}</Cle></IdIndividu>"
    person = f"<INDIVIDU><INSACTIF>{ins}<OID>{oid}</OID></INSACTIF>{inner}<TIQ>{traits}</TIQ></INDIVIDU>"
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><RESULTAT xmlns="{RESULT}"><CR><CodeCR>{code}</CodeCR></CR>'
        f"{person if code == '00' else ''}</RESULTAT></s:Body></s:Envelope>"
    ).encode()


def history(number: str, oid: str = InsOid.NIR_TEST.value, key: str | None = None) -> str:
    ins = f"<NumIdentifiant>{number}</NumIdentifiant><Cle>{key or nir_key(number)}</Cle>"
    return f"<INSHISTO><IdIndividu>{ins}</IdIndividu><OID>{oid}</OID></INSHISTO>"


def test_a_question_says_who_asks_and_the_traits() -> None:
    body = open_body(envelope.write_search(QUERY, SENDER))

    search = body.find(f"{{{SEARCH}}}RECSANSVITALE")
    assert search is not None
    assert {child.tag.rpartition("}")[2]: child.text for child in search} == {
        "NomNaissance": "D'ORNANO",
        "Prenom": "ANGE-TOUSSAINT",
        "Sexe": "M",
        "DateNaissance": "1985-05-12",
    }


def test_a_verification_says_the_number_its_key_and_its_authority() -> None:
    body = open_body(envelope.write_verification(make_ins("185052A004994"), QUERY, SENDER))

    given = body.find(f".//{{{VERIFICATION}}}INSFourni")
    assert given is not None
    assert envelope.read_ins(given, VERIFICATION) == make_ins("185052A004994")


def test_what_was_written_cannot_break_out_of_its_element() -> None:
    query = Query("A</NomNaissance><X>", ("&",), Sex.MALE, BirthDate(1985, 5, 12))

    body = open_body(envelope.write_search(query, SENDER))

    assert body.findtext(f".//{{{SEARCH}}}NomNaissance") == query.birth_name


def test_one_person_is_read_with_the_past_of_their_number() -> None:
    read = read_answer(answer(history("288052B033995") + history("1900799352996", key="00")), TEST_OIDS)

    assert read.code is AnswerCode.FOUND
    assert read.reported is not None
    assert read.reported.ins == make_ins("185052A004994")
    assert read.reported.former == (make_ins("288052B033995"),)
    assert read.reported.traits == make_traits(
        birth_name="D'ORNANO", given="ANGE-TOUSSAINT PAUL", born="1985-05-12", sex=Sex.MALE, place="2A004"
    )


@pytest.mark.parametrize(("code", "read"), [("01", AnswerCode.NOBODY), ("02", AnswerCode.SEVERAL)])
def test_nobody_and_several_are_answers(code: str, read: AnswerCode) -> None:
    assert read_answer(answer(code=code), TEST_OIDS) == Answer(read)


def test_production_refuses_the_numbers_of_tests_and_tests_those_of_people() -> None:
    real = answer(oid=InsOid.NIR.value)

    assert read_answer(answer(), PRODUCTION_OIDS).failure is Failure.INS_OID
    assert read_answer(real, TEST_OIDS).failure is Failure.INS_OID
    assert read_answer(answer(oid=InsOid.NIA.value), PRODUCTION_OIDS).reported is not None
    assert read_answer(real, PRODUCTION_OIDS).code is AnswerCode.FOUND


FAULT = f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault/></s:Body></s:Envelope>'.encode()
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + answer()
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + answer(code="&a;")


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"", Failure.GARBLED),
        (b"<html><body>Maintenance</body></html>", Failure.GARBLED),
        (answer()[:200], Failure.GARBLED),
        (b"\xff\xfe\x00", Failure.GARBLED),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', Failure.GARBLED),
        (BOMB, Failure.GARBLED),
        (EXTERNAL, Failure.GARBLED),
        (FAULT, Failure.FAULT),
        (answer(code="99"), Failure.UNKNOWN_CODE),
        (answer().replace(b"CodeCR", b"Code"), Failure.GARBLED),
        (answer().replace(b"INSACTIF", b"INSPASSIF"), Failure.GARBLED),
        (answer(key="00"), Failure.INS_FORM),
        (answer(number="185052A00499", key="56"), Failure.INS_FORM),
        (answer(oid="1.2.250.1.213.1.4.2"), Failure.INS_OID),
        (answer(traits="<NomNaissance>D'ORNANO</NomNaissance>"), Failure.GARBLED),
        (answer().replace(b"<Sexe>M", b"<Sexe>I"), Failure.GARBLED),
        (answer().replace(b"1985-05-12", b"1985-02-31"), Failure.GARBLED),
        (answer().replace(b"D'ORNANO", b"D&lt;ORNANO"), Failure.GARBLED),
    ],
)
def test_what_cannot_be_trusted_is_a_failure(content: bytes, failure: Failure) -> None:
    assert read_answer(content, TEST_OIDS) == Answer(None, None, failure)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1985-05-12", BirthDate(1985, 5, 12)),
        ("1960-00-00", BirthDate(1960, 12, 31, presumed=True)),
        ("1960-03-00", BirthDate(1960, 3, 1, presumed=True)),
        ("1960-00-07", BirthDate(1960, 1, 7, presumed=True)),
    ],
)
def test_a_lunar_date_is_completed(text: str, read: BirthDate) -> None:
    assert read_date(text) == read


@pytest.mark.parametrize("text", ["", "12/05/1985", "1985-05", "1985-13-01"])
def test_another_date_is_refused(text: str) -> None:
    with pytest.raises(TraitError):
        read_date(text)


def test_questions_say_more_each_time_and_never_the_same_twice() -> None:
    full = queries(make_traits(given="PAUL LOUIS", place="69123"))
    poor = queries(make_traits(given="PAUL", place="99999"))

    assert [(query.given_names, query.birth_place) for query in full] == [
        (("PAUL",), None),
        (("PAUL", "LOUIS"), None),
        (("PAUL", "LOUIS"), "69123"),
    ]
    assert len(poor) == 1


def test_what_a_question_lacks_is_told() -> None:
    traits = make_traits(birth_name=None, given="", born="1985", sex=Sex.UNKNOWN)

    assert len(missing(traits)) == 4
    assert queries(traits) == ()


def test_a_number_waiting_for_another_says_so() -> None:
    body = open_body(envelope.write_verification(Ins("7900799352997" + "37", InsOid.NIA), QUERY, SENDER))

    assert body.findtext(f".//{{{VERIFICATION}}}TypeMatricule") == "NIA"
