"""Turn a person into the records that structures keep of them, with what went wrong in each."""

from dataclasses import dataclass, replace
from random import Random

from defects import Row, strike
from people import Person, age_on
from region import INTAKES, STRUCTURES, TEST_INS_OID, written

DUPLICATES_INSIDE = 0.03
VALIDATED = 0.35
DEATHS_KNOWN = 0.6


@dataclass(frozen=True, slots=True)
class Record:
    """A row and the truth about it."""

    row: Row
    person_id: str
    household_id: str
    cases: tuple[str, ...]


def make_records(person: Person, rng: Random, difficulty: float) -> list[Record]:
    """Return what every structure that knows a person wrote, ids aside."""
    records = []
    for structure in draw_structures(person, rng):
        status = draw_status(person, structure, rng)
        records.append(make_record(person, base_row(person, structure, status, rng), rng, difficulty))
        if rng.random() < DUPLICATES_INSIDE * difficulty:
            again = base_row(person, structure, "PROV", rng)
            second = make_record(person, again, rng, difficulty * 2)
            records.append(replace(second, cases=("duplicate_inside", *second.cases)))
    return records


def make_record(person: Person, row: Row, rng: Random, difficulty: float) -> Record:
    """Strike a clean row with defects and label it."""
    struck, labels = strike(row, person, rng, difficulty)
    if age_on(person.birth_date, person.known_on) < 16 and "shared_contact" not in labels:
        labels = (*labels, "shared_contact")
    struck = replace(struck, phone=dial(struck.phone, INTAKES[struck.source].phone_form))
    return Record(struck, person.person_id, person.household_id, person.cases + labels)


def draw_structures(person: Person, rng: Random) -> list[str]:
    """Return the structures that know a person: the old see more of them, children no cardiologist."""
    age = age_on(person.birth_date, person.known_on)
    counts = (0.44, 0.33, 0.16, 0.07) if age >= 70 else (0.62, 0.27, 0.09, 0.02)
    wanted = rng.choices((1, 2, 3, 4), counts)[0]
    found: list[str] = []
    while len(found) < wanted:
        shares = [0.0 if s.code in found else INTAKES[s.code].share * _appeal(s.code, age) for s in STRUCTURES]
        found.append(rng.choices([s.code for s in STRUCTURES], shares)[0])
    return found


def _appeal(code: str, age: int) -> float:
    if code != "cardiologie":
        return 1.0
    return 0.02 if age < 16 else 0.5 if age < 50 else 2.5


def draw_status(person: Person, structure: str, rng: Random) -> str:
    """Return the RNIV status of the record: qualified only with an INS."""
    if person.ins and rng.random() < INTAKES[structure].qualified:
        return "QUAL"
    return "VALI" if rng.random() < VALIDATED else "PROV"


def base_row(person: Person, structure: str, status: str, rng: Random) -> Row:
    """Return the record a perfect front desk would write."""
    known_dead = person.death_date is not None and rng.random() < DEATHS_KNOWN
    return Row(
        record_id="",
        source=structure,
        birth_family=written(person.birth_family),
        used_family=written(person.used_family),
        given_names=" ".join(written(name) for name in person.given),
        used_given=written(person.used_given),
        birth_date=person.birth_date.isoformat(),
        sex=person.sex,
        birth_place=person.birth_place,
        ins=person.ins if status == "QUAL" else "",
        ins_oid=TEST_INS_OID if status == "QUAL" else "",
        address=person.address.street,
        postcode=person.address.postcode,
        city=person.address.city,
        phone=person.contact.phone,
        email=person.contact.email,
        status=status,
        death_date=person.death_date.isoformat() if person.death_date and known_dead else "",
    )


def dial(number: str, form: str) -> str:
    """Write ten digits as a structure does."""
    if not number:
        return ""
    if form == "international":
        return f"+33{number[1:]}"
    pairs = [number[place : place + 2] for place in range(0, 10, 2)]
    return {"spaced": " ", "dotted": ".", "plain": ""}[form].join(pairs)
