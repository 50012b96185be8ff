import pytest

from identity.ins import Ins
from identity.status import Attribute, IdentityStatus
from identity.survivorship import compose, publishable_ins
from identity.traits import Traits
from tests.identity.factories import make_ins, make_record, make_traits

OURS, THEIRS = make_ins("2840569381001"), make_ins("2840569381002")
QUALIFIED, RETRIEVED = IdentityStatus.QUALIFIED, IdentityStatus.RETRIEVED
NONE: frozenset[Attribute] = frozenset()
DOUBT = frozenset({Attribute.DOUBTFUL})


def test_the_surest_identity_is_displayed_and_contacts_come_from_any() -> None:
    provisional = make_record(make_traits("BODRILARD", phone="0612345678"), record_id="a")
    qualified = make_record(make_traits(ins=OURS), record_id="b", status=IdentityStatus.QUALIFIED)

    shown = compose([provisional, qualified])

    assert (shown.birth_name, shown.phone, shown.ins) == ("BAUDRILLARD", "0612345678", OURS)


def test_a_known_place_is_displayed_before_an_unknown_one() -> None:
    surer = make_record(make_traits(place="99999"), record_id="a", status=IdentityStatus.VALIDATED)

    assert compose([surer, make_record(record_id="b")]).birth_place == "69381"


def test_a_doubtful_identity_is_displayed_last() -> None:
    doubtful = make_record(make_traits("AUTRE"), record_id="a", attributes=frozenset({Attribute.DOUBTFUL}))

    assert compose([doubtful, make_record(make_traits(given="SOLENE"), record_id="b")]).birth_name == "BAUDRILLARD"


def test_nothing_is_composed_of_no_record() -> None:
    assert compose([]) == Traits()


@pytest.mark.parametrize(
    ("records", "published"),
    [
        ([(OURS, QUALIFIED, NONE), (THEIRS, RETRIEVED, NONE)], OURS),
        ([(OURS, QUALIFIED, NONE), (OURS, QUALIFIED, NONE)], OURS),
        ([(OURS, RETRIEVED, NONE)], None),
        ([(OURS, QUALIFIED, NONE), (THEIRS, QUALIFIED, NONE)], None),
        ([(OURS, QUALIFIED, DOUBT)], None),
    ],
    ids=["qualified", "twice the same", "only retrieved", "two qualified", "doubtful"],
)
def test_an_ins_is_published_only_when_qualified_and_uncontradicted(
    records: list[tuple[Ins, IdentityStatus, frozenset[Attribute]]], published: Ins | None
) -> None:
    identities = [
        make_record(make_traits(ins=ins), record_id=str(rank), status=status, attributes=attributes)
        for rank, (ins, status, attributes) in enumerate(records)
    ]

    assert publishable_ins(identities) == published
