"""What front desks do to an identity: one function per kind of defect, and how often it happens.

Each defect takes a row as it would be without it and returns the row as it was typed, or nothing
when it cannot apply (no married name, no compound first name). Rates are those of difficulty 1,
among the records it can apply to. Identities retrieved from INSi keep their strict traits.
"""

import calendar
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from names import DIMINUTIVES, TRANSLITERATIONS
from people import Person
from region import written
from spelling import doubled, dropped, neighbour, sounded, transposed


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an identity file, in the order of its columns."""

    record_id: str
    source: str
    birth_family: str
    used_family: str
    given_names: str
    used_given: str
    birth_date: str
    sex: str
    birth_place: str
    ins: str
    ins_oid: str
    address: str
    postcode: str
    city: str
    phone: str
    email: str
    status: str
    death_date: str


Change = Callable[[Row, Person, Random], Row | None]


@dataclass(frozen=True, slots=True)
class Defect:
    """A kind of defect; at most one of each non-empty group strikes a record."""

    label: str
    rate: float
    change: Change
    strict: bool = True
    group: str = ""


PARTICLES = ("DE LA ", "DES ", "DE ", "DU ", "D'", "LE ", "L'", "DA ", "DOS ", "EL ", "BEN ")


def _on_name(row: Row, rng: Random, spell: Callable[[str, Random], str | None]) -> Row | None:
    """Misspell the birth name, or the first given name one time in three."""
    if rng.random() < 0.34:
        first, _, others = row.given_names.partition(" ")
        wrong = spell(first, rng)
        return replace(row, given_names=f"{wrong} {others}".strip()) if wrong else None
    wrong = spell(row.birth_family, rng)
    return replace(row, birth_family=wrong) if wrong else None


def typo_keyboard(row: Row, person: Person, rng: Random) -> Row | None:
    return _on_name(row, rng, neighbour)


def typo_doubled(row: Row, person: Person, rng: Random) -> Row | None:
    return _on_name(row, rng, doubled)


def typo_dropped(row: Row, person: Person, rng: Random) -> Row | None:
    return _on_name(row, rng, dropped)


def typo_transposed(row: Row, person: Person, rng: Random) -> Row | None:
    return _on_name(row, rng, transposed)


def phonetic(row: Row, person: Person, rng: Random) -> Row | None:
    return _on_name(row, rng, sounded)


def truncated(row: Row, person: Person, rng: Random) -> Row | None:
    width = rng.choice((8, 10, 12))
    cut = row.birth_family[:width].rstrip(" -'")
    return replace(row, birth_family=cut) if cut != row.birth_family else None


def accents(row: Row, person: Person, rng: Random) -> Row | None:
    """Write names in lower case with their accents, as some software still does."""
    spelt = {written(name): name for name in (person.birth_family, person.used_family, *person.given)}
    names = [spelt.get(name, name) for name in row.given_names.split(" ")]
    typed = replace(
        row,
        birth_family=spelt.get(row.birth_family, row.birth_family),
        used_family=spelt.get(row.used_family, row.used_family),
        given_names=" ".join(names),
    )
    accented = not (typed.birth_family + typed.used_family + typed.given_names).isascii()
    return typed if accented else None


def hyphen(row: Row, person: Person, rng: Random) -> Row | None:
    """Write hyphens and apostrophes of the birth name as spaces, or forget them."""
    filler = rng.choice((" ", ""))
    changed = row.birth_family.replace("-", filler).replace("'", filler)
    return replace(row, birth_family=changed) if changed != row.birth_family else None


def particle(row: Row, person: Person, rng: Random) -> Row | None:
    """Drop the particle, or glue it to the name."""
    for prefix in PARTICLES:
        if row.birth_family.startswith(prefix):
            bare = row.birth_family.removeprefix(prefix)
            glued = prefix.replace(" ", "").replace("'", "") + bare
            return replace(row, birth_family=rng.choice((bare, glued)))
    return None


def married_as_birth(row: Row, person: Person, rng: Random) -> Row | None:
    """Type the name used in daily life where the birth name goes."""
    if not row.used_family or row.used_family == row.birth_family:
        return None
    return replace(row, birth_family=row.used_family, used_family=rng.choice(("", row.used_family)))


def married_name_absent(row: Row, person: Person, rng: Random) -> Row | None:
    return replace(row, used_family="") if row.used_family else None


def given_partial(row: Row, person: Person, rng: Random) -> Row | None:
    """Keep only the first given name."""
    first, _, others = row.given_names.partition(" ")
    return replace(row, given_names=first, used_given="") if others else None


def given_reordered(row: Row, person: Person, rng: Random) -> Row | None:
    names = row.given_names.split(" ")
    if len(names) < 2:
        return None
    return replace(row, given_names=" ".join([*names[1:], names[0]]))


def used_given_as_birth(row: Row, person: Person, rng: Random) -> Row | None:
    if not row.used_given:
        return None
    return replace(row, given_names=row.used_given, used_given="")


def _first(row: Row) -> tuple[str, str]:
    first, _, others = row.given_names.partition(" ")
    return first, others


def given_split(row: Row, person: Person, rng: Random) -> Row | None:
    first, others = _first(row)
    if "-" not in first:
        return None
    return replace(row, given_names=f"{first.replace('-', ' ')} {others}".strip())


def given_glued(row: Row, person: Person, rng: Random) -> Row | None:
    first, others = _first(row)
    if "-" not in first:
        return None
    return replace(row, given_names=f"{first.replace('-', '')} {others}".strip())


def given_hyphenated(row: Row, person: Person, rng: Random) -> Row | None:
    """Join two given names with a hyphen they do not have."""
    names = row.given_names.split(" ")
    if len(names) < 2 or "-" in names[0] + names[1]:
        return None
    return replace(row, given_names=" ".join([f"{names[0]}-{names[1]}", *names[2:]]))


def given_part_dropped(row: Row, person: Person, rng: Random) -> Row | None:
    first, _ = _first(row)
    return replace(row, given_names=first.split("-")[0]) if "-" in first else None


def diminutive(row: Row, person: Person, rng: Random) -> Row | None:
    first, others = _first(row)
    short = DIMINUTIVES.get(first)
    return replace(row, given_names=f"{short} {others}".strip()) if short else None


def transliteration(row: Row, person: Person, rng: Random) -> Row | None:
    first, others = _first(row)
    changed = row
    if first in TRANSLITERATIONS:
        changed = replace(changed, given_names=f"{rng.choice(TRANSLITERATIONS[first])} {others}".strip())
    if row.birth_family in TRANSLITERATIONS:
        changed = replace(changed, birth_family=rng.choice(TRANSLITERATIONS[row.birth_family]))
    return changed if changed != row else None


def names_swapped(row: Row, person: Person, rng: Random) -> Row | None:
    first, _ = _first(row)
    if first == row.birth_family:
        return None
    return replace(row, birth_family=first, given_names=row.birth_family)


def _dated(row: Row, person: Person, wrong: date) -> Row | None:
    """Keep a wrong date only if it is wrong and not in the future."""
    if wrong == person.birth_date or wrong > person.known_on:
        return None
    return replace(row, birth_date=wrong.isoformat())


def day_month_swapped(row: Row, person: Person, rng: Random) -> Row | None:
    born = person.birth_date
    return _dated(row, person, born.replace(day=born.month, month=born.day)) if born.day <= 12 else None


def wrong_day(row: Row, person: Person, rng: Random) -> Row | None:
    born = person.birth_date
    last = calendar.monthrange(born.year, born.month)[1]
    day = rng.choice((born.day - 1, born.day + 1, born.day + 10, born.day - 10, rng.randint(1, last)))
    return _dated(row, person, born.replace(day=day)) if 1 <= day <= last else None


def wrong_month(row: Row, person: Person, rng: Random) -> Row | None:
    born = person.birth_date
    month = rng.choice((born.month - 1, born.month + 1, rng.randint(1, 12)))
    if not 1 <= month <= 12 or born.day > calendar.monthrange(born.year, month)[1]:
        return None
    return _dated(row, person, born.replace(month=month))


def year_off(row: Row, person: Person, rng: Random) -> Row | None:
    born = person.birth_date
    year = born.year + rng.choice((-1, 1, -1, 1, -10, 10))
    return _dated(row, person, born.replace(year=year, day=min(born.day, 28) if born.month == 2 else born.day))


def presumed_date(row: Row, person: Person, rng: Random) -> Row | None:
    born = person.birth_date
    days = (born.replace(month=1, day=1), born.replace(month=12, day=31), born.replace(day=1))
    return _dated(row, person, rng.choice(days))


def place_missing(row: Row, person: Person, rng: Random) -> Row | None:
    return replace(row, birth_place=rng.choice(("", "99999")))


def sex_missing(row: Row, person: Person, rng: Random) -> Row | None:
    return replace(row, sex=rng.choice(("", "U")))


def sex_wrong(row: Row, person: Person, rng: Random) -> Row | None:
    return replace(row, sex="F" if person.sex == "M" else "M")


def phone_missing(row: Row, person: Person, rng: Random) -> Row | None:
    return replace(row, phone="") if row.phone else None


def email_missing(row: Row, person: Person, rng: Random) -> Row | None:
    return replace(row, email="") if row.email else None


def moved(row: Row, person: Person, rng: Random) -> Row | None:
    """Keep the address the person had before."""
    old = person.previous
    if old == person.address:
        return None
    return replace(row, address=old.street, postcode=old.postcode, city=old.city)


def shared_contact(row: Row, person: Person, rng: Random) -> Row | None:
    """Write the phone and e-mail of the head of the household."""
    head = person.household_contact
    if head == person.contact:
        return None
    return replace(row, phone=head.phone, email=head.email)


DEFECTS = (
    Defect("married_as_birth", 0.10, married_as_birth, group="married"),
    Defect("married_name_absent", 0.25, married_name_absent, strict=False, group="married"),
    Defect("used_given_as_birth", 0.35, used_given_as_birth, group="given"),
    Defect("given_split", 0.20, given_split, group="given"),
    Defect("given_glued", 0.12, given_glued, group="given"),
    Defect("given_part_dropped", 0.18, given_part_dropped, group="given"),
    Defect("given_hyphenated", 0.015, given_hyphenated, group="given"),
    Defect("given_reordered", 0.02, given_reordered, group="given"),
    Defect("given_partial", 0.45, given_partial, group="given"),
    Defect("diminutive", 0.06, diminutive, group="spelling"),
    Defect("transliteration", 0.30, transliteration, group="spelling"),
    Defect("typo_keyboard", 0.02, typo_keyboard, group="spelling"),
    Defect("typo_doubled", 0.012, typo_doubled, group="spelling"),
    Defect("typo_dropped", 0.018, typo_dropped, group="spelling"),
    Defect("typo_transposed", 0.012, typo_transposed, group="spelling"),
    Defect("phonetic", 0.03, phonetic, group="spelling"),
    Defect("truncated", 0.10, truncated, group="spelling"),
    Defect("hyphen", 0.35, hyphen),
    Defect("particle", 0.25, particle),
    Defect("names_swapped", 0.01, names_swapped),
    Defect("accents", 0.08, accents, group="spelling"),
    Defect("day_month_swapped", 0.03, day_month_swapped, group="date"),
    Defect("wrong_day", 0.025, wrong_day, group="date"),
    Defect("wrong_month", 0.012, wrong_month, group="date"),
    Defect("year_off", 0.015, year_off, group="date"),
    Defect("presumed_date", 0.015, presumed_date, group="date"),
    Defect("place_missing", 0.15, place_missing),
    Defect("sex_missing", 0.03, sex_missing, group="sex"),
    Defect("sex_wrong", 0.006, sex_wrong, group="sex"),
    Defect("moved", 0.15, moved, strict=False),
    Defect("shared_contact", 0.06, shared_contact, strict=False, group="contact"),
    Defect("phone_missing", 0.14, phone_missing, strict=False, group="contact"),
    Defect("email_missing", 0.25, email_missing, strict=False),
)


def strike(row: Row, person: Person, rng: Random, difficulty: float) -> tuple[Row, tuple[str, ...]]:
    """Return the row as a front desk typed it, and the labels of what went wrong."""
    # A qualified identity is fetched, so its strict traits are right; a checked one is typed with care.
    care = {"QUAL": 0.0, "VALI": 0.5, "PROV": 1.0}[row.status]
    labels: list[str] = []
    groups: set[str] = set()
    for defect in DEFECTS:
        rate = min(defect.rate * difficulty * (care if defect.strict else 1.0), 0.95)
        if rng.random() >= rate or defect.group in groups:
            continue
        changed = defect.change(row, person, rng)
        if changed is None or changed == row:
            continue
        row = changed
        labels.append(defect.label)
        if defect.group:
            groups.add(defect.group)
    return row, tuple(labels)
