"""How two records agree, trait by trait: each comparison gives one level out of a closed list.

Fellegi and Sunter, "A Theory for Record Linkage", JASA 1969; French rules of names from RNIV 1 (birth and used name,
given names in any order) and fictitious dates (EXI ID 11). Levels carry no weight: weights belong to the model.
Every comparison is symmetric.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from rapidfuzz.distance import OSA, JaroWinkler

from identity.comparable import Comparable, Surname
from identity.phonetics import sounds_alike
from identity.traits import BirthDate, Sex

LEVELS: dict[str, tuple[str, ...]] = {
    "surname": (
        "exact",
        "particle",
        "used",
        "compound",
        "swapped",
        "phonetic",
        "typo",
        "truncated",
        "similar",
        "different",
        "missing",
    ),
    "given": (
        "full",
        "exact",
        "others_differ",
        "listed",
        "compound",
        "initial",
        "swapped",
        "phonetic",
        "typo",
        "short",
        "similar",
        "different",
        "missing",
    ),
    "birth_date": (
        "exact",
        "exact_fictitious",
        "swapped",
        "day",
        "month",
        "year",
        "presumed",
        "different",
        "missing",
    ),
    "sex": ("same", "different", "missing"),
    "birth_place": ("same", "in_ins", "department", "different", "missing"),
    "ins": ("same", "same_incoherent", "near", "different_incoherent", "different", "missing"),
    "address": ("same", "postcode", "department", "different", "missing"),
    "phone": ("same", "different", "missing"),
    "email": ("same", "different", "missing"),
    "death": ("same", "different", "missing"),
}
"""Every trait compared and its levels. A model must weigh all of them."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The level found for one trait; `values` are the two match keys when their frequency or rarity matters."""

    trait: str
    level: str
    values: tuple[str, str] | None = None


def compare(a: Comparable, b: Comparable) -> tuple[Observation, ...]:
    """Compare two records on every trait, in the order of `LEVELS`."""
    swapped = _is_swapped(a, b)
    return (
        Observation("surname", "swapped", _pair(a.given_heads[0], b.given_heads[0])) if swapped else _surname(a, b),
        Observation("given", "swapped", _pair(a.given_heads[0], b.given_heads[0])) if swapped else _given(a, b),
        Observation("birth_date", _birth_date(a, b)),
        Observation("sex", _equality(a.sex, b.sex, unknown=Sex.UNKNOWN)),
        _birth_place(a, b),
        Observation("ins", _ins(a, b)),
        _address(a, b),
        Observation("phone", _equality(a.phone, b.phone)),
        Observation("email", _equality(a.email, b.email)),
        Observation("death", _equality(a.death_date, b.death_date)),
    )


def _pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)


def _equality(a: object, b: object, *, unknown: object = None) -> str:
    if a in (None, unknown) or b in (None, unknown):
        return "missing"
    return "same" if a == b else "different"


def _is_typo(first: str, second: str) -> bool:
    """Tell one slip of the keyboard in a short name, or two in a long one."""
    shortest = min(len(first), len(second))
    allowed = 2 if shortest >= 8 else 1 if shortest >= 4 else 0
    return allowed > 0 and OSA.distance(first, second, score_cutoff=allowed) <= allowed


def _is_swapped(a: Comparable, b: Comparable) -> bool:
    """Tell that one record has its family name in the place of the given name, and the reverse."""
    if not (a.given_heads and b.given_heads and a.surnames and b.surnames):
        return False
    family_a, family_b = {name.compact for name in a.surnames}, {name.compact for name in b.surnames}
    given_a, given_b = ({name.replace(" ", "") for name in side.given_heads} for side in (a, b))
    if family_a & family_b or given_a & given_b:
        return False
    first, second = family_a & given_b, family_b & given_a
    if first and second:
        return True
    return (bool(first) and _any_typo(family_b, given_a)) or (bool(second) and _any_typo(family_a, given_b))


def _any_typo(first: Iterable[str], second: Iterable[str]) -> bool:
    return any(_is_typo(one, other) for one, other in product(first, second))


def _surname(a: Comparable, b: Comparable) -> Observation:
    if not a.surnames or not b.surnames:
        return Observation("surname", "missing")
    if a.birth and b.birth:
        if a.birth.key == b.birth.key:
            return Observation("surname", "exact", (a.birth.key, b.birth.key))
        if a.birth.core == b.birth.core or a.birth.compact == b.birth.compact:
            return Observation("surname", "particle", _pair(a.birth.key, b.birth.key))
    best = "different"
    values: tuple[str, str] | None = None
    for one, other in product(a.surnames, b.surnames):
        level = _surname_pair(one, other)
        if LEVELS["surname"].index(level) < LEVELS["surname"].index(best) or values is None:
            best, values = level, _pair(one.key, other.key)
        elif level == best:
            # The same level from two pairs: keep one whatever the order of the records.
            values = min(values, _pair(one.key, other.key))
    return Observation("surname", best, values)


def _surname_pair(one: Surname, other: Surname) -> str:
    """Compare two family names of unlike roles (or that differ in writing)."""
    if one.core == other.core or one.compact == other.compact:
        return "used"
    if one.parts & other.parts and (len(one.parts) > 1 or len(other.parts) > 1):
        return "compound"
    if sounds_alike(one.core, other.core):
        return "phonetic"
    if _is_typo(one.compact, other.compact):
        return "typo"
    short, long = sorted((one.compact, other.compact), key=len)
    if len(short) >= 4 and long.startswith(short):
        return "truncated"
    return "similar" if JaroWinkler.similarity(one.compact, other.compact) >= 0.9 else "different"


def _given(a: Comparable, b: Comparable) -> Observation:
    if not a.given_heads or not b.given_heads:
        return Observation("given", "missing")
    best = "different"
    values: tuple[str, str] | None = None
    for one, other in product(a.given_heads, b.given_heads):
        level = _given_pair(one, a, other, b)
        if LEVELS["given"].index(level) < LEVELS["given"].index(best) or values is None:
            best, values = level, _pair(one, other)
        elif level == best:
            values = min(values, _pair(one, other))
    return Observation("given", best, values)


def _opens(name: str, joined: str) -> bool:
    """Tell whether a given name opens a list, as RNIV reads it (JEAN-PAUL opens JEAN PAUL MARC)."""
    return name == joined or joined.startswith(name + " ")


def _given_pair(one: str, a: Comparable, other: str, b: Comparable) -> str:
    if one == other or (" " in one + other and _same_compound(one, a, other, b)):
        if _shares_tail(a, b):
            return "full"
        return "others_differ" if _contradicts_tail(a, b) else "exact"
    if one in b.given_parts or other in a.given_parts:
        return _compound_or_listed(one, a, other, b)
    words, others = one.split(), other.split()
    if len(words) == len(others) and all(_is_initial(x, y) for x, y in zip(words, others, strict=True)):
        return "initial"
    if sounds_alike(one, other):
        return "phonetic"
    if _is_typo(one, other):
        return "typo"
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and long.startswith(short):
        return "short"
    return "similar" if JaroWinkler.similarity(one, other) >= 0.88 else "different"


def _same_compound(one: str, a: Comparable, other: str, b: Comparable) -> bool:
    """Tell JEAN-PAUL from JEAN PAUL written as two names, joined or not."""
    if one.replace(" ", "") == other.replace(" ", ""):
        return True
    return (" " in one and _opens(one, b.given)) or (" " in other and _opens(other, a.given))


def _compound_or_listed(one: str, a: Comparable, other: str, b: Comparable) -> str:
    """Tell JEAN for JEAN-PAUL from a name found further down the list, and from JEAN-CLAUDE for JEAN-PAUL."""
    if " " in one and " " not in other and one.startswith(other + " "):
        return "similar" if _opens(other, a.given) and " " in b.given and not _shares_tail(a, b) else "compound"
    if " " in other and " " not in one and other.startswith(one + " "):
        return "similar" if _opens(one, b.given) and " " in a.given and not _shares_tail(a, b) else "compound"
    return "listed"


def _shares_tail(a: Comparable, b: Comparable) -> bool:
    """Tell whether the two lists go on alike after the first given name, as far as the shorter goes."""
    first, second = a.given.split(), b.given.split()
    heads = min(len(name.split()) for name in (*a.given_heads[:1], *b.given_heads[:1]))
    shortest = min(len(first), len(second))
    return shortest > heads and first[:shortest] == second[:shortest]


def _contradicts_tail(a: Comparable, b: Comparable) -> bool:
    """Tell whether both lists go on after the first given name and share nothing there, even misspelt.

    QUENTIN MAXIME and QUENTIN THOMAS are two homonyms more often than one person with a forgotten name.
    """
    first, second = a.given.split()[1:], b.given.split()[1:]
    if not first or not second:
        return False
    return not any(
        one == other
        or one.startswith(other)
        or other.startswith(one)
        or sounds_alike(one, other)
        or _is_typo(one, other)
        for one in first
        for other in second
    )


def _is_initial(one: str, other: str) -> bool:
    return one == other or (1 in (len(one), len(other)) and one[0] == other[0])


def _birth_date(a: Comparable, b: Comparable) -> str:
    one, other = a.birth_date, b.birth_date
    if one is None or other is None:
        return "missing"
    if (one.year, one.month, one.day) == (other.year, other.month, other.day):
        return "exact_fictitious" if a.date_is_fictitious or b.date_is_fictitious else "exact"
    if one.year == other.year:
        return _same_year(one, other, a.date_is_fictitious or b.date_is_fictitious)
    if (one.month, one.day) == (other.month, other.day) and one.is_complete and _is_year_slip(one.year, other.year):
        return "year"
    return "different"


def _same_year(one: BirthDate, other: BirthDate, fictitious: bool) -> str:
    if one.is_complete and other.is_complete:
        if (one.month, one.day) == (other.day, other.month):
            return "swapped"
        if one.month == other.month:
            return "day"
    if fictitious:
        return "presumed"
    return "month" if one.day == other.day else "different"


def _is_year_slip(one: int, other: int) -> bool:
    """Tell one wrong digit, one year apart or two digits swapped."""
    return abs(one - other) in (1, 10, 100) or OSA.distance(str(one), str(other)) == 1


def _birth_place(a: Comparable, b: Comparable) -> Observation:
    one, other = a.birth_place, b.birth_place
    if one is None or other is None:
        # The place inside a matricule may confirm the other record; it fills nothing and contradicts nothing.
        confirmed = _ins_names(a, other) or _ins_names(b, one)
        return Observation("birth_place", "in_ins" if confirmed else "missing")
    if one == other:
        return Observation("birth_place", "same", (one, other))
    # 99 means abroad, not a department: two countries have nothing in common.
    same_department = one[:2] == other[:2] and one[:2] != "99" and (one[:2] != "97" or one[:3] == other[:3])
    return Observation("birth_place", "department" if same_department else "different")


def _ins_names(record: Comparable, place: str | None) -> bool:
    """Tell whether the matricule of a record carries this place of birth."""
    return record.ins is not None and record.ins_is_coherent and place is not None and record.ins[5:10] == place


def _ins(a: Comparable, b: Comparable) -> str:
    if a.ins is None or b.ins is None:
        return "missing"
    is_coherent = a.ins_is_coherent and b.ins_is_coherent
    if a.ins == b.ins:
        return "same" if is_coherent else "same_incoherent"
    # The order number and key of brothers and sisters differ by several digits: one slip only is « near ».
    if OSA.distance(a.ins, b.ins, score_cutoff=1) <= 1:
        return "near"
    return "different" if is_coherent and a.ins_oid == b.ins_oid else "different_incoherent"


def _address(a: Comparable, b: Comparable) -> Observation:
    if a.postcode is None or b.postcode is None:
        return Observation("address", "missing")
    if a.postcode == b.postcode:
        return Observation("address", "same" if a.street and a.street == b.street else "postcode")
    return Observation("address", "department" if a.postcode[:2] == b.postcode[:2] else "different")
