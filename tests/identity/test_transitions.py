"""The matrix of statuses: every status with every event, and what no path through it can reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.evidence import Evidence, Proof
from identity.ins import Ins, InsOid
from identity.ins_answer import Likeness
from identity.status import BARRED, Attribute, IdentityStatus
from identity.transitions import (
    EVENT_LABELS,
    Event,
    Received,
    Standing,
    TransitionError,
    apply,
)
from tests.identity.factories import make_ins

PROV, RECUP = IdentityStatus.PROVISIONAL, IdentityStatus.RETRIEVED
VALI, QUAL = IdentityStatus.VALIDATED, IdentityStatus.QUALIFIED
HELD, FRESH = make_ins("2460358194991"), make_ins("2550669381992")
CARD, APP = Proof(Evidence.NATIONAL_CARD), Proof(Evidence.CARTE_VITALE_APP)

# Where each event leads from PROV, RECUP, VALI and QUAL, and the INS there: held, fresh or none. `-` is refused.
TABLE = {
    Event.INSI_ACCEPTED: ("RECUP fresh", "RECUP fresh", "QUAL fresh", "QUAL fresh"),
    Event.EVIDENCE_CHECKED: ("VALI none", "QUAL held", "VALI none", "QUAL held"),
    Event.CARTE_VITALE_APP: ("QUAL fresh", "-", "-", "-"),
    Event.TRAIT_CHANGED: ("PROV none", "PROV none", "PROV none", "PROV none"),
    Event.INSI_REFUSED: ("-", "PROV none", "-", "VALI none"),
    Event.WRONG_PERSON: ("-", "PROV none", "-", "PROV none"),
    Event.DOUBT_RAISED: ("PROV none", "PROV none", "PROV none", "PROV none"),
    Event.DOUBT_LIFTED: ("-", "-", "-", "-"),
    Event.FICTITIOUS_SET: ("PROV none", "PROV none", "PROV none", "PROV none"),
    Event.FICTITIOUS_LIFTED: ("-", "-", "-", "-"),
    Event.HOMONYM_SET: ("PROV none", "RECUP held", "VALI none", "QUAL held"),
    Event.HOMONYM_LIFTED: ("-", "-", "-", "-"),
    Event.ABSORBED: ("PROV none", "RECUP held", "VALI none", "QUAL held"),
}
CASES = [
    pytest.param(status, event, row[rank], id=f"{status.value}-{event.value}")
    for event, row in TABLE.items()
    for rank, status in enumerate(IdentityStatus)
]


def standing(status: IdentityStatus, *attributes: Attribute) -> Standing:
    return Standing(status, frozenset(attributes), HELD if status.carries_ins else None)


def happens(before: Standing, event: Event, likeness: Likeness = Likeness.IDENTICAL) -> Standing:
    proof = APP if event is Event.CARTE_VITALE_APP else CARD
    return apply(before, event, proof=proof, received=Received(FRESH, likeness)).after


def test_the_table_is_about_every_event() -> None:
    assert set(TABLE) == set(Event) == set(EVENT_LABELS)


@pytest.mark.parametrize(("status", "event", "expected"), CASES)
def test_every_status_with_every_event(status: IdentityStatus, event: Event, expected: str) -> None:
    before = standing(status)

    if expected == "-":
        with pytest.raises(TransitionError) as told:
            happens(before, event)
        assert told.value.message.endswith((".", "."))
        return
    moved = apply(
        before,
        event,
        proof=APP if event is Event.CARTE_VITALE_APP else CARD,
        received=Received(FRESH, Likeness.IDENTICAL),
    )
    to, _, held = expected.partition(" ")
    assert moved.after.status.value == to
    assert moved.after.ins == {"held": HELD, "fresh": FRESH, "none": None}[held]
    assert moved.former_ins == (before.ins if before.ins != moved.after.ins else None)


@pytest.mark.parametrize("event", [Event.INSI_ACCEPTED, Event.EVIDENCE_CHECKED, Event.CARTE_VITALE_APP])
@pytest.mark.parametrize("attribute", sorted(BARRED))
def test_a_doubtful_or_fictitious_identity_is_not_raised(event: Event, attribute: Attribute) -> None:
    with pytest.raises(TransitionError, match="levez d'abord"):
        happens(standing(PROV, attribute), event)


@pytest.mark.parametrize(
    ("attributes", "event", "after"),
    [
        ({Attribute.DOUBTFUL}, Event.DOUBT_LIFTED, set()),
        ({Attribute.FICTITIOUS}, Event.FICTITIOUS_LIFTED, set()),
        ({Attribute.HOMONYM}, Event.HOMONYM_LIFTED, set()),
        ({Attribute.HOMONYM}, Event.DOUBT_RAISED, {Attribute.HOMONYM, Attribute.DOUBTFUL}),
        ({Attribute.DOUBTFUL}, Event.HOMONYM_SET, {Attribute.HOMONYM, Attribute.DOUBTFUL}),
    ],
    ids=["doubt-lifted", "fiction-lifted", "namesake-lifted", "namesake-doubted", "doubtful-namesake"],
)
def test_attributes_come_and_go(attributes: set[Attribute], event: Event, after: set[Attribute]) -> None:
    assert happens(standing(PROV, *attributes), event).attributes == after


@pytest.mark.parametrize(
    ("attribute", "event"),
    [
        (Attribute.DOUBTFUL, Event.FICTITIOUS_SET),
        (Attribute.HOMONYM, Event.FICTITIOUS_SET),
        (Attribute.FICTITIOUS, Event.DOUBT_RAISED),
        (Attribute.FICTITIOUS, Event.HOMONYM_SET),
        (Attribute.DOUBTFUL, Event.DOUBT_RAISED),
    ],
)
def test_combinations_that_rniv_excludes_are_refused(attribute: Attribute, event: Event) -> None:
    with pytest.raises(TransitionError):
        happens(standing(PROV, attribute), event)


def test_there_is_no_default_evidence() -> None:
    with pytest.raises(TransitionError) as told:
        apply(standing(PROV), Event.EVIDENCE_CHECKED)

    assert told.value.field == "evidence"


def test_traits_that_differ_from_those_checked_want_the_evidence_again() -> None:
    received = Received(FRESH, Likeness.DIFFERENT)

    with pytest.raises(TransitionError) as told:
        apply(standing(VALI), Event.INSI_ACCEPTED, received=received)

    assert told.value.field == "evidence"
    assert apply(standing(VALI), Event.INSI_ACCEPTED, received=received, proof=CARD).after.status is QUAL
    assert apply(standing(PROV), Event.INSI_ACCEPTED, received=received).after.status is RECUP


def test_an_equivalent_answer_needs_no_evidence() -> None:
    received = Received(FRESH, Likeness.EQUIVALENT)

    assert apply(standing(VALI), Event.INSI_ACCEPTED, received=received).after == Standing(QUAL, ins=FRESH)


def test_accepting_nothing_is_refused() -> None:
    with pytest.raises(TransitionError, match="recherchez-la"):
        apply(standing(PROV), Event.INSI_ACCEPTED)


def test_a_retrieved_identity_whose_ins_the_hub_lacks_is_not_qualified() -> None:
    with pytest.raises(TransitionError, match="recherchez-la"):
        apply(Standing(RECUP), Event.EVIDENCE_CHECKED, proof=CARD)


def test_the_application_is_its_own_evidence() -> None:
    with pytest.raises(TransitionError):
        apply(standing(PROV), Event.CARTE_VITALE_APP, proof=CARD, received=Received(FRESH, Likeness.IDENTICAL))


def test_nothing_happens_to_an_absorbed_identity() -> None:
    absorbed = happens(standing(QUAL), Event.ABSORBED)

    assert not absorbed.is_active
    with pytest.raises(TransitionError, match="plus active"):
        happens(absorbed, Event.DOUBT_RAISED)


@pytest.mark.parametrize("oid", [InsOid.NIA, InsOid.NIR_DEMO])
def test_a_number_that_is_replaced_keeps_its_authority_in_the_past(oid: InsOid) -> None:
    waiting = make_ins("7900799352997", oid)

    moved = apply(Standing(QUAL, ins=waiting), Event.INSI_ACCEPTED, received=Received(FRESH, Likeness.IDENTICAL))

    assert (moved.after.status, moved.after.ins, moved.former_ins) == (QUAL, FRESH, waiting)


numbers = st.sampled_from([HELD, FRESH, make_ins("185052A004994")])
steps = st.lists(
    st.tuples(
        st.sampled_from(list(Event)),
        st.none() | st.builds(Proof, st.sampled_from(list(Evidence))),
        st.none() | st.builds(Received, numbers, st.sampled_from(list(Likeness))),
    ),
    max_size=12,
)


@given(steps)
def test_no_path_leads_to_an_ins_where_none_may_be(path: list[tuple[Event, Proof | None, Received | None]]) -> None:
    now = Standing()
    past: list[Ins] = []

    for event, proof, received in path:
        held = now.ins
        try:
            moved = apply(now, event, proof=proof, received=received)
        except TransitionError:
            continue
        now = moved.after
        past += [moved.former_ins] if moved.former_ins else []

        assert (now.ins is not None) == now.status.carries_ins
        assert not (now.attributes & BARRED and (now.ins or now.status is not PROV))
        assert Attribute.FICTITIOUS not in now.attributes or len(now.attributes) == 1
        assert held in (None, now.ins) or past[-1] == held
