"""What goes wrong with names: married names, parts of names, spelling, other alphabets.

Each function changes the row of an entry and says whether it could.
"""

from collections.abc import Callable
from random import Random

from defects import PARTICLES
from region import written
from spelling import heard, misread, mistyped
from variants import DIMINUTIVES, SPELLINGS, SURNAME_PARTS, abbreviated
from writing import Entry

Spell = Callable[[str, Random], str | None]
FOREIGN_SURNAMES = frozenset(
    [
        "maghreb",
        "turkish",
        "vietnamese",
        "westafrican",
        "centralafrican",
        "malagasy",
        "comorian",
        "srilankan",
        "eastern",
        "polish",
    ]
)
NEWBORN_NAMES = ("SANS PRENOM", "BEBE", "PRENOM INCONNU", "ENFANT", "NOUVEAU-NE", "X")


def used_as_birth(entry: Entry, rng: Random) -> bool:
    """Type the married name where the birth name goes."""
    row, used = entry.row, entry.person.used_family
    if not used or used == row.birth_family:
        return False
    row.birth_family, row.used_family = used, rng.choice(("", used))
    return True


def double_barrelled(entry: Entry, rng: Random) -> bool:
    """Type both names of a married woman as her birth name."""
    row, person = entry.row, entry.person
    used = person.used_family
    if not used or used == row.birth_family or person.family in used:
        return False
    names = (person.family, used) if rng.random() < 0.6 else (used, person.family)
    row.birth_family = rng.choice("- ").join(names)
    return True


def divorced_name(entry: Entry, rng: Random) -> bool:
    """Keep the name of a former couple, sometimes as the birth name."""
    row, former = entry.row, entry.person.former_used
    if not former or former in (row.birth_family, row.used_family):
        return False
    row.used_family = former
    if rng.random() < 0.35:
        row.birth_family = former
    return True


def used_missing(entry: Entry, rng: Random) -> bool:
    """Forget the married name."""
    if not entry.person.used_family or entry.row.birth_family != entry.person.family:
        return False
    entry.row.used_family = ""
    return True


def birth_family_missing(entry: Entry, rng: Random) -> bool:
    """Know somebody by the name of daily life only."""
    row = entry.row
    row.used_family, row.birth_family = row.used_family or row.birth_family, ""
    return True


def nee_in_name(entry: Entry, rng: Random) -> bool:
    """Type both names and how they go together in one field."""
    row, person = entry.row, entry.person
    used = person.used_family
    if not used or row.birth_family != person.family or person.family in used:
        return False
    family = row.birth_family
    row.birth_family = rng.choice(
        (f"{used} NEE {family}", f"{family} EP {used}", f"{family} EPOUSE {used}", f"{family} VVE {used}")
    )
    return True


def civility(entry: Entry, rng: Random) -> bool:
    """Type MME or M. before the name."""
    if not entry.row.birth_family:
        return False
    entry.row.birth_family = (
        f"{'M.' if entry.person.sex == 'M' else rng.choice(('MME', 'MLLE'))} {entry.row.birth_family}"
    )
    return True


def particle(entry: Entry, rng: Random) -> bool:
    """Drop the particle, glue it or put it behind."""
    row = entry.row
    for prefix in PARTICLES:
        if row.birth_family.startswith(prefix) and len(row.birth_family) > len(prefix) + 2:
            bare = row.birth_family.removeprefix(prefix)
            glued = prefix.replace(" ", "").replace("'", "") + bare
            row.birth_family = rng.choice((bare, bare, glued, f"{bare} {prefix.strip()}"))
            return True
    return False


def hyphen(entry: Entry, rng: Random) -> bool:
    """Write hyphens and apostrophes of the surname as spaces, forget them, or a hyphen for a space."""
    row = entry.row
    filler = rng.choice((" ", " ", ""))
    changed = row.birth_family.replace("-", filler).replace("'", filler).strip()
    if changed == row.birth_family:
        changed = row.birth_family.replace(" ", rng.choice(("-", "")))
    if changed == row.birth_family:
        return False
    row.birth_family = changed
    return True


def surname_half(entry: Entry, rng: Random) -> bool:
    """Keep one of two names."""
    parts = entry.row.birth_family.replace("-", " ").split(" ")
    if len(parts) != 2 or min(len(part) for part in parts) < 4:
        return False
    entry.row.birth_family = rng.choice(parts)
    return True


def _misspell_family(entry: Entry, rng: Random, spell: Spell) -> bool:
    row = entry.row
    wrong = spell(row.birth_family, rng) if row.birth_family else None
    if not wrong or wrong == row.birth_family:
        return False
    if row.used_family == row.birth_family:
        row.used_family = wrong
    row.birth_family = wrong
    return True


def surname_typo(entry: Entry, rng: Random) -> bool:
    return _misspell_family(entry, rng, mistyped)


def surname_ocr(entry: Entry, rng: Random) -> bool:
    return _misspell_family(entry, rng, misread)


def surname_phon(entry: Entry, rng: Random) -> bool:
    return _misspell_family(entry, rng, heard)


def used_typo(entry: Entry, rng: Random) -> bool:
    """Misspell the married name."""
    row = entry.row
    if not row.used_family or row.used_family == row.birth_family:
        return False
    wrong = mistyped(row.used_family, rng)
    if not wrong:
        return False
    row.used_family = wrong
    return True


def truncated(entry: Entry, rng: Random) -> bool:
    """Cut the surname where a screen or a label ends."""
    return cut(entry, rng.choice((8, 8, 10, 10, 12, 15, 18, 20)))


def cut(entry: Entry, width: int) -> bool:
    """Cut the surnames at a width."""
    row = entry.row
    before = row.birth_family, row.used_family
    row.birth_family = row.birth_family[:width].rstrip(" -'")
    row.used_family = row.used_family[:width].rstrip(" -'")
    return before != (row.birth_family, row.used_family)


def surname_saint(entry: Entry, rng: Random) -> bool:
    """Write ST for SAINT."""
    row = entry.row
    if not row.birth_family.startswith(("SAINT", "SAINTE")) or len(row.birth_family) < 9:
        return False
    short = "STE" if row.birth_family.startswith("SAINTE") else "ST"
    row.birth_family = (
        short + rng.choice("- ") + row.birth_family.removeprefix("SAINTE").removeprefix("SAINT").lstrip(" -")
    )
    return True


def name_placeholder(entry: Entry, rng: Random) -> bool:
    """Type anything where a name is asked for."""
    if rng.random() < 0.6:
        entry.row.birth_family = rng.choice(("SANS NOM", "INCONNU", "X", "NON RENSEIGNE", "ANONYME"))
    else:
        entry.row.given_names = rng.choice(("SANS PRENOM", "INCONNU", "X", "NON RENSEIGNE"))
    return True


def swap_names(entry: Entry, rng: Random) -> bool:
    """Type the given name as the surname and the reverse."""
    row = entry.row
    first = _first(entry)
    if not row.birth_family or first == row.birth_family or not first:
        return False
    row.birth_family, row.given_names = first if rng.random() < 0.7 else row.given_names, row.birth_family
    return True


def names_merged(entry: Entry, rng: Random) -> bool:
    """Type the first given name behind the surname, in one field."""
    row = entry.row
    first, _, _ = row.given_names.partition(" ")
    if not row.birth_family:
        return False
    row.birth_family = f"{row.birth_family} {first}"
    return True


def _given(entry: Entry, first: str | None) -> bool:
    """Replace the first given name, and the used one that repeats it."""
    row = entry.row
    old, _, others = row.given_names.partition(" ")
    if not first or first == old:
        return False
    if row.used_given == old:
        row.used_given = first
    row.given_names = f"{first} {others}" if others else first
    return True


def _first(entry: Entry) -> str:
    return entry.row.given_names.partition(" ")[0]


def second_given(entry: Entry, rng: Random) -> bool:
    """Keep the first given name only."""
    first, _, others = entry.row.given_names.partition(" ")
    if not others:
        return False
    entry.row.given_names = first
    return True


def second_only(entry: Entry, rng: Random) -> bool:
    """Forget the first given name, not the others."""
    first, _, others = entry.row.given_names.partition(" ")
    if not others:
        return False
    entry.row.given_names = others
    if entry.row.used_given == first:
        entry.row.used_given = ""
    return True


def given_reordered(entry: Entry, rng: Random) -> bool:
    names = entry.row.given_names.split(" ")
    if len(names) < 2:
        return False
    entry.row.given_names = " ".join([*names[1:], names[0]])
    return True


def used_given_only(entry: Entry, rng: Random) -> bool:
    """Know somebody by the given name of daily life only."""
    row, used = entry.row, entry.person.used_given
    if not used or row.given_names == used:
        return False
    row.given_names = used
    return True


def compound_first(entry: Entry, rng: Random) -> bool:
    """Halve a compound given name."""
    one, hyphen, other = _first(entry).partition("-")
    return bool(hyphen) and _given(entry, one if rng.random() < 0.8 else other)


def compound_joint(entry: Entry, rng: Random) -> bool:
    """Write a compound given name in two words or in one."""
    first = _first(entry)
    return "-" in first and _given(entry, first.replace("-", rng.choice((" ", " ", ""))))


def given_hyphenated(entry: Entry, rng: Random) -> bool:
    """Join two given names with a hyphen they do not have."""
    names = entry.row.given_names.split(" ")
    if len(names) < 2 or "-" in names[0] + names[1]:
        return False
    entry.row.given_names = " ".join([f"{names[0]}-{names[1]}", *names[2:]])
    return True


def nickname(entry: Entry, rng: Random) -> bool:
    shorts = DIMINUTIVES.get(written(_first(entry)))
    return shorts is not None and _given(entry, rng.choice(shorts))


def abbrev(entry: Entry, rng: Random) -> bool:
    return _given(entry, abbreviated(_first(entry)))


def transliteration(entry: Entry, rng: Random) -> bool:
    """Write a name of another alphabet another way."""
    found = False
    others = SPELLINGS.get(written(_first(entry)))
    if others is not None and rng.random() < 0.7:
        found = _given(entry, rng.choice(others))
    row = entry.row
    if entry.person.origin in FOREIGN_SURNAMES and row.birth_family and (not found or rng.random() < 0.3):
        parts = [(part, spellings) for part, spellings in SURNAME_PARTS if part in row.birth_family]
        if parts:
            part, spellings = rng.choice(parts)
            wrong = row.birth_family.replace(part, rng.choice(spellings), 1).strip()
            if len(wrong) > 2 and wrong != row.birth_family:
                row.birth_family = wrong
                found = True
    return found


def given_typo(entry: Entry, rng: Random) -> bool:
    return _given(entry, mistyped(_first(entry), rng))


def given_ocr(entry: Entry, rng: Random) -> bool:
    return _given(entry, misread(_first(entry), rng))


def given_phon(entry: Entry, rng: Random) -> bool:
    return _given(entry, heard(_first(entry), rng))


def given_truncated(entry: Entry, rng: Random) -> bool:
    """Cut the given names where a screen ends."""
    row = entry.row
    shorter = row.given_names[: rng.choice((6, 8, 10, 12))].rstrip(" -'")
    if shorter == row.given_names:
        return False
    row.given_names = shorter
    return True


def newborn_no_name(entry: Entry, rng: Random) -> bool:
    """Admit a newborn before anybody declared a given name."""
    if entry.age > 1 or entry.source.kind not in ("HOP", "CLI", "LAB"):
        return False
    row = entry.row
    row.given_names, row.used_given, row.ins = rng.choice(NEWBORN_NAMES), "", ""
    return True


def newborn_mother_name(entry: Entry, rng: Random) -> bool:
    """Admit a newborn under the mother's name."""
    person = entry.person
    mother = person.mother
    if entry.age > 1 or mother is None or entry.source.kind not in ("HOP", "CLI", "LAB"):
        return False
    name = mother.used_family or mother.family if rng.random() < 0.3 else mother.family
    if name == person.family:
        return False
    row = entry.row
    row.birth_family, row.used_family, row.ins = name, "", ""
    if rng.random() < 0.4:
        row.given_names = f"{'FILS' if person.sex == 'M' else 'FILLE'} DE {mother.given[0]}"
        row.used_given = ""
    return True
