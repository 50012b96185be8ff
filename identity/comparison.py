"""How two records agree, trait by trait: each comparison gives one level out of a closed list.

Fellegi and Sunter, "A Theory for Record Linkage", JASA 1969; French rules of names from RNIV 1 (birth and used name,
given names in any order) and fictitious dates (EXI ID 11). Levels carry no weight: weights belong to the model.
Every comparison is symmetric. `identity.bulk.comparison` finds the same levels column by column; a test holds the
two together.
"""

from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from identity.comparable import Comparable
from identity.given_names import KNOWN, Relation, known_given, related
from identity.names import Name, NameRelation, are_initials, read_name, relation
from identity.normalise import is_landline
from identity.places import LAST_COLONIAL_YEAR, PlaceAgreement, compare_places, is_area, is_no_place
from identity.streets import same_house, same_street
from identity.towns import same_town
from identity.traits import BirthDate, Sex

LEVELS: dict[str, tuple[str, ...]] = {
    "surname": (
        "exact",
        "particle",
        "used",
        "compound",
        "phonetic",
        "typo",
        "truncated",
        "overlap",
        "similar",
        "different",
        "swapped",
        "married",
        "missing",
    ),
    "given": (
        "exact",
        "listed",
        "compound",
        "phonetic",
        "typo",
        "initial",
        "short",
        "rival",
        "overlap",
        "similar",
        "different",
        "swapped",
        "missing",
    ),
    "other_given": ("same", "shared", "differ", "missing"),
    "birth_date": (
        "exact",
        "exact_fictitious",
        "swapped",
        "day_slip",
        "day",
        "month_slip",
        "month",
        "year_slip",
        "presumed",
        "year",
        "same_year",
        "different",
        "missing",
    ),
    "sex": ("same", "different", "missing"),
    "birth_place": ("same", "in_ins", "city", "country", "department", "against_ins", "different", "missing"),
    "ins": ("same", "same_incoherent", "near", "different_incoherent", "different", "missing"),
    "address": ("same", "near", "postcode", "department", "different", "missing"),
    "phone": ("same", "near", "different", "missing"),
    "email": ("own", "named", "same", "crossed", "different", "missing"),
    "domain": ("same", "different"),
    "age": ("adult", "minor", "missing"),
    "corroboration": ("some", "place", "none"),
}
"""Every trait compared and its levels, the surest agreement first. A model must weigh all of them."""

WEAK_CORROBORATION: dict[str, frozenset[str]] = {
    "birth_place": frozenset({"same", "in_ins", "city", "country"}),
    "address": frozenset({"near", "postcode"}),
}
"""Agreements of a place, which half a region shares: its large maternities, its large towns, a country."""
CORROBORATION: dict[str, frozenset[str]] = {
    "other_given": frozenset({"same"}),
    "ins": frozenset({"same", "same_incoherent"}),
    "address": frozenset({"same"}),
    "phone": frozenset({"same"}),
    "email": frozenset({"own", "named", "same", "crossed"}),
}
"""Agreements that confirm a name and a birth date better than a place of birth does, one being enough."""

SURNAME_LEVELS = {
    NameRelation.EXACT: "used",
    NameRelation.SAME: "used",
    NameRelation.PART: "compound",
    NameRelation.PHONETIC: "phonetic",
    NameRelation.TYPO: "typo",
    NameRelation.ABBREVIATED: "truncated",
    NameRelation.TRUNCATED: "truncated",
    NameRelation.OVERLAP: "overlap",
    NameRelation.SIMILAR: "similar",
    NameRelation.DIFFERENT: "different",
}
"""The level of two family names of unlike roles."""
GIVEN_LEVELS = SURNAME_LEVELS | {
    NameRelation.EXACT: "exact",
    NameRelation.SAME: "exact",
    NameRelation.ABBREVIATED: "initial",
    NameRelation.TRUNCATED: "short",
}
KNOWN_LEVELS = {
    Relation.SAME: "exact",
    Relation.VARIANT: "phonetic",
    Relation.DIMINUTIVE: "short",
    Relation.TRANSLATION: "short",
    Relation.ABBREVIATION: "initial",
    Relation.DISTINCT: "rival",
}
"""The level of two given names that are known to be something to each other."""
PLACE_LEVELS = {
    PlaceAgreement.SAME: "same",
    PlaceAgreement.SAME_CITY: "city",
    PlaceAgreement.COMPATIBLE: "city",
    PlaceAgreement.SAME_COUNTRY: "country",
    PlaceAgreement.SAME_DEPARTMENT: "department",
    PlaceAgreement.WITHIN: "missing",
    PlaceAgreement.DIFFERENT: "different",
}
INS_PLACE_LEVELS = {
    "same": "in_ins",
    "city": "missing",
    "country": "country",
    "department": "against_ins",
    "missing": "missing",
    "different": "against_ins",
}
"""The level of a place that one record tells and one that only the matricule of the other does."""
IN_LAW = NameRelation.OVERLAP
"""The closest relation of two used family names where each record tells another one at birth: two wives of a home."""
MARRIAGEABLE = 8
"""Years by which some who still count as minors here are of an age to be married."""
GENERATION = 15
"""Years between two birth dates from which they may be a parent's and a child's."""
PARENTS = (GENERATION, 60)
"""Years between a child's birth and that of the parent whose matricule was typed for it."""
UNLIKE_GIVEN = ("rival", "overlap", "different")
"""Levels of two given names that have nothing to do with one another."""
_RANK = {trait: {level: rank for rank, level in enumerate(levels)} for trait, levels in LEVELS.items()}


class Comparison(NamedTuple):
    """The level found for each trait, in the order of `LEVELS`, and the two names whose rarity then counts."""

    levels: tuple[str, ...]
    surnames: tuple[str, str] | None
    givens: tuple[str, str] | None


def compare(a: Comparable, b: Comparable, *, same_domain: bool, minor_from: int) -> Comparison:
    """Compare two records on every trait.

    Who is born in the year `minor_from` or later counts as a minor, still at home: a household shares what it has.
    """
    surname, given = _surname(a, b, minor_from), _given(a, b)
    if _may_be_swapped(surname, given) and _is_swapped(a, b):
        surname = given = "swapped"
    other_given, place, ins = _other_given(a, b), _birth_place(a, b), _ins(a, b)
    address, phone, email = _address(a, b), _phone(a, b), _email(a, b)
    confirmed = (
        other_given in CORROBORATION["other_given"]
        or ins in CORROBORATION["ins"]
        or address in CORROBORATION["address"]
        or phone in CORROBORATION["phone"]
        or email in CORROBORATION["email"]
    )
    placed = place in WEAK_CORROBORATION["birth_place"] or address in WEAK_CORROBORATION["address"]
    levels = (
        surname,
        given,
        other_given,
        _birth_date(a, b),
        _equality(a.sex, b.sex, unknown=Sex.UNKNOWN),
        place,
        ins,
        address,
        phone,
        email,
        "same" if same_domain else "different",
        _age(a, b, minor_from),
        "some" if confirmed else "place" if placed else "none",
    )
    return Comparison(levels, _keys(a.birth, b.birth), _keys(a.head, b.head))


def _keys(one: Name | None, other: Name | None) -> tuple[str, str] | None:
    return (one.key, other.key) if one is not None and other is not None else None


def _age(a: Comparable, b: Comparable, minor_from: int) -> str:
    """Tell whether one of two records is a minor's."""
    if a.birth_date is None or b.birth_date is None:
        return "missing"
    return "minor" if max(a.birth_date.year, b.birth_date.year) >= minor_from else "adult"


def _equality(a: object, b: object, *, unknown: object = None) -> str:
    if a is None or b is None or a is unknown or b is unknown:
        return "missing"
    return "same" if a == b else "different"


def _surname(a: Comparable, b: Comparable, minor_from: int) -> str:
    if a.birth is None or b.birth is None or a.used is None or b.used is None:
        return "missing"
    if a.birth.key == b.birth.key:
        return "exact"
    found = best = relation(a.birth, b.birth)
    if found is NameRelation.SAME:
        return "particle"
    if a.used is not a.birth or b.used is not b.birth:
        of_used = relation(a.used, b.used)
        if found is NameRelation.DIFFERENT and _tells_both(a) and _tells_both(b):
            of_used = max(of_used, IN_LAW)
        best = min(found, of_used, relation(a.birth, b.used), relation(a.used, b.birth))
    is_lone = a.birth.key == a.used.key and b.birth.key == b.used.key
    if best is NameRelation.DIFFERENT and is_lone and _are_women(a, b, minor_from):
        return "married"
    return SURNAME_LEVELS[best]


def _tells_both(record: Comparable) -> bool:
    """Tell whether a record tells the name at birth apart from the one that is used."""
    return record.birth is not None and record.used is not None and record.birth.key != record.used.key


def _are_women(a: Comparable, b: Comparable, minor_from: int) -> bool:
    """Tell whether both are women of an age to be married, or of an age unknown."""
    return all(
        one.sex is Sex.FEMALE and (one.birth_date is None or one.birth_date.year < minor_from + MARRIAGEABLE)
        for one in (a, b)
    )


def _given(a: Comparable, b: Comparable) -> str:
    if a.head is None or b.head is None or a.used_head is None or b.used_head is None:
        return "missing"
    best = given_level(a.head, b.head)
    if a.head.key == b.head.key and best == "exact":
        return best
    rank = _RANK["given"]
    if a.used_head is not a.head or b.used_head is not b.head:
        crossed = given_level(a.head, b.used_head), given_level(a.used_head, b.head)
        best = min(best, *crossed, key=rank.__getitem__)
        # MLLE and MLLE, or two sisters called MARIE, make no one name of JULES and LEA.
        if best not in UNLIKE_GIVEN:
            best = min(best, given_level(a.used_head, b.used_head), key=rank.__getitem__)
    is_compound = 2 in (a.head_words, b.head_words)
    if is_compound and best != "exact":
        if _opens(a, b) or _opens(b, a):
            return "exact"
        if rank[best] > rank["initial"] and (_shortens(a, b) or _shortens(b, a)):
            best = "initial"
    if rank[best] > rank["listed"] and (_lists(a, b) or _lists(b, a)):
        best = "listed"
    if is_compound and best in ("listed", "compound") and (_goes_on_otherwise(a, b) or _goes_on_otherwise(b, a)):
        best = "overlap"
    return best


def given_level(one: Name, other: Name) -> str:
    """Compare two given names: how they are written, then what everybody knows of them."""
    if one.compact == other.compact and (are_initials(one) or are_initials(other)):
        return "initial"
    return "exact" if one.key == other.key else _given_level(one.key, other.key)


@lru_cache(maxsize=262144)
def _given_level(first: str, second: str) -> str:
    one, other = read_name(first), read_name(second)
    return related_level(one, other, relation(one, other))


def related_level(one: Name, other: Name, found: NameRelation) -> str:
    """Compare two given names of which the relation was found: what everybody knows of them."""
    if found <= NameRelation.PART:
        return GIVEN_LEVELS[found]
    if found is NameRelation.OVERLAP:
        return _slip_in_a_word(one, other)
    known, others = known_given(one.key), known_given(other.key)
    if found is NameRelation.DIFFERENT and known.isdisjoint(others):
        return "different"
    if not (known and others) and found not in (NameRelation.ABBREVIATED, NameRelation.TRUNCATED):
        return GIVEN_LEVELS[found]
    level = KNOWN_LEVELS.get(related(one.key, other.key), GIVEN_LEVELS[found])
    # One letter fits many names; J-P and CHR fit few.
    return "short" if level == "initial" and min(len(one.compact), len(other.compact)) > 1 else level


def _slip_in_a_word(one: Name, other: Name) -> str:
    """Compare two compound given names that share a word: JEAN-PIERRE and JEAN-PIERE, JEAN-PIERRE and JEAN-PAUL."""
    words, others = one.parts - other.parts, other.parts - one.parts
    if len(words) != 1 or len(others) != 1:
        return "overlap"
    return word_level(*words, *others)


def word_level(one: str, other: str) -> str:
    """Return the level of two compound given names of which all words but these two are the same."""
    level = given_level(read_name(one), read_name(other))
    return level if level in ("phonetic", "typo") else "overlap"


def _opens(a: Comparable, b: Comparable) -> bool:
    """Tell whether the compound first name of one is the first two names of the other: JEAN-PAUL, JEAN PAUL MARC."""
    if a.head_words != 2 or len(a.words) == 1 or a.words[1] is None or a.words[:2] != b.words[:2]:
        return False
    return len(a.words[0] or "") > 1 or len(a.words[1]) > 1


def _shortens(a: Comparable, b: Comparable) -> bool:
    """Tell whether `a` writes the first word of the compound first name of `b` as a letter: J CLAUDE, JEAN-CLAUDE."""
    if a.head_words != 1 or b.head_words != 2 or len(a.words) == 1:
        return False
    letter, full = a.words[0], b.words[0]
    is_opening = letter is not None and full is not None and len(letter) == 1 and full.startswith(letter)
    return is_opening and a.words[1] is not None and a.words[1] == b.words[1]


def _goes_on_otherwise(a: Comparable, b: Comparable) -> bool:
    """Tell whether `a` writes in two words another compound first name than `b`: JEAN PIERRE, JEAN-PAUL."""
    if a.head_words != 1 or b.head_words != 2 or len(a.words) != 2 or a.words[0] != b.words[0]:
        return False
    second, other = a.words[1], b.words[1]
    return (
        second is not None and other is not None and given_level(read_name(second), read_name(other)) in UNLIKE_GIVEN
    )


def _lists(a: Comparable, b: Comparable) -> bool:
    """Tell whether a first or used name of `a`, of one word, stands in the list of `b`."""
    return _is_listed(a.head, b) or _is_listed(a.used_head, b)


def _is_listed(name: Name | None, record: Comparable) -> bool:
    return name is not None and len(name.key) > 1 and name.key in record.words


def _other_given(a: Comparable, b: Comparable) -> str:
    """Compare the given names after the first one, as far as the shorter list goes."""
    start = max(a.head_words, b.head_words)
    if start == 1 and a.words[1:2] == b.words[1:2] and (a.is_called_by_two or b.is_called_by_two):
        start = 2
    first, second = a.words[start:], b.words[start:]
    if not first or not second or first[0] is None or second[0] is None:
        return "differ" if _are_called_otherwise(a, b) else "missing"
    if all(one == other for one, other in zip(first, second, strict=False)):
        return "same" if len(first[0]) > 1 else "shared"
    if _are_crossed(a, b):
        return "differ"
    # MOHAMED ADAM ALI and MOHAMED YANIS ALI share what a family repeats, and each has a name that the other has not.
    is_known = first[0] in b.words or second[0] in a.words
    if is_known and {word for word in first if word} & set(second):
        return "shared"
    one, other = read_name(first[0]), read_name(second[0])
    is_near = relation(one, other) < NameRelation.OVERLAP and given_level(one, other) not in UNLIKE_GIVEN
    return "shared" if is_near else "differ"


def _are_crossed(a: Comparable, b: Comparable) -> bool:
    """Tell whether the first name of each stands further in the list of the other, and they are called by two names.

    JEAN PIERRE PAUL and PIERRE JEAN PAUL: of two lists that are one, twins.
    """
    if a.used_head is None or b.used_head is None or a.used_head.key == b.used_head.key:
        return False
    one, other = a.words[0], b.words[0]
    return one != other and one in b.words[1:] and other in a.words[1:]


def _are_called_otherwise(a: Comparable, b: Comparable) -> bool:
    """Tell whether each record is called by another name than its first, and the two names have nothing in common.

    In a family where every daughter is MARIE, CLAIRE and ANNE are two of them. One of the two is in a list of given
    names, or both are known ones beside a first name that is none (a family name in its place): anybody may be called
    by two nicknames.
    """
    if a.head is None or b.head is None or a.used_head is None or b.used_head is None:
        return False
    one, other = a.used_head.key, b.used_head.key
    if one == a.head.key or other == b.head.key or one in b.words or other in a.words:
        return False
    called, first = {a.used_head.compact, b.used_head.compact}, {a.head.compact, b.head.compact}
    are_names = one in a.words or other in b.words or (called <= KNOWN and first.isdisjoint(KNOWN))
    return are_names and given_level(a.used_head, b.used_head) in UNLIKE_GIVEN


def _may_be_swapped(surname: str, given: str) -> bool:
    return (
        given != "missing"
        and surname != "missing"
        and _RANK["given"][given] > _RANK["given"]["listed"]
        and _RANK["surname"][surname] > _RANK["surname"]["particle"]
    )


def _is_swapped(a: Comparable, b: Comparable) -> bool:
    """Tell that one record has its family name in the place of the given name, and the reverse.

    One of the two is the same name, which costs little to see; the other may have a slip.
    """
    if _crosses(a, b):
        return _nearly_crosses(b, a)
    return _crosses(b, a) and _nearly_crosses(a, b)


def _crosses(a: Comparable, b: Comparable) -> bool:
    """Tell whether a family name of `a` is a given name of `b`."""
    # Of all strangers it is asked: without a list, or a step of a generator for each of them.
    givens = _apart(b.head, b.used_head)
    for family in _apart(a.birth, a.used):
        for given in givens:
            if (family.core == given.core or family.compact == given.compact) and _may_cross(a, family, b, given):
                return True
    return False


def _may_cross(a: Comparable, family: Name, b: Comparable, given: Name) -> bool:
    """Tell whether the name of `a` is the one at birth, or that of `b` the first: not the used ones of both.

    MME, or the doctor's name, that a program writes in both columns would cross everybody with everybody.
    """
    return family is a.birth or given is b.head


def _nearly_crosses(a: Comparable, b: Comparable) -> bool:
    """Tell the same of names that may have a slip; LAURA is no slip of LARA."""
    givens = _apart(b.head, b.used_head)
    return any(
        relation(family, given) <= NameRelation.TYPO
        and given_level(family, given) not in UNLIKE_GIVEN
        and _may_cross(a, family, b, given)
        for family in _apart(a.birth, a.used)
        for given in givens
    )


def _apart(one: Name | None, other: Name | None) -> tuple[Name, ...]:
    """Return two names, or the one that they are."""
    if one is None or other is None:
        return ()
    return (one,) if one is other else (one, other)


def _birth_date(a: Comparable, b: Comparable) -> str:
    one, other = a.birth_date, b.birth_date
    if one is None or other is None:
        return "missing"
    one, other = one.completed(), other.completed()
    fictitious = a.date_is_fictitious or b.date_is_fictitious
    if one.year == other.year:
        return _same_year(one, other, fictitious)
    if (one.month, one.day) == (other.month, other.day):
        # Of two dates completed by rule, the year is all that is told.
        slip = "presumed" if fictitious else "year_slip"
        return slip if _is_year_slip(one.year, other.year) else "year"
    return "different"


def _same_year(one: BirthDate, other: BirthDate, fictitious: bool) -> str:
    month, day, month2, day2 = one.month or 0, one.day or 0, other.month or 0, other.day or 0
    if (month, day) == (month2, day2):
        return "exact_fictitious" if fictitious else "exact"
    if (month, day) == (day2, month2):
        return "swapped"
    if fictitious:
        return "presumed"
    if month == month2:
        return "day_slip" if is_slip(f"{day:02d}", f"{day2:02d}") else "day"
    if day == day2:
        return "month_slip" if is_slip(f"{month:02d}", f"{month2:02d}") else "month"
    return "same_year"


def is_slip(one: str, other: str) -> bool:
    """Tell, of two numbers of as many digits, one wrong digit, or two turned round."""
    return len(one) == len(other) and OSA.distance(one, other, score_cutoff=1) == 1


def _is_year_slip(one: int, other: int) -> bool:
    """Tell one year apart, one wrong digit, or the last two turned round; a generation apart is no slip."""
    gap = abs(one - other)
    if gap == 1 or gap >= GENERATION:
        return gap == 1
    first, second = f"{one:04d}", f"{other:04d}"
    if sum(x != y for x, y in zip(first, second, strict=True)) == 1:
        return True
    return first[:2] == second[:2] and first[2:] == second[:1:-1]


def _birth_place(a: Comparable, b: Comparable) -> str:
    one, other = a.birth_place, b.birth_place
    is_early = _is_born_early(a, b)
    level = "missing" if one is None or other is None else PLACE_LEVELS[_agreement(one, other, is_early)]
    if level in ("same", "country"):
        return level
    in_a, in_b = _place_in_ins(a), _place_in_ins(b)
    confirmed = one if one is not None and one == in_b else in_a if in_a in (other, in_b) else None
    if confirmed is not None:
        # Who tells a country is no nearer to the commune of a matricule than to that country.
        places = [place for place in (one, other, confirmed) if place is not None]
        is_abroad = any(_agreement(place, place, is_early) is PlaceAgreement.SAME_COUNTRY for place in places)
        return "country" if is_abroad else "in_ins"
    if one is not None and other is not None:
        return level
    # Where a record tells no place, that of its matricule stands for it; one matricule says nothing against itself.
    told, inside = (one, in_b) if other is None else (other, in_a)
    if told is None or inside is None or a.ins == b.ins:
        return "missing"
    return INS_PLACE_LEVELS[PLACE_LEVELS[_agreement(told, inside, is_early)]]


def _is_born_early(a: Comparable, b: Comparable) -> bool:
    """Tell whether one was born when a code of today's Île-de-France also meant Algeria, Morocco or Tunisia."""
    one, other = a.birth_date, b.birth_date
    return (one is not None and one.year <= LAST_COLONIAL_YEAR) or (
        other is not None and other.year <= LAST_COLONIAL_YEAR
    )


@lru_cache(maxsize=65536)
def _agreement(one: str, other: str, is_early: bool) -> PlaceAgreement:
    return compare_places(one, other, LAST_COLONIAL_YEAR if is_early else None)


def _place_in_ins(record: Comparable) -> str | None:
    return _commune_or_country(record.ins[5:10]) if record.ins is not None and record.ins_is_coherent else None


@lru_cache(maxsize=65536)
def _commune_or_country(code: str) -> str | None:
    return None if is_no_place(code) or is_area(code) else code


def _ins(a: Comparable, b: Comparable) -> str:
    if a.ins is None or b.ins is None:
        return "missing"
    is_coherent = a.ins_is_coherent and b.ins_is_coherent
    if a.ins == b.ins:
        return "same" if is_coherent else "same_incoherent"
    # The order number and key of brothers and sisters differ by several digits: one slip only is « near ».
    if OSA.distance(a.ins, b.ins, score_cutoff=1) <= 1:
        return "near"
    # Who waits for a NIR is given another number: a NIA and a NIR are no two persons.
    are_of_one_kind = a.ins_oid == b.ins_oid and a.ins_is_waiting == b.ins_is_waiting
    are_own = is_coherent or _are_dates_wrong(a, b)
    return "different" if are_own and are_of_one_kind else "different_incoherent"


def _are_dates_wrong(a: Comparable, b: Comparable) -> bool:
    """Tell whether the dates of both contradict their own matricules, which are not those of a mother and a father.

    Where a whole source has the day of an import, or days and months turned round, the matricules are right.
    """
    if a.ins is None or b.ins is None or a.ins_is_coherent or b.ins_is_coherent:
        return False
    return not (_is_parents(a) and _is_parents(b) and int(a.ins[0]) % 2 != int(b.ins[0]) % 2)


def _is_parents(record: Comparable) -> bool:
    """Tell whether the matricule is of an age to be a parent's, and not the person's own."""
    if record.ins is None or record.birth_date is None:
        return False
    return PARENTS[0] <= (record.birth_date.year - int(record.ins[1:3])) % 100 <= PARENTS[1]


def _address(a: Comparable, b: Comparable) -> str:
    if a.postcode is None or b.postcode is None:
        return "missing"
    if a.postcode == b.postcode:
        street, other = a.street, b.street
        return "same" if street and other and same_street(street, other) else "postcode"
    is_one_department = a.postcode[:2] == b.postcode[:2]
    if is_slip(a.postcode, b.postcode):
        if a.street and b.street and same_house(a.street, b.street):
            return "near"
        # Towns of one name lie in many a département.
        if is_one_department and a.town and b.town and same_town(a.town, b.town):
            return "postcode"
    return "department" if is_one_department else "different"


def _phone(a: Comparable, b: Comparable) -> str:
    one, other = a.phone or "", b.phone or ""
    level = _equality(a.phone, b.phone)
    if level == "different" and is_slip(one, other):
        level = "near"
    if level in ("same", "near") and (a.lives_in_shared_home or b.lives_in_shared_home):
        # The rooms of a home follow one another in its numbers.
        return "missing" if is_landline(one) or is_landline(other) else level
    return level


def _email(a: Comparable, b: Comparable) -> str:
    """Compare addresses, and the given name that an address opens with."""
    own, other = a.email_is_own, b.email_is_own
    if a.email is not None and a.email == b.email:
        return "own" if own and other else "named" if own or other else "same"
    crossed = (not own and a.email_name and b.opens_with(a.email_name)) or (
        not other and b.email_name and a.opens_with(b.email_name)
    )
    if crossed:
        return "crossed"
    return "missing" if a.email is None or b.email is None else "different"
