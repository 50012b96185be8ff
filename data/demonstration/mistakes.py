"""Every kind of defect of an evaluation file with its rate, and how a record gets its share of them.

A rate is that of difficulty 1 among the records it can apply to, for an average structure in an
average moment. What a record gets is the rate, times the difficulty, times the carelessness of its
structure in this group of defects, times that of the moment: defects come in clusters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random

import name_mistakes as names
from fact_mistakes import Facts
from geography import REGIONS, Geography
from population import Person, Population
from sources import Source
from writing import Entry, clean_row, finish

Mistake = Callable[[Entry, Random], bool]
MOST = 0.9
# One record in twelve is typed in a hurry.
HURRY = 0.08
HURRIED = 4.0
CALM = 0.72
# A clerk who makes a second record of somebody did not find the first: it differs more.
TWICE = 1.8
# How many of the defects concern newborns: they strike before the habits of the structure.
NEWBORN = 2
# Persons with a second record in the last of their structures.
DOUBLES = 0.055
# Parts of a record that a defect spoils.
GIVEN = "given first given_spelling"
FAMILY = "married surname surname_spelling"
# Cases of persons, which no clerk makes.
PERSON_CASES = (
    "twin", "triplet", "twin_close_names", "close_siblings", "father_son", "mother_daughter", "grandparent",
    "remarried_family", "homonym", "homonym_street", "presumed_birth",
)  # fmt: skip
HABITS = (
    "accent_broken",
    "ins_missing",
    "phone_missing",
    "email_missing",
    "address_missing",
    "shared_contact",
    "same_source",
)


@dataclass(frozen=True, slots=True)
class Defect:
    """A kind of defect. `parts` are the parts of a record it spoils; no part is spoiled twice."""

    label: str
    rate: float
    group: str
    mistake: Mistake
    parts: tuple[str, ...] = ()


def _defect(label: str, rate: float, group: str, mistake: Mistake, parts: str = "") -> Defect:
    return Defect(label, rate, group, mistake, tuple(parts.split()))


def defects(facts: Facts) -> tuple[Defect, ...]:
    """Return every kind of defect, in the order in which they strike."""
    return (
        _defect("newborn_no_name", 0.10, "given", names.newborn_no_name, f"{GIVEN} whole"),
        _defect("newborn_mother_name", 0.10, "married", names.newborn_mother_name, f"{GIVEN} {FAMILY} whole"),
        _defect("name_placeholder", 0.0006, "typing", names.name_placeholder, f"{GIVEN} {FAMILY} whole"),
        _defect("birth_family_missing", 0.018, "married", names.birth_family_missing, f"{FAMILY} whole"),
        _defect("divorced_name", 0.12, "married", names.divorced_name, "married"),
        _defect("used_as_birth", 0.045, "married", names.used_as_birth, "married"),
        _defect("double_barrelled", 0.03, "married", names.double_barrelled, "married"),
        _defect("nee_in_name", 0.008, "married", names.nee_in_name, "married"),
        _defect("used_missing", 0.09, "married", names.used_missing, "married"),
        _defect("used_given_only", 0.25, "given", names.used_given_only, "given"),
        _defect("compound_first", 0.08, "given", names.compound_first, "first"),
        _defect("compound_joint", 0.12, "given", names.compound_joint, "first"),
        _defect("nickname", 0.012, "given", names.nickname, "first"),
        _defect("abbrev", 0.025, "given", names.abbrev, "first"),
        _defect("transliteration", 0.12, "spelling", names.transliteration, "first"),
        _defect("second_given", 0.05, "given", names.second_given, "given"),
        _defect("second_only", 0.006, "given", names.second_only, "given"),
        _defect("given_reordered", 0.012, "given", names.given_reordered, "given"),
        _defect("given_hyphenated", 0.012, "given", names.given_hyphenated, "given"),
        _defect("given_typo", 0.016, "typing", names.given_typo, "given_spelling"),
        _defect("given_ocr", 0.002, "typing", names.given_ocr, "given_spelling"),
        _defect("given_phon", 0.011, "spelling", names.given_phon, "given_spelling"),
        _defect("given_truncated", 0.0015, "spelling", names.given_truncated, "given_spelling"),
        _defect("abbrev", 0.15, "spelling", names.surname_saint, "surname"),
        _defect("particle", 0.12, "spelling", names.particle, "surname"),
        _defect("hyphen", 0.15, "spelling", names.hyphen, "surname"),
        _defect("surname_half", 0.03, "spelling", names.surname_half, "surname"),
        _defect("surname_typo", 0.022, "typing", names.surname_typo, "surname_spelling"),
        _defect("surname_ocr", 0.003, "typing", names.surname_ocr, "surname_spelling"),
        _defect("surname_phon", 0.013, "spelling", names.surname_phon, "surname_spelling"),
        _defect("truncated", 0.004, "spelling", names.truncated, "surname_spelling"),
        _defect("used_typo", 0.012, "typing", names.used_typo),
        _defect("civility", 0.0015, "spelling", names.civility, "whole"),
        _defect("names_merged", 0.0012, "typing", names.names_merged, "whole"),
        _defect("swap_names", 0.006, "typing", names.swap_names, "whole"),
        _defect("dob_convention", 0.15, "date", facts.presumed_convention, "date"),
        _defect("swap_dm", 0.009, "date", facts.swap_dm, "date"),
        _defect("day_typo", 0.010, "date", facts.day_typo, "date"),
        _defect("month_typo", 0.005, "date", facts.month_typo, "date"),
        _defect("year_off1", 0.005, "date", facts.year_off1, "date"),
        _defect("year_off10", 0.003, "date", facts.year_off10, "date"),
        _defect("year_century", 0.001, "date", facts.year_century, "date"),
        _defect("year_digits", 0.002, "date", facts.year_digits, "date"),
        _defect("dob_convention", 0.006, "date", facts.dob_convention, "date"),
        _defect("dob_placeholder", 0.002, "date", facts.dob_placeholder, "date"),
        _defect("dob_missing", 0.001, "date", facts.dob_missing, "date"),
        _defect("sex_flip", 0.004, "sex", facts.sex_flip, "sex"),
        _defect("sex_unknown", 0.005, "sex", facts.sex_unknown, "sex"),
        _defect("place_residence", 0.009, "place", facts.place_residence, "place"),
        _defect("place_old", 0.05, "place", facts.place_old, "place"),
        _defect("place_neighbour", 0.003, "place", facts.place_neighbour, "place"),
        _defect("place_postcode", 0.003, "place", facts.place_postcode, "place"),
        _defect("place_typo", 0.003, "place", facts.place_typo, "place"),
        _defect("nir_parent", 0.012, "ins", facts.nir_parent, "ins"),
        _defect("nir_twin", 0.04, "ins", facts.nir_twin, "ins"),
        _defect("nir_spouse", 0.001, "ins", facts.nir_spouse, "ins"),
        _defect("nir_nia", 0.025, "ins", facts.nir_nia, "ins"),
        _defect("nir_typo", 0.004, "ins", facts.nir_typo, "ins"),
        _defect("moved", 0.11, "address", facts.moved),
        _defect("new_phone", 0.14, "contact", facts.new_phone, "phone"),
        _defect("household_phone", 0.13, "contact", facts.household_phone, "phone"),
        _defect("shared_contact", 0.05, "contact", facts.spouse_contact, "phone"),
        _defect("phone_typo", 0.006, "contact", facts.phone_typo, "phone"),
        _defect("phone_placeholder", 0.003, "contact", facts.phone_placeholder, "phone"),
        _defect("email_typo", 0.006, "contact", facts.email_typo, "email"),
        _defect("practice_email", 0.004, "contact", facts.practice_email, "email"),
        _defect("street_abbrev", 0.10, "address", facts.street_abbrev),
        _defect("street_typo", 0.02, "address", facts.street_typo),
        _defect("city_form", 0.02, "address", facts.city_form),
    )


def labels() -> list[str]:
    """Return every label of a truth file."""
    today = date(2026, 11, 1)
    geography = Geography(REGIONS[0])
    facts = Facts(geography, Population(Random(0), geography, today), today)
    return list(
        dict.fromkeys([*(defect.label for defect in defects(facts)), "place_missing", *HABITS, *PERSON_CASES])
    )


class Clerks:
    """Write the records of persons as the clerks of each structure do."""

    def __init__(self, facts: Facts, difficulty: float, rng: Random) -> None:
        self.facts = facts
        self.difficulty = difficulty
        self.rng = rng
        self.defects = defects(facts)
        self.rates: dict[str, list[tuple[float, Defect]]] = {}

    def write(self, person: Person, source: Source, age: int, again: bool = False) -> Entry:
        """Return what a structure writes of a person."""
        rng = self.rng
        entry = Entry(clean_row(person, source), person, source, age, list(person.cases))
        if again:
            entry.labels.append("same_source")
        self._lend_contacts(entry)
        self._leave_out(entry)
        moment = HURRIED if rng.random() < HURRY else CALM
        if again:
            moment *= TWICE
        for rate, defect in self._rates_of(source):
            # A habit, at the head of the list, has the rate 1 or more: the moment does not change it.
            if rng.random() < (rate if rate >= MOST else rate * moment):
                self._strike(entry, defect)
        if source.width and names.cut(entry, source.width):
            entry.labels.append("truncated")
        finish(entry, rng)
        return entry

    def _strike(self, entry: Entry, defect: Defect) -> None:
        if any(part in entry.spoiled for part in defect.parts) or not defect.mistake(entry, self.rng):
            return
        entry.labels.append(defect.label)
        entry.spoiled.update(defect.parts)

    def _rates_of(self, source: Source) -> list[tuple[float, Defect]]:
        """Return what a structure gets wrong: newborns first, then its habits, then the rest."""
        rates = self.rates.get(source.code)
        if rates is None:
            chances = [
                (min(defect.rate * self.difficulty * source.factors[defect.group], 0.6), defect)
                for defect in self.defects
            ]
            rates = [*chances[:NEWBORN], *((MOST, habit) for habit in self._habits(source)), *chances[NEWBORN:]]
            self.rates[source.code] = rates
        return rates

    def _habits(self, source: Source) -> list[Defect]:
        """Return what a structure does nearly every time."""
        habits = (
            (source.given == "first", _defect("second_given", MOST, "given", names.second_given, "given")),
            (source.married_as_birth, _defect("used_as_birth", MOST, "married", names.used_as_birth, "married")),
            (source.drops_particle, _defect("particle", MOST, "spelling", names.particle, "surname")),
            (source.spaces_hyphens, _defect("hyphen", MOST, "spelling", names.hyphen, "surname")),
            (source.abbreviates, _defect("abbrev", MOST, "given", names.abbrev, "first")),
            (source.whole_city, _defect("place_old", MOST, "place", self.facts.whole_city, "place")),
        )
        return [habit for followed, habit in habits if followed]

    def _lend_contacts(self, entry: Entry) -> None:
        """Give a child the mobile and the mailbox of a parent."""
        row, parent = entry.row, entry.person.parent
        if parent is None or entry.age >= 16:
            return
        row.phone = parent.mobile or row.phone
        row.email = parent.email

    def _leave_out(self, entry: Entry) -> None:
        """Leave out what the structure does not ask for. Leaving out grows slower than the difficulty."""
        source, rng, labels, row = entry.source, self.rng, entry.labels, entry.row
        more = self.difficulty**0.5
        if rng.random() < (1 - source.place_share) * more:
            row.birth_place = "" if rng.random() < 0.85 else "99999"
            labels.append("place_missing")
            entry.spoiled.add("place")
        if row.ins and rng.random() < (1 - source.ins_share) * more:
            row.ins = ""
            labels.append("ins_missing")
        if row.phone and rng.random() < (1 - source.phone_share) * more:
            row.phone = ""
            labels.append("phone_missing")
        if row.email and rng.random() < (1 - source.email_share) * more:
            row.email = ""
            labels.append("email_missing")
        if rng.random() < (1 - source.address_share) * more:
            row.address = row.postcode = row.city = ""
            labels.append("address_missing")
        if entry.age < 16 and entry.person.parent is not None and (row.phone or row.email):
            labels.append("shared_contact")
