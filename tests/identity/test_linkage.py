import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.agreement import CHAINS, neighbours
from identity.decision import Outcome, is_unopposed, signs_of, traits_obstacle
from identity.ins import InsOid
from identity.linkage import Candidate, IdentityRecord, PairAssessment, compare_records, decide, rank
from identity.model import TERMS
from identity.scoring import score
from identity.status import Attribute, IdentityStatus
from identity.traits import Address, Sex, Traits
from tests.identity.factories import make_ins, make_record, make_traits, model

OURS, THEIRS = make_ins("2840569381001"), make_ins("2840569381002")
QUALIFIED = IdentityStatus.QUALIFIED


def person(*records: IdentityRecord, person_id: str = "p1") -> Candidate:
    return Candidate(person_id=person_id, records=records)


def reasons(incoming: IdentityRecord, *persons: Candidate) -> tuple[Outcome, set[str]]:
    decision = decide(incoming, persons, model())
    return decision.outcome, {reason.code for reason in decision.reasons}


def test_no_candidate_makes_a_new_person() -> None:
    decision = decide(make_record(), [], model())

    assert (decision.outcome, decision.person_id, decision.model_version) == (Outcome.NEW, None, model().version)


def test_a_link_names_the_person_and_the_best_record() -> None:
    decision = decide(make_record(), [person(make_record(domain="B", record_id="b"))], model())

    assert (decision.outcome, decision.person_id) == (Outcome.LINK, "p1")
    assert decision.considered[0].record_id == "b"


def test_models_used_in_turn_keep_their_own_scores() -> None:
    models = [replace(model(), prior=model().prior - lower) for lower in range(6)]
    ours, theirs = make_record(), make_record(domain="B", record_id="b")

    scores = [compare_records(ours, theirs, each).score.total for _ in range(2) for each in models]

    assert scores == pytest.approx([scores[0] - lower for _ in range(2) for lower in range(6)])


def test_two_numbers_of_one_structure_are_one_person_of_the_region_like_any_other() -> None:
    assert reasons(make_record(), person(make_record(record_id="b"))) == (Outcome.LINK, {"score-link"})


def test_two_unlike_numbers_of_one_structure_are_not_linked() -> None:
    twin = make_record(make_traits(given="LUCIE"), record_id="b")

    assert decide(make_record(), [person(twin)], model()).outcome is not Outcome.LINK


def test_one_matricule_is_always_worth_a_look() -> None:
    other = make_traits("VERDIER", "LUC", "1950-02-03", Sex.MALE, place="33063", ins=OURS)
    unlike = replace(other, birth_date=make_traits().birth_date)

    decision = decide(make_record(make_traits(ins=OURS)), [person(make_record(unlike, "B", "b"))], model())

    assert decision.outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    ("told", "inside", "born", "level"),
    [
        pytest.param("69381", "69381", "1984-05-17", "in_ins", id="the same"),
        pytest.param("92012", "75012", "1950-05-17", "in_ins", id="its former code"),
        pytest.param("99352", "99352", "1984-05-17", "country", id="the same country"),
        pytest.param("99352", "91352", "1950-05-17", "country", id="the country that a département was"),
        pytest.param("33063", "69381", "1984-05-17", "against_ins", id="another"),
        pytest.param("69381", "69382", "1984-05-17", "against_ins", id="another arrondissement"),
        pytest.param("69123", "69381", "1984-05-17", "missing", id="its city"),
        pytest.param("99352", "92012", "1950-05-17", "missing", id="Oran before 1962"),
        pytest.param("99352", "92012", "1990-05-17", "against_ins", id="Boulogne since"),
        pytest.param("99123", "99155", "1950-05-17", "missing", id="USSR and Ukraine"),
        pytest.param("69381", "99999", "1984-05-17", "missing", id="unknown"),
        pytest.param("38185", "38990", "1984-05-17", "missing", id="unknown in Isère"),
        pytest.param("69000", "69381", "1984-05-17", "missing", id="a département for a commune"),
        pytest.param(None, "69381", "1984-05-17", "missing", id="none told"),
    ],
)
def test_the_place_inside_a_matricule_stands_for_the_one_that_is_not_told(
    told: str | None, inside: str, born: str, level: str
) -> None:
    body = f"2{born[2:4]}{born[5:7]}{inside}001"
    one = make_record(make_traits(born=born, place=told))
    other = make_record(make_traits(born=born, place=None, ins=make_ins(body)), "B", "b")

    for pair in ((one, other), (other, one)):
        levels = {part.trait: part.level for part in compare_records(*pair, model()).score.contributions}
        assert levels["birth_place"] == level


@pytest.mark.parametrize(
    ("line", "postcode", "level"),
    [
        ("8 rue Neuve", "69001", "same"),
        ("NC", "69001", "postcode"),
        ("Le Bourg", "69001", "postcode"),
        ("Adresse inconnue", "00000", "missing"),
        ("8 rue Neuve", "99999", "missing"),
    ],
)
def test_an_address_that_is_not_known_is_nobodys_home(line: str, postcode: str, level: str) -> None:
    traits = make_traits(line=line, postcode=postcode)
    pair = make_record(traits), make_record(traits, "B", "b")

    assert {part.trait: part.level for part in compare_records(*pair, model()).score.contributions}[
        "address"
    ] == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        pytest.param(("38120", "SAINT-EGREVE"), ("38210", "St Egrève cedex"), "postcode", id="two digits turned"),
        pytest.param(("38120", "SAINT-EGREVE"), ("38170", "SAINT EGREVE"), "postcode", id="one digit"),
        pytest.param(("38120", "SAINT-EGREVE"), ("38960", "SAINT-EGREVE"), "department", id="another postcode"),
        pytest.param(("38120", "SAINT-EGREVE"), ("38170", "SEYSSINET"), "department", id="another town"),
        pytest.param(("38120", "SAINT-EGREVE"), ("38170", None), "department", id="no town"),
        pytest.param(("01120", "MONTLUEL"), ("10120", "MONTLUEL"), "different", id="another department"),
        pytest.param(("69003", "LYON"), ("69007", "LYON"), "department", id="two districts"),
    ],
)
def test_a_postcode_a_slip_away_is_the_same_in_the_same_town(
    one: tuple[str, str], other: tuple[str, str], level: str
) -> None:
    first, second = (
        make_record(make_traits(line=f"{number} rue Neuve", postcode=where[0], city=where[1]), domain, domain)
        for number, domain, where in ((1, "A", one), (2, "B", other))
    )

    for pair in ((first, second), (second, first)):
        levels = {part.trait: part.level for part in compare_records(*pair, model()).score.contributions}
        assert levels["address"] == level


def test_a_matricule_of_another_date_tells_no_place() -> None:
    one = make_record(make_traits(place="33063"))
    other = make_record(make_traits(place=None, ins=make_ins("2560869381001")), "B", "b")

    levels = {part.trait: part.level for part in compare_records(one, other, model()).score.contributions}

    assert levels["birth_place"] == "missing"


@pytest.mark.parametrize("place", ["99352", "69381"])
def test_who_tells_a_country_is_no_nearer_to_the_commune_of_a_matricule(place: str) -> None:
    one, other = make_record(make_traits(place="99352", ins=OURS)), make_record(make_traits(place=place), "B", "b")
    levels = {part.trait: part.level for part in compare_records(one, other, model()).score.contributions}

    assert levels["birth_place"] == "country"


def test_one_matricule_says_nothing_against_itself() -> None:
    one = make_record(make_traits(place="33063", ins=OURS))
    other = make_record(make_traits(place=None, ins=OURS), "B", "b")

    levels = {part.trait: part.level for part in compare_records(one, other, model()).score.contributions}

    assert levels["birth_place"] == "in_ins"


def test_nobody_is_compared_without_any_name() -> None:
    one, other = (make_record(make_traits("SANS NOM", "INCONNU"), domain) for domain in "AB")

    assert decide(one, [person(replace(other, record_id="b"))], model()).outcome is Outcome.NEW


def test_two_qualified_identities_with_two_ins_are_a_conflict() -> None:
    one = make_record(make_traits(ins=OURS, postcode="69001", line="1 RUE A"), status=QUALIFIED)
    other = make_record(make_traits(ins=THEIRS, postcode="69001", line="1 RUE A"), "B", "b", QUALIFIED)

    assert reasons(one, person(other)) == (Outcome.REVIEW, {"ins-conflict"})


def test_an_nia_and_a_nir_of_one_person_are_not_a_plain_difference() -> None:
    one = make_record(make_traits(ins=make_ins("2840569381001", InsOid.NIR_DEMO)))
    other = make_record(make_traits(ins=THEIRS), "B", "b")

    assert decide(one, [person(other)], model()).outcome is Outcome.LINK


def test_a_conflict_with_any_record_of_the_person_forbids_the_link() -> None:
    incoming = make_record(make_traits(ins=OURS), status=QUALIFIED)
    known = person(make_record(make_traits(), "B", "b"), make_record(make_traits(ins=THEIRS), "C", "c", QUALIFIED))

    outcome, codes = reasons(incoming, known)

    assert outcome is not Outcome.LINK
    assert "ins-conflict" in codes or "no-match" in codes


def test_a_poor_record_of_the_person_does_not_forbid_a_good_match() -> None:
    poor = make_record(make_traits(born=None, place=None), "C", "c")

    assert (
        decide(make_record(), [person(make_record(domain="B", record_id="b"), poor)], model()).outcome is Outcome.LINK
    )


def test_a_record_that_disagrees_lowers_the_person() -> None:
    good = make_record(domain="B", record_id="b")
    stranger = make_record(make_traits("VERDIER", "LUC", "1950-02-03", Sex.MALE), "C", "c")

    alone = decide(make_record(), [person(good)], model()).considered[0].score
    mixed = decide(make_record(), [person(good, stranger)], model()).considered[0].score

    assert mixed.total < alone.total
    assert mixed.contributions[-1].level == "others"


def test_two_residents_of_one_given_name_are_told_from_one_person_in_words() -> None:
    home = {"line": "12 rue Pasteur", "postcode": "12000", "phone": "+33565980012", "email": "accueil@orange.example"}
    one = make_traits("NOGARET", "HELENE", "1925-11-27", place="12202", **home)  # type: ignore[arg-type]
    other = make_traits("GINESTE", "HELENE", "1938-03-16", place="48095", **home)  # type: ignore[arg-type]

    pair = compare(one, other)
    decision = decide(make_record(one), [person(make_record(other, "B", "b"))], model())

    assert pair.strangers
    assert decision.outcome is Outcome.NEW
    assert [near.veto.code for near in decision.considered if near.veto] == ["birth-date-different"]
    assert rank(one, [person(make_record(other, "B", "b"))], model()) == ()
    assert len(rank(one, [person(make_record(other, "B", "b"))], model(), far=True)) == 1


def test_strangers_of_a_high_score_are_no_reason_to_ask_an_officer() -> None:
    # Under one name, one telephone and one mail: father and son at least, were it not for the given name and the day.
    home = {"line": "12 rue Pasteur", "postcode": "12000", "phone": "+33612345679", "email": "nogaret@orange.example"}
    one = make_traits("NOGARET", "HELENE", "1925-11-27", place="12202", **home)  # type: ignore[arg-type]
    other = make_traits("NOGARET", "SOLANGE", "1938-03-16", place="12202", **home)  # type: ignore[arg-type]
    low = replace(model(), thresholds=replace(model().thresholds, review=-40.0))

    assert compare(one, other).score.total > low.thresholds.review
    assert decide(make_record(one), [person(make_record(other, "B", "b"))], low).outcome is Outcome.NEW


def test_a_relative_among_the_records_of_a_person_does_not_hide_the_record_that_is_near() -> None:
    home = {"line": "12 rue Pasteur", "postcode": "12000", "phone": "+33612345679", "email": "nogaret@orange.example"}
    incoming = make_record(make_traits("NOGARET", "HELENE", "1938-03-16", **home))  # type: ignore[arg-type]
    relative = make_record(make_traits("NOGARET", "SOLANGE", "1925-11-27", **home), "B", "a")  # type: ignore[arg-type]
    herself = make_record(make_traits("NOGARET", "HELENE", "1938-03-16", place=None), "C", "b")

    best = decide(incoming, [person(relative, herself)], model()).considered[0]

    assert (best.record_id, best.strangers) == ("b", False)


@pytest.mark.parametrize(
    ("number", "line", "level"),
    [
        ("+33612345679", None, "same"),
        ("+33612345670", None, "near"),
        ("+33612345697", None, "near"),
        ("+33612346578", None, "different"),
        ("+33712345670", None, "different"),
        ("+612345679", None, "different"),
        (None, None, "missing"),
        ("+33612345670", "EHPAD des Lilas", "near"),
        ("+33412345679", "EHPAD des Lilas", "missing"),
    ],
)
def test_a_telephone_of_one_slip_is_near_and_that_of_a_home_is_nobodys(
    number: str | None, line: str | None, level: str
) -> None:
    one = make_traits(phone="+33612345679", line=line, postcode="69001")
    other = make_traits(phone=number, postcode="69001")

    for pair in ((one, other), (other, one)):
        assert {part.trait: part.level for part in compare(*pair).score.contributions}["phone"] == level


@pytest.mark.parametrize(
    ("line", "postcode", "level"),
    [
        ("8 R. NEUVE", "69010", "near"),
        ("8 rue Neuve", "69010", "near"),
        ("8 rue Neuve", "96001", "near"),
        ("8 rue Neuve", "69123", "department"),
        ("9 rue Neuve", "69010", "department"),
        ("rue Neuve", "69010", "department"),
        (None, "69010", "department"),
    ],
)
def test_a_numbered_house_under_a_postcode_of_one_slip_is_near(line: str | None, postcode: str, level: str) -> None:
    one, other = make_traits(line="8 rue Neuve", postcode="69001"), make_traits(line=line, postcode=postcode)

    for pair in ((one, other), (other, one)):
        assert {part.trait: part.level for part in compare(*pair).score.contributions}["address"] == level


def test_two_persons_as_near_go_to_review() -> None:
    persons = [person(make_record(domain="B", record_id=i), person_id=i) for i in ("p1", "p2")]

    assert reasons(make_record(), *persons) == (Outcome.REVIEW, {"margin"})


def test_a_person_told_apart_is_never_proposed() -> None:
    decision = decide(make_record(), [person(make_record(domain="B", record_id="b"))], model(), frozenset({"p1"}))

    assert (decision.outcome, decision.considered) == (Outcome.NEW, ())


def test_a_fictitious_identity_is_neither_linked_nor_a_candidate() -> None:
    fictitious = frozenset({Attribute.FICTITIOUS})

    assert reasons(make_record(attributes=fictitious), person(make_record(domain="B"))) == (
        Outcome.NEW,
        {"fictitious"},
    )
    assert reasons(make_record(), person(make_record(None, "B", "b", attributes=fictitious)))[0] is Outcome.NEW


def test_a_doubtful_identity_goes_to_review_at_most() -> None:
    doubtful = make_record(attributes=frozenset({Attribute.DOUBTFUL}))

    assert reasons(doubtful, person(make_record(domain="B", record_id="b"))) == (Outcome.REVIEW, {"doubtful"})


def test_two_qualified_identities_of_one_ins_link_though_one_uses_another_given_name() -> None:
    one = make_record(make_traits(given="MARINETTE", ins=OURS), status=QUALIFIED)
    other = make_record(make_traits(ins=OURS), "B", "b", QUALIFIED)

    assert decide(one, [person(other)], model()).outcome is Outcome.LINK


def test_two_dates_of_death_forbid_the_link() -> None:
    one = replace(make_traits(), death_date=date(2020, 1, 2))
    other = replace(make_traits(), death_date=date(2021, 3, 4))

    found = compare(one, other).veto

    assert found is not None
    assert found.code == "death-conflict"


def test_a_creation_form_is_shown_near_persons_best_first() -> None:
    near = person(make_record(domain="B", record_id="b"), person_id="near")
    twin = person(make_record(make_traits(given="LUCIE"), "B", "c"), person_id="twin")
    stranger = person(make_record(make_traits("VERDIER", "LUC", "1950-02-03", Sex.MALE), "B", "d"), person_id="far")

    assert [found.person_id for found in rank(make_traits(), [stranger, twin, near], model())] == ["near", "twin"]


def test_reasons_and_sentences_never_quote_a_trait() -> None:
    traits = make_traits(ins=OURS, phone="0612345687", email="ada@b.fr")
    decision = decide(make_record(traits), [person(make_record(traits, "B", "b"))], model())
    texts = [reason.text for reason in decision.reasons]
    texts += [part.text for part in decision.considered[0].score.contributions]

    assert not any(value in text for text in texts for value in ("BAUDRILLARD", "SOLENE", "1984", OURS.matricule))


def test_a_household_proves_no_more_than_its_cap() -> None:
    home = {"line": "1 RUE A", "postcode": "69001", "phone": "0612345687", "email": "ada@b.fr"}
    parts = compare(make_traits(**home), make_traits(**home)).score.contributions  # type: ignore[arg-type]
    shared = sum(part.bits for part in parts if part.trait in ("address", "phone", "email", "surname", "household"))

    assert shared <= 20


def compare(one: Traits, other: Traits) -> PairAssessment:
    return compare_records(make_record(one), make_record(other, "B", "b"), model())


NAMES = st.sampled_from(["MARTIN", "BAUDRILLARD", "LE GOFF", "LEGOFF", "DUPONT-MARTIN", "SANS NOM", "VERDIER", None])
GIVEN = st.sampled_from(["MARIE", "SOLENE MARTHE", "JEAN-PAUL", "JEAN", "MARTIN", "LEA", "LEO", "", "ANNE MARIE"])
DATES = st.sampled_from(["1984-05-17", "1984-05-18", "1984-01-01", "1984", "1955-02-03", "1984-12-31", None])


@st.composite
def identities(draw: st.DrawFn) -> Traits:
    return make_traits(
        draw(NAMES),
        draw(GIVEN),
        draw(DATES),
        draw(st.sampled_from(list(Sex))),
        used_name=draw(NAMES),
        place=draw(st.sampled_from(["69381", "69382", "99352", "99999", None])),
        ins=draw(st.sampled_from([OURS, THEIRS, make_ins("2550269381017"), None])),
        line=draw(st.sampled_from(["1 RUE A", "2 RUE B", None])),
        postcode=draw(st.sampled_from(["69001", "38000", None])),
        phone=draw(st.sampled_from(["0612345687", "0687654321", None])),
        email=draw(st.sampled_from(["ada@b.fr", "c@d.fr", None])),
    )


@given(identities(), identities())
def test_comparing_is_symmetric(one: Traits, other: Traits) -> None:
    first, second = compare(one, other), compare(other, one)

    assert first == second


@given(identities(), identities())
def test_the_total_is_exactly_the_sum_of_its_parts(one: Traits, other: Traits) -> None:
    score = compare(one, other).score

    assert score.total == sum(part.bits for part in score.contributions) + model().prior
    assert 0 <= score.probability <= 1


@given(identities(), identities())
def test_accents_and_case_change_nothing(one: Traits, other: Traits) -> None:
    accented = {"SOLENE MARTHE": "Solène Marthe", "LEA": "Léa", "LEO": "Léo"}.get(" ".join(one.given_names))
    names = tuple((accented or " ".join(one.given_names).lower()).split())
    rewritten = replace(one, given_names=names, birth_name=one.birth_name and one.birth_name.lower())

    assert compare(rewritten, other) == compare(one, other)


@given(
    identities(), identities(), st.sampled_from(["sex", "birth_place", "address", "phone", "email", "given_names"])
)
def test_more_agreement_never_lowers_the_score(one: Traits, other: Traits, field: str) -> None:
    swapped = any(part.level == "swapped" for part in compare(one, other).score.contributions[:2])
    if swapped or getattr(one, field) in (None, (), Sex.UNKNOWN, "99999", Address(None, None, None)):
        return

    nearer = replace(other, **{field: getattr(one, field)})

    assert compare(one, nearer).score.total >= compare(one, other).score.total


def test_what_a_pair_gains_by_being_under_no_rule_agreeing_more_never_takes_away() -> None:
    rng = random.Random(7)
    checked = 0
    for _ in range(4000):
        # Mostly the best level of each term: few patterns drawn at random are under no rule.
        pattern = tuple(levels[0] if rng.random() < 0.6 else rng.choice(list(levels)) for levels in TERMS.values())
        signs = signs_of(pattern)
        if not is_unopposed(signs):
            continue
        before = score(pattern, signs, model()).total
        for place, (trait, level) in enumerate(zip(TERMS, pattern, strict=True)):
            for better in (better for better, worse in neighbours(CHAINS.get(trait, ())) if worse == level):
                nearer = (*pattern[:place], better, *pattern[place + 1 :])
                checked += 1
                assert traits_obstacle(signs_of(nearer)) is None, (pattern, trait, better)
                assert score(nearer, signs_of(nearer), model()).total >= before, (pattern, trait, better)
    assert checked > 1000


def test_a_pair_under_no_rule_says_so_among_its_reasons() -> None:
    alike, twins = compare(make_traits(), make_traits()), compare(make_traits(), make_traits(given="LEONTINE"))

    told = [part for part in alike.score.contributions if part.trait == "rule"]
    assert [(part.bits, part.text) for part in told] == [
        (model().unopposed, "Aucune règle n'interdit de les rapprocher.")
    ]
    assert [part.bits for part in twins.score.contributions if part.trait == "rule"] == [model().caution]


@settings(max_examples=200)
@given(st.lists(identities(), min_size=2, max_size=5))
def test_nothing_links_against_a_veto(every: list[Traits]) -> None:
    incoming = make_record(every[0])
    known = [person(make_record(traits, "B", str(i)), person_id=str(i)) for i, traits in enumerate(every[1:])]

    decision = decide(incoming, known, model())

    if decision.outcome is Outcome.LINK:
        best = decision.considered[0]
        assert best.veto is None
        assert best.score.total >= model().thresholds.link
        assert compare(incoming.traits, every[1 + int(best.person_id)]).veto is None


@pytest.mark.parametrize("status", list(IdentityStatus))
def test_an_identity_without_a_date_needs_its_matricule_and_every_other_trait(status: IdentityStatus) -> None:
    known = [person(make_record(make_traits(ins=OURS), "B", "b"))]
    dateless = make_traits(born=None, ins=OURS)

    assert decide(make_record(dateless, status=status), known, model()).outcome is Outcome.LINK
    for otherwise in ({"given_names": ("SOLENA",)}, {"ins": None}, {"sex": Sex.UNKNOWN}, {"birth_place": None}):
        traits = replace(dateless, **otherwise)
        assert decide(make_record(traits, status=status), known, model()).outcome is not Outcome.LINK
