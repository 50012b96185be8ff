"""SOAP 1.2 envelopes of INSi: questions written, answers read.

WS_INS2 `rechercherInsAvecTraitsIdentite` as the Assurance maladie's guide describes it: contexts BAM and LPS, WS
Addressing, namespaces INSiRecSans and INSiResultat. The names of WS_INS3 (verification) are not public: those written
here are to be compared with the WSDL when an editor's authorisation is asked for (CNDA). Answers are read without
DTD, entities or external references, and whatever cannot be trusted is a failure, never half an answer.
"""

import re
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from hub.insi.teleservice import Answer, AnswerCode, Failure, Query
from identity.ins import Ins, InsError, InsOid, parse_ins
from identity.ins_answer import ReportedIdentity
from identity.normalise import check_birth_place, split_given_names, write_name
from identity.traits import BirthDate, Sex, TraitError, Traits

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
BAM = "urn:siram:bam:ctxbam"
LPS = "urn:siram:lps:ctxlps"
SEARCH = "http://www.cnamts.fr/INSiRecSans"
VERIFICATION = "http://www.cnamts.fr/INSiLot2/RQTUnitaire"
RESULT = "http://www.cnamts.fr/INSiResultat"
SEARCH_ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite"
VERIFICATION_ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:verifierInsAvecTraitsIdentite"
CONTENT_TYPE = "application/soap+xml"
_LUNAR = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asks: numbers of the structure that emits and of the authorised software (IDAM). `moment` is ISO UTC."""

    emitter: str
    software: str
    version: str
    message_id: str
    moment: str


def write_search(query: Query, sender: Sender) -> bytes:
    """Write a question by traits."""
    envelope, body = _envelope(SEARCH_ACTION, sender)
    _write_query(SubElement(body, f"{{{SEARCH}}}RECSANSVITALE"), SEARCH, query)
    return _bytes(envelope)


def write_verification(ins: Ins, query: Query, sender: Sender) -> bytes:
    """Write the verification of an INS."""
    envelope, body = _envelope(VERIFICATION_ACTION, sender)
    person = SubElement(SubElement(body, f"{{{VERIFICATION}}}REQUETE"), f"{{{VERIFICATION}}}IndividuVerifie")
    write_ins(SubElement(person, f"{{{VERIFICATION}}}INSFourni"), VERIFICATION, ins)
    _write_query(SubElement(person, f"{{{VERIFICATION}}}TraitsIdentiteIndividu"), VERIFICATION, query)
    return _bytes(envelope)


def _envelope(action: str, sender: Sender) -> tuple[Element, Element]:
    envelope = Element(f"{{{SOAP}}}Envelope")
    header = SubElement(envelope, f"{{{SOAP}}}Header")
    for namespace, name, version in ((BAM, "ContexteBAM", "01_02"), (LPS, "ContexteLPS", "01_00")):
        context = SubElement(header, f"{{{namespace}}}{name}", {"Version": version})
        _add(context, namespace, "Id", sender.message_id)
        _add(context, namespace, "Temps", sender.moment)
        _add(context, namespace, "Emetteur", sender.emitter)
        if namespace == BAM:
            SubElement(context, f"{{{BAM}}}COUVERTURE")
            continue
        software = SubElement(context, f"{{{LPS}}}LPS")
        _add(software, LPS, "IDAM", sender.software).set("R", "4")
        _add(software, LPS, "Version", sender.version)
        _add(software, LPS, "Instance", sender.message_id)
        _add(software, LPS, "Nom", f"urn:lps:identity-hub:{sender.version}")
    _add(header, ADDRESSING, "Action", action)
    _add(header, ADDRESSING, "MessageID", f"uuid:{sender.message_id}")
    return envelope, SubElement(envelope, f"{{{SOAP}}}Body")


def _write_query(parent: Element, namespace: str, query: Query) -> None:
    _add(parent, namespace, "NomNaissance", query.birth_name)
    for name in query.given_names:
        _add(parent, namespace, "Prenom", name)
    _add(parent, namespace, "Sexe", query.sex.value)
    _add(parent, namespace, "DateNaissance", query.birth_date.iso())
    if query.birth_place:
        _add(parent, namespace, "LieuNaissance", query.birth_place)


def write_ins(parent: Element, namespace: str, ins: Ins) -> None:
    """Write a matricule, its key apart, and its authority."""
    number = SubElement(parent, f"{{{namespace}}}IdIndividu")
    _add(number, namespace, "NumIdentifiant", ins.matricule[:13])
    _add(number, namespace, "Cle", ins.matricule[13:])
    _add(number, namespace, "TypeMatricule", "NIA" if ins.oid.is_waiting else "NIR")
    _add(parent, namespace, "OID", ins.oid.value)


def _add(parent: Element, namespace: str, name: str, text: str) -> Element:
    child = SubElement(parent, f"{{{namespace}}}{name}")
    child.text = text
    return child


def _bytes(envelope: Element) -> bytes:
    return ElementTree.tostring(envelope, encoding="utf-8", xml_declaration=True)


class UnreadableError(ValueError):
    """The bytes are not an envelope that may be read."""


def open_body(content: bytes) -> Element:
    """Return the body of an envelope; raise `UnreadableError` on anything else, a DTD and entities included."""
    try:
        envelope = fromstring(content, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as err:
        raise UnreadableError from err
    body = envelope.find(f"{{{SOAP}}}Body") if envelope.tag == f"{{{SOAP}}}Envelope" else None
    if body is None:
        raise UnreadableError
    found: Element = body
    return found


def read_answer(content: bytes, accepted: frozenset[InsOid]) -> Answer:
    """Read an answer; an INS of an authority that this hub does not accept is a failure."""
    try:
        body = open_body(content)
    except UnreadableError:
        return _failed(Failure.GARBLED)
    if body.find(f"{{{SOAP}}}Fault") is not None:
        return _failed(Failure.FAULT)
    result = body.find(f"{{{RESULT}}}RESULTAT")
    code = None if result is None else result.findtext(f"{{{RESULT}}}CR/{{{RESULT}}}CodeCR")
    if result is None or code is None:
        return _failed(Failure.GARBLED)
    if code.strip() not in set(AnswerCode):
        return _failed(Failure.UNKNOWN_CODE)
    answered = AnswerCode(code.strip())
    if answered is not AnswerCode.FOUND:
        return Answer(answered)
    people = result.findall(f"{{{RESULT}}}INDIVIDU")
    return _read_person(people[0], accepted) if len(people) == 1 else _failed(Failure.GARBLED)


def _failed(failure: Failure) -> Answer:
    return Answer(None, None, failure)


def _read_person(person: Element, accepted: frozenset[InsOid]) -> Answer:
    present = person.find(f"{{{RESULT}}}INSACTIF")
    traits = person.find(f"{{{RESULT}}}TIQ")
    if present is None or traits is None:
        return _failed(Failure.GARBLED)
    try:
        ins = read_ins(present, RESULT)
        read = _read_traits(traits)
    except InsError as err:
        return _failed(Failure.INS_OID if err.code == "ins-oid" else Failure.INS_FORM)
    except TraitError:
        return _failed(Failure.GARBLED)
    if ins.oid not in accepted:
        return _failed(Failure.INS_OID)
    former = tuple(past for past in map(_read_past, person.findall(f"{{{RESULT}}}INSHISTO")) if past is not None)
    return Answer(
        AnswerCode.FOUND, ReportedIdentity(ins, read, tuple(past for past in former if past.oid in accepted))
    )


def read_ins(element: Element, namespace: str) -> Ins:
    """Read a matricule with its key and authority; raise `InsError`."""
    number = element.findtext(f"{{{namespace}}}IdIndividu/{{{namespace}}}NumIdentifiant") or ""
    key = element.findtext(f"{{{namespace}}}IdIndividu/{{{namespace}}}Cle") or ""
    return parse_ins(number.strip() + key.strip(), (element.findtext(f"{{{namespace}}}OID") or "").strip())


def _read_past(element: Element) -> Ins | None:
    try:
        return read_ins(element, RESULT)
    except InsError:
        # A number of before today's rules identifies nobody any more: the answer is worth having without it.
        return None


def _read_traits(element: Element) -> Traits:
    def text(name: str) -> str:
        return (element.findtext(f"{{{RESULT}}}{name}") or "").strip()

    given = text("ListePrenom") or text("Prenom")
    place = text("LieuNaissance")
    sex = text("Sexe")
    if sex not in (Sex.MALE.value, Sex.FEMALE.value):
        raise TraitError("sex", "code-invalid", "INSi ne donne que les sexes M et F.")
    return Traits(
        birth_name=write_name(text("NomNaissance"), "birth_name"),
        given_names=tuple(write_name(name, "given_names") for name in split_given_names(given)),
        birth_date=read_date(text("DateNaissance")),
        sex=Sex(sex),
        birth_place=check_birth_place(place) if place else None,
    )


def read_date(text: str) -> BirthDate:
    """Read a date, completing a lunar one (month or day 00) as RNIV says (EXI ID 11)."""
    parts = _LUNAR.fullmatch(text)
    if parts is None:
        raise TraitError("birth_date", "date-format", "La date d'INSi doit être écrite AAAA-MM-JJ.")
    year, month, day = parts.groups()
    if month == "00" and day == "00":
        return BirthDate.parse(year).completed()
    if month == "00":
        return BirthDate.parse(f"{year}-01-{day}", presumed=True)
    if day == "00":
        return BirthDate.parse(f"{year}-{month}").completed()
    return BirthDate.parse(text)
