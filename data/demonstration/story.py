"""The few hand-made persons the README walks through, always present, whatever the seed."""

from dataclasses import dataclass, replace
from datetime import date
from random import Random

from defects import Row
from people import Address, Contact, Person, nir_key
from records import Record, base_row, dial
from region import INTAKES, TEST_INS_OID, Places


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of a story person: where, under which number and status, and what is odd in it."""

    structure: str
    record_id: str
    status: str
    cases: tuple[str, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Character:
    """A story person and the records kept of them."""

    person: Person
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A situation of the walk-through."""

    title: str
    teaching: str
    characters: tuple[Character, ...]


def _matricule(stem: str) -> str:
    return stem + nir_key(stem)


JEANNE = Person(
    person_id="S01",
    household_id="HS1",
    sex="F",
    birth_family="Durand",
    used_family="Morel",
    given=("Jeanne", "Marie", "Louise"),
    used_given="",
    birth_date=date(1946, 3, 14),
    birth_place="58194",
    ins=_matricule("2460358194991"),
    address=Address("12 rue des Tilleuls", "58300", "Decize"),
    previous=Address("12 rue des Tilleuls", "58300", "Decize"),
    contact=Contact("0639989901", "jeanne.morel@example.org"),
    household_contact=Contact("0639989901", "jeanne.morel@example.org"),
    death_date=None,
    known_on=date(2026, 11, 1),
    cases=(),
)
SANDRINE = replace(
    JEANNE,
    person_id="S02",
    household_id="HS2",
    birth_family="Leroy",
    used_family="Girard",
    given=("Sandrine", "Isabelle"),
    birth_date=date(1971, 5, 12),
    birth_place="18033",
    ins=_matricule("2710518033992"),
    address=Address("7 rue du Lavoir", "58600", "Fourchambault"),
    previous=Address("31 avenue de la Gare", "58600", "Fourchambault"),
    contact=Contact("0639989902", "sandrine.girard@example.net"),
    household_contact=Contact("0639989902", "sandrine.girard@example.net"),
)
_ROUSSEAU = Contact("0639989903", "famille.rousseau@example.org")
EMMA = replace(
    JEANNE,
    person_id="S03",
    household_id="HS3",
    birth_family="Rousseau",
    used_family="",
    given=("Emma", "Rose"),
    birth_date=date(2012, 9, 3),
    birth_place="58194",
    ins=_matricule("2120958194993"),
    address=Address("4 impasse des Acacias", "58300", "Decize"),
    previous=Address("4 impasse des Acacias", "58300", "Decize"),
    contact=_ROUSSEAU,
    household_contact=_ROUSSEAU,
    cases=("twin",),
)
ELSA = replace(EMMA, person_id="S04", given=("Elsa", "Rose"), ins=_matricule("2120958194994"))
_BERNARD = Contact("0353019904", "")
MICHEL = replace(
    JEANNE,
    person_id="S05",
    household_id="HS4",
    sex="M",
    birth_family="Bernard",
    used_family="",
    given=("Michel", "André"),
    birth_date=date(1955, 2, 8),
    birth_place="58134",
    ins=_matricule("1550258134995"),
    address=Address("23 chemin des Vignes", "58160", "Imphy"),
    previous=Address("23 chemin des Vignes", "58160", "Imphy"),
    contact=_BERNARD,
    household_contact=_BERNARD,
    cases=("father_son",),
)
MICHEL_SON = replace(
    MICHEL,
    person_id="S06",
    given=("Michel",),
    birth_date=date(1982, 8, 2),
    birth_place="58194",
    ins=_matricule("1820858194996"),
)

STORY = {
    "jeanne": Chapter(
        "Mme Jeanne MOREL née DURAND",
        "La même personne, connue de deux structures, avec une adresse électronique et un mobile.",
        (
            Character(
                JEANNE,
                (
                    Entry("tilleuls", "T-000101", "VALI", ("given_partial",), (("given_names", "JEANNE"),)),
                    Entry("hopital", "800000102", "QUAL"),
                ),
            ),
        ),
    ),
    "compare": Chapter(
        "Mme Sandrine GIRARD née LEROY",
        "Deux fiches à comparer par un agent : nom d'usage saisi comme nom de naissance, jour décalé.",
        (
            Character(
                SANDRINE,
                (
                    Entry("hopital", "800000203", "VALI"),
                    Entry(
                        "imagerie",
                        "IMG0000204",
                        "PROV",
                        (
                            "married_as_birth",
                            "given_partial",
                            "wrong_day",
                            "place_missing",
                            "moved",
                            "phone_missing",
                            "email_missing",
                        ),
                        (
                            ("birth_family", "GIRARD"),
                            ("used_family", ""),
                            ("given_names", "SANDRINE"),
                            ("birth_date", "1971-05-13"),
                            ("birth_place", "99999"),
                            ("address", "31 avenue de la Gare"),
                            ("phone", ""),
                            ("email", ""),
                        ),
                    ),
                ),
            ),
        ),
    ),
    "twins": Chapter(
        "Emma et Elsa ROUSSEAU",
        "Des jumelles : même nom, même jour, même lieu, même téléphone, deux personnes.",
        (
            Character(
                EMMA,
                (
                    Entry("tilleuls", "T-000301", "VALI", ("shared_contact",)),
                    Entry("hopital", "800000302", "QUAL", ("shared_contact",)),
                ),
            ),
            Character(
                ELSA,
                (
                    Entry("tilleuls", "T-000303", "VALI", ("shared_contact",)),
                    Entry("hopital", "800000304", "QUAL", ("shared_contact",)),
                ),
            ),
        ),
    ),
    "father_son": Chapter(
        "Michel BERNARD, le père et le fils",
        "Deux homonymes sous le même toit ; le jour et le mois de l'un sont l'inverse de ceux de l'autre.",
        (
            Character(
                MICHEL,
                (Entry("cabinet-moulin", "00401", "VALI"), Entry("hopital", "800000402", "QUAL")),
            ),
            Character(
                MICHEL_SON,
                (
                    Entry("cabinet-moulin", "00403", "VALI", ("shared_contact",)),
                    Entry(
                        "laboratoire",
                        "L00000404",
                        "PROV",
                        ("place_missing", "shared_contact"),
                        (("birth_place", ""),),
                    ),
                ),
            ),
        ),
    ),
}


def story_records() -> list[Record]:
    """Return the records of the story, ids included."""
    return [
        Record(
            _row(character.person, entry),
            character.person.person_id,
            character.person.household_id,
            (*character.person.cases, *entry.cases),
        )
        for chapter in STORY.values()
        for character in chapter.characters
        for entry in character.entries
    ]


def story_persons() -> int:
    """Count the persons of the story."""
    return sum(len(chapter.characters) for chapter in STORY.values())


def story_json(places: Places) -> dict[str, object]:
    """Return what story.json says, one key per chapter."""
    return {
        key: {
            "title": chapter.title,
            "teaching": chapter.teaching,
            "persons": [_character_json(character, places) for character in chapter.characters],
        }
        for key, chapter in STORY.items()
    }


def _row(person: Person, entry: Entry) -> Row:
    row = base_row(person, entry.structure, entry.status, Random(0))
    row = replace(row, record_id=entry.record_id, **dict(entry.changes))
    return replace(row, phone=dial(row.phone, INTAKES[entry.structure].phone_form))


def _character_json(character: Character, places: Places) -> dict[str, object]:
    person = character.person
    clean = base_row(person, character.entries[0].structure, "VALI", Random(0))
    return {
        "person_id": person.person_id,
        "household_id": person.household_id,
        "birth_family": clean.birth_family,
        "used_family": clean.used_family,
        "given_names": clean.given_names,
        "birth_date": clean.birth_date,
        "sex": clean.sex,
        "birth_place": clean.birth_place,
        "birth_place_name": places.communes[clean.birth_place][0],
        "ins": person.ins,
        "ins_oid": TEST_INS_OID,
        "address": clean.address,
        "postcode": clean.postcode,
        "city": clean.city,
        "phone": clean.phone,
        "email": clean.email,
        "records": [
            {"structure": entry.structure, "record_id": entry.record_id, "status": entry.status}
            for entry in character.entries
        ],
    }
