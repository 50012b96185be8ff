import pytest

from identity.ins import Ins
from identity.status import Attribute, IdentityStatus
from identity.survivorship import STRICT, Source, compose, publishable_ins
from identity.traits import Traits
from tests.identity.factories import make_ins, make_record, make_traits

OURS, THEIRS = make_ins("2840569381001"), make_ins("2840569381002")
QUALIFIED, RETRIEVED = IdentityStatus.QUALIFIED, IdentityStatus.RETRIEVED
NONE: frozenset[Attribute] = frozenset()
DOUBT = frozenset({Attribute.DOUBTFUL})
NAMED, OTHER = make_record(record_id="a"), make_record(record_id="b")
VALIDATED = make_record(record_id="v", status=IdentityStatus.VALIDATED)
NAMELESS = make_record(make_traits(birth_name=None), record_id="n")


def test_the_surest_identity_is_displayed_and_contacts_come_from_any() -> None:
    provisional = make_record(make_traits("BODRILARD", phone="0612345687"), record_id="a")
    qualified = make_record(make_traits(ins=OURS), record_id="b", status=IdentityStatus.QUALIFIED)

    composed = compose([Source(provisional), Source(qualified)])

    shown = composed.traits

    assert (shown.birth_name, shown.phone, shown.ins) == ("BAUDRILLARD", "0612345687", OURS)
    assert (composed.origins["birth_name"], composed.origins["phone"], composed.origins["ins"]) == ("b", "a", "b")


def test_strict_traits_are_those_of_one_identity_even_where_it_lacks_one() -> None:
    surer = make_record(make_traits(place=None), record_id="a", status=IdentityStatus.VALIDATED)

    composed = compose([Source(surer), Source(make_record(record_id="b"))])

    assert composed.traits.birth_place is None
    assert "birth_place" not in composed.origins
    assert {composed.origins[trait] for trait in STRICT if trait in composed.origins} == {"a"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Source(NAMED, since=1.0), Source(OTHER, trust=9)),
        (Source(NAMED, since=1.0), Source(OTHER, since=2.0)),
        (Source(NAMED, trust=9, since=9.0), Source(VALIDATED)),
        (Source(NAMELESS, trust=9, since=9.0), Source(OTHER)),
    ],
    ids=["the structure trusted more", "the latest", "status before trust", "who can be named"],
)
def test_among_identities_the_surest_names_the_person(first: Source, second: Source) -> None:
    assert compose([first, second]).origins["birth_name"] == second.record.record_id
    assert compose([second, first]).origins["birth_name"] == second.record.record_id


def test_a_doubtful_identity_is_displayed_last() -> None:
    doubtful = make_record(make_traits("AUTRE"), record_id="a", attributes=frozenset({Attribute.DOUBTFUL}))

    sound = make_record(make_traits(given="SOLENE"), record_id="b")

    assert compose([Source(doubtful), Source(sound)]).traits.birth_name == "BAUDRILLARD"


def test_nothing_is_composed_of_no_record() -> None:
    assert compose([]).traits == Traits()


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
