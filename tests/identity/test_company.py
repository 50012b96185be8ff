"""Two people whom a rule tells apart, and a poorer record that resembles both: in no order are they one person."""

from itertools import permutations

import pyarrow as pa
import pytest

from identity.bulk import engine
from identity.bulk.records import COLUMNS, prepare
from identity.decision import Outcome
from identity.linkage import Candidate, IdentityRecord, decide
from identity.status import IdentityStatus
from identity.traits import Address, BirthDate, Sex, Traits
from tests.identity.factories import model

Line = dict[str, str]

_BREST = {"address": "3 IMPASSE DU LAVOIR", "postcode": "29200"}
_NANTES = {"address": "7 ALLEE DES TILLEULS", "postcode": "44300"}


def _three(shared: Line, *own: Line) -> list[Line]:
    return [shared | line | {"source": f"s{rank}"} for rank, line in enumerate(own)]


GROUPS = {
    "grown sisters of one home": _three(
        {"birth_family": "KERGOAT", "birth_date": "1961-08-09", "sex": "F", "birth_place": "29019", **_BREST},
        {"given_names": "MARIE CLAIRE"},
        {"given_names": "MARIE ANNE"},
        {"given_names": "MARIE"},
    ),
    "homonyms of two towns": _three(
        {"birth_family": "ESNAULT", "birth_date": "1959-12-01", "sex": "M", "birth_place": "72181"},
        {"given_names": "PHILIPPE MICHEL", **_BREST, "phone": "0639981101"},
        {"given_names": "PHILIPPE ANDRE", **_NANTES, "phone": "0639981102"},
        {"given_names": "PHILIPPE", **_BREST, "phone": "0639981101"},
    ),
    "namesakes of one town, born eleven days apart": _three(
        {"birth_family": "CADIOU", "given_names": "YVES", "sex": "M", "birth_place": "29019"},
        {"birth_date": "1948-05-03", **_BREST, "phone": "0639981101"},
        {"birth_date": "1948-05-14", **_NANTES, "phone": "0639981102"},
        {"birth_date": "1948-05-14", **_BREST},
    ),
    "grown twins of one compound opening, in one home": _three(
        {"birth_family": "KERVELLA", "birth_date": "1951-03-09", "sex": "M", "birth_place": "29019", **_BREST},
        {"given_names": "JEAN-PIERRE"},
        {"given_names": "JEAN-PAUL"},
        {"given_names": "JEAN"},
    ),
    "sisters a year apart, of one compound opening": _three(
        {"birth_family": "KERVELLA", "sex": "F", "birth_place": "29019", **_BREST},
        {"given_names": "MARIE-ANNE", "birth_date": "1951-03-09"},
        {"given_names": "MARIE-ROSE", "birth_date": "1952-03-09"},
        {"given_names": "MARIE", "birth_date": "1952-03-09"},
    ),
    "grown twins of two homes": _three(
        {"birth_family": "LE BIHAN", "birth_date": "1952-02-11", "sex": "M", "birth_place": "56260"},
        {"given_names": "JEAN", **_BREST, "phone": "0639981101"},
        {"given_names": "PIERRE", **_NANTES, "phone": "0639981102"},
        {"given_names": "JEAN PIERRE", **_BREST},
    ),
}


def _record(rank: int, line: Line) -> IdentityRecord:
    where = Address(line["address"], line["postcode"], None) if "address" in line else None
    traits = Traits(
        birth_name=line["birth_family"],
        given_names=tuple(line["given_names"].split()),
        birth_date=BirthDate.parse(line["birth_date"]),
        sex=Sex(line["sex"]),
        birth_place=line["birth_place"],
        address=where,
        phone=line.get("phone"),
    )
    return IdentityRecord(
        record_id=str(rank), domain=line["source"], traits=traits, status=IdentityStatus.PROVISIONAL
    )


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("name", GROUPS)
def test_a_file_never_unites_them(name: str, order: tuple[int, ...]) -> None:
    lines = [GROUPS[name][rank] for rank in order]
    table = pa.table({column: pa.array([line.get(column) for line in lines], pa.string()) for column in COLUMNS})

    persons = engine.match(prepare(table), model(), lambda stage, done, total: None).persons.person.tolist()

    assert persons[order.index(0)] != persons[order.index(1)]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("name", GROUPS)
def test_one_by_one_they_are_never_united_without_an_officer(name: str, order: tuple[int, ...]) -> None:
    persons: list[list[IdentityRecord]] = []
    asked = False
    for rank in order:
        record = _record(rank, GROUPS[name][rank])
        known = [Candidate(person_id=str(number), records=tuple(group)) for number, group in enumerate(persons)]
        decision = decide(record, known, model())
        asked |= decision.outcome is Outcome.REVIEW
        if decision.outcome is Outcome.LINK and decision.person_id is not None:
            persons[int(decision.person_id)].append(record)
        else:
            persons.append([record])

    # Whoever has the first name and the home of a twin is that one: nobody needs to be asked.
    assert asked or (name == "grown twins of two homes" and order.index(2) > 0)
    assert not any({"0", "1"} <= {record.record_id for record in group} for group in persons)
