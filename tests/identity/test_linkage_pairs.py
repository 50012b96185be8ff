"""French pairs with the decision an identity-vigilance officer expects of the machine.

They are in hard_pairs.csv, one a row: name, cause, the decisions an officer accepts (link, review, new), why in one
sentence, and the traits of both sides under the columns of `hub identities load`, with `attributes` besides.
"""

import csv
from datetime import date
from pathlib import Path

import pytest

from identity.decision import Outcome
from identity.ins import parse_ins
from identity.linkage import Candidate, Decision, IdentityRecord, decide
from identity.status import Attribute, IdentityStatus, check_attributes
from identity.traits import Address, BirthDate, Sex, Traits
from tests.identity.factories import model

PAIRS = list(csv.DictReader(Path(__file__).with_name("hard_pairs.csv").read_text(encoding="utf-8").splitlines()))


def read_side(row: dict[str, str], side: str) -> IdentityRecord:
    value = {name.removeprefix(side): text for name, text in row.items() if name.startswith(side) and text}
    street, postcode, city = value.get("address"), value.get("postcode"), value.get("city")
    traits = Traits(
        birth_name=value.get("birth_family"),
        used_name=value.get("used_family"),
        given_names=tuple(value.get("given_names", "").split()),
        used_given_name=value.get("used_given"),
        birth_date=BirthDate.parse(value["birth_date"]) if "birth_date" in value else None,
        sex=Sex(value.get("sex", "U")),
        birth_place=value.get("birth_place"),
        ins=parse_ins(value["ins"], value["ins_oid"]) if "ins" in value else None,
        address=Address(street, postcode, city) if street or postcode or city else None,
        phone=value.get("phone"),
        email=value.get("email"),
        death_date=date.fromisoformat(value["death_date"]) if "death_date" in value else None,
    )
    return IdentityRecord(
        record_id=side,
        domain=value["source"],
        traits=traits,
        status=IdentityStatus(value.get("status", "PROV")),
        attributes=frozenset(Attribute(code) for code in value.get("attributes", "").split()),
    )


def decide_records(incoming: IdentityRecord, known: IdentityRecord) -> Decision:
    return decide(incoming, [Candidate(person_id="p1", records=(known,))], model())


@pytest.mark.parametrize("row", PAIRS, ids=[row["name"] for row in PAIRS])
def test_a_pair_is_decided_as_an_officer_expects(row: dict[str, str]) -> None:
    one, other = read_side(row, "a_"), read_side(row, "b_")
    accepted = {Outcome(word) for word in row["expected"].split("|")}

    assert decide_records(one, other).outcome in accepted, row["why"]
    assert decide_records(other, one).outcome in accepted, row["why"]


def test_the_pairs_are_named_explained_and_allowed() -> None:
    names = [row["name"] for row in PAIRS]

    assert len(names) == len(set(names)) >= 170
    assert [row["name"] for row in PAIRS if not (row["cause"] and row["why"] and row["expected"])] == []
    for row in PAIRS:
        for side in ("a_", "b_"):
            record = read_side(row, side)
            check_attributes(record.status, record.attributes)
            assert record.traits.ins is None or record.status.carries_ins


def test_link_and_new_are_never_both_accepted() -> None:
    assert [row["name"] for row in PAIRS if {"link", "new"} <= set(row["expected"].split("|"))] == []
