"""How the records of many pairs agree, trait by trait: the levels of `identity.comparison`, column by column."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from identity.bulk.names import Relations
from identity.bulk.records import MOST_WORDS, Records
from identity.bulk.text import Flags, Ints, unique
from identity.comparison import (
    CORROBORATION,
    GENERATION,
    LEVELS,
    MARRIAGEABLE,
    PLACE_LEVELS,
    SURNAME_LEVELS,
    WEAK_CORROBORATION,
)
from identity.names import NameRelation
from identity.places import compare_places

Levels = NDArray[np.int8]

_FEMALE = 2

_INDEX = {trait: {level: index for index, level in enumerate(levels)} for trait, levels in LEVELS.items()}


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two records per pair, and what they were compared on."""

    left: Ints
    right: Ints
    levels: Mapping[str, Levels]
    surnames: tuple[Ints, Ints]
    """The birth names of both records, as indexes in the vocabulary; negative for none."""
    givens: tuple[Ints, Ints]
    """Their first given names."""


def compare(records: Records, left: Ints, right: Ints, minor_from: int) -> Pairs:
    """Compare the two records of each pair on every trait."""
    relations = Relations(records.names)
    surname, given = _surnames(records, relations, left, right, minor_from), _givens(records, relations, left, right)
    swapped = _swapped(records, relations, left, right, (surname, given))
    surname[swapped] = _INDEX["surname"]["swapped"]
    given[swapped] = _INDEX["given"]["swapped"]
    levels = {
        "surname": surname,
        "given": given,
        "other_given": _other_givens(records, relations, left, right),
        "birth_date": _dates(records, left, right),
        "sex": _equality("sex", records.sex[left], records.sex[right], unknown=0),
        "birth_place": _places(records, left, right),
        "ins": _matricules(records, left, right),
        "address": _addresses(records, left, right),
        "phone": _equality("phone", records.phone[left], records.phone[right], unknown=0),
        "email": _emails(records, left, right),
        "domain": _equality("domain", records.domain[left], records.domain[right], unknown=-1),
        "age": _ages(records, left, right, minor_from),
    }
    confirmed = np.zeros(len(left), np.bool_)
    for trait, agreeing in CORROBORATION.items():
        confirmed |= np.array([level in agreeing for level in LEVELS[trait]])[levels[trait]]
    placed = np.zeros(len(left), np.bool_)
    for trait, agreeing in WEAK_CORROBORATION.items():
        placed |= np.array([level in agreeing for level in LEVELS[trait]])[levels[trait]]
    index = _INDEX["corroboration"]
    levels["corroboration"] = np.where(
        confirmed, index["some"], np.where(placed, index["place"], index["none"])
    ).astype(np.int8)
    return Pairs(
        left=left,
        right=right,
        levels=levels,
        surnames=(records.birth[left], records.birth[right]),
        givens=(records.head[left], records.head[right]),
    )


def _equality(trait: str, a: NDArray[np.generic], b: NDArray[np.generic], unknown: int) -> Levels:
    index = _INDEX[trait]
    result = np.where(a == b, index["same"], index["different"])
    if "missing" in index:
        result = np.where((a == unknown) | (b == unknown), index["missing"], result)
    return result.astype(np.int8)


def _surnames(records: Records, relations: Relations, left: Ints, right: Ints, minor_from: int) -> Levels:
    index = _INDEX["surname"]
    table = np.array([index[SURNAME_LEVELS[relation]] for relation in NameRelation], np.int8)
    birth, other = records.birth[left], records.birth[right]
    level = np.full(len(left), index["exact"], np.int8)
    todo = np.flatnonzero((birth != other) | (birth < 0))
    a, b = left[todo], right[todo]
    found = relations.of(records.birth[a], records.birth[b])
    best = np.where(found == NameRelation.SAME, index["particle"], table[found])
    for first, second in ((records.birth, records.used), (records.used, records.birth), (records.used, records.used)):
        one, two = first[a], second[b]
        # A used name that is the birth name adds nothing.
        new = np.flatnonzero((one != records.birth[a]) | (two != records.birth[b]))
        best[new] = np.minimum(best[new], table[relations.of(one[new], two[new])])
    lone = (records.birth[a] == records.used[a]) & (records.birth[b] == records.used[b])
    women = (records.sex[a] == _FEMALE) & (records.sex[b] == _FEMALE)
    women &= (records.year[a] < minor_from + MARRIAGEABLE) & (records.year[b] < minor_from + MARRIAGEABLE)
    best[(best == index["different"]) & lone & women] = index["married"]
    best[(records.birth[a] < 0) | (records.birth[b] < 0)] = index["missing"]
    level[todo] = best
    return level


def _givens(records: Records, relations: Relations, left: Ints, right: Ints) -> Levels:
    index = _INDEX["given"]
    head, other = records.head[left], records.head[right]
    level = np.full(len(left), index["exact"], np.int8)
    todo = np.flatnonzero((head != other) | (head < 0))
    a, b = left[todo], right[todo]
    best = relations.given_levels(records.head[a], records.head[b])
    for first, second in (
        (records.head, records.used_head),
        (records.used_head, records.head),
        (records.used_head, records.used_head),
    ):
        one, two = first[a], second[b]
        new = np.flatnonzero((one != records.head[a]) | (two != records.head[b]))
        best[new] = np.minimum(best[new], relations.given_levels(one[new], two[new]))
    best[_opens(records, a, b) | _opens(records, b, a)] = index["exact"]
    unlike = np.flatnonzero(best > index["listed"])
    listed = _listed(records, a[unlike], b[unlike]) | _listed(records, b[unlike], a[unlike])
    best[unlike[listed]] = index["listed"]
    best[(records.head[a] < 0) | (records.head[b] < 0)] = index["missing"]
    level[todo] = best
    return level


def _opens(records: Records, a: Ints, b: Ints) -> Flags:
    """Tell whether the compound first name of one is the first two names of the other: JEAN-PAUL, JEAN PAUL MARC."""
    compound = (records.head_words[a] == 2) & (records.words[a, 1] >= 0)
    opens: Flags = compound & (records.words[a, :2] == records.words[b, :2]).all(axis=1)
    return opens


def _listed(records: Records, a: Ints, b: Ints) -> Flags:
    """Tell whether a first or used name of `a`, of one word, stands further in the list of `b`."""
    found = np.zeros(len(a), np.bool_)
    for column in range(MOST_WORDS):
        word = records.words[b, column]
        found |= (word >= 0) & ((word == records.head[a]) | (word == records.used_head[a]))
    return found


def _other_givens(records: Records, relations: Relations, left: Ints, right: Ints) -> Levels:
    """Compare the given names after the first one."""
    index = _INDEX["other_given"]
    start = np.maximum(records.head_words[left], records.head_words[right])
    words, others = records.words[left], records.words[right]
    level = np.full(len(left), index["missing"], np.int8)
    rows = np.flatnonzero(
        (np.take_along_axis(words, np.minimum(start, MOST_WORDS - 1)[:, None], 1)[:, 0] >= 0)
        & (np.take_along_axis(others, np.minimum(start, MOST_WORDS - 1)[:, None], 1)[:, 0] >= 0)
        & (start < MOST_WORDS)
    )
    if not len(rows):
        return level
    start, words, others, a, b = start[rows], words[rows], others[rows], left[rows], right[rows]
    first = np.take_along_axis(words, start[:, None], 1)[:, 0]
    second = np.take_along_axis(others, start[:, None], 1)[:, 0]
    columns = np.arange(MOST_WORDS)
    tail = np.where((columns >= start[:, None]) & (words >= 0), words, -1)
    other_tail = np.where((columns >= start[:, None]) & (others >= 0), others, -2)
    shared = np.zeros(len(rows), np.bool_)
    for column in range(MOST_WORDS):
        shared |= (tail[:, column : column + 1] == other_tail).any(axis=1)
    both = (columns >= start[:, None]) & (columns < np.minimum(*(_counts(records, side) for side in (a, b)))[:, None])
    same = ((words == others) | ~both).all(axis=1)
    result = np.where(same, index["same"], np.where(shared, index["shared"], index["differ"]))
    unsure = np.flatnonzero(result == index["differ"])
    near = relations.of(first[unsure], second[unsure]) < NameRelation.OVERLAP
    result[unsure[near]] = index["shared"]
    level[rows] = result
    return level


def _counts(records: Records, rows: Ints) -> Ints:
    """Return how many given names are looked at, in words, those that are placeholders included."""
    return records.word_counts[rows]


def _swapped(records: Records, relations: Relations, left: Ints, right: Ints, levels: tuple[Levels, Levels]) -> Flags:
    """Tell that one record has its family name in the place of the given name, and the reverse."""
    surname, given = levels
    result = np.zeros(len(left), np.bool_)
    unlike = (surname > _INDEX["surname"]["particle"]) & (given > _INDEX["given"]["listed"])
    rows = np.flatnonzero(unlike)
    a, b = left[rows], right[rows]
    first = _crossed(records, relations, a, b)
    second = _crossed(records, relations, b, a)
    strong = (first <= NameRelation.SAME) | (second <= NameRelation.SAME)
    result[rows] = strong & (first <= NameRelation.TYPO) & (second <= NameRelation.TYPO)
    return result


def _crossed(records: Records, relations: Relations, a: Ints, b: Ints) -> Levels:
    """Return the closest relation of a family name of `a` and a given name of `b`."""
    best = np.full(len(a), NameRelation.DIFFERENT, np.int8)
    for family in (records.birth, records.used):
        for given in (records.head, records.used_head):
            best = np.minimum(best, relations.of(family[a], given[b]))
    return best


def _dates(records: Records, left: Ints, right: Ints) -> Levels:
    index = _INDEX["birth_date"]
    year, month, day = records.year[left], records.month[left], records.day[left]
    year2, month2, day2 = records.year[right], records.month[right], records.day[right]
    fictitious = records.fictitious[left] | records.fictitious[right]
    same_year, same_month, same_day = year == year2, month == month2, day == day2
    slip = _SLIPS[day, day2], _SLIPS[month, month2]
    gap = np.abs(year - year2)
    digits = [(year // power % 10) != (year2 // power % 10) for power in (1, 10, 100, 1000)]
    one_digit = sum(digit.astype(np.int8) for digit in digits) == 1
    turned = (year // 100 == year2 // 100) & (_turned(year % 100) == year2 % 100)
    result = np.full(len(left), index["different"], np.int8)
    result[same_year] = index["same_year"]
    result[same_year & fictitious] = index["presumed"]
    result[same_month & same_day & ~same_year] = index["year"]
    result[same_month & same_day & ~same_year & ((gap == 1) | ((gap < GENERATION) & (one_digit | turned)))] = index[
        "year_slip"
    ]
    result[same_year & same_day & ~fictitious] = index["month"]
    result[same_year & same_day & ~fictitious & slip[1]] = index["month_slip"]
    result[same_year & same_month & ~fictitious] = index["day"]
    result[same_year & same_month & ~fictitious & slip[0]] = index["day_slip"]
    result[same_year & (month == day2) & (day == month2) & (month != day)] = index["swapped"]
    exact = same_year & same_month & same_day
    result[exact] = np.where(fictitious[exact], index["exact_fictitious"], index["exact"])
    result[(year == 0) | (year2 == 0)] = index["missing"]
    return result


def _turned(number: NDArray[np.int32]) -> NDArray[np.int32]:
    return number % 10 * 10 + number // 10


def _slips() -> Flags:
    """Tell for any two numbers under 32 whether one wrong digit, or two turned, make one of the other."""
    numbers = [f"{number:02d}" for number in range(32)]
    return np.array([[OSA.distance(one, other) == 1 for other in numbers] for one in numbers])


_SLIPS = _slips()


def _places(records: Records, left: Ints, right: Ints) -> Levels:
    index = _INDEX["birth_place"]
    own, other = records.place[left], records.place[right]
    in_ins, other_ins = (np.where(records.ins_coherent[rows], records.ins_place[rows], -1) for rows in (left, right))
    level = np.where(own == other, index["same"], index["different"]).astype(np.int8)
    unknown = (own < 0) | (other < 0)
    departments = records.place_departments
    level[(departments[own] == departments[other]) & (departments[own] >= 0) & (own != other)] = index["department"]
    todo = np.flatnonzero(~unknown & (own != other) & ~(records.place_is_alone[own] & records.place_is_alone[other]))
    pairs, where = unique(own[todo].astype(np.int64) * len(records.places) + other[todo])
    found = [
        index[PLACE_LEVELS[compare_places(records.places[one], records.places[two])]]
        for one, two in zip(*(side.tolist() for side in np.divmod(pairs, max(1, len(records.places)))), strict=True)
    ]
    level[todo] = np.array(found, np.int8)[where]
    level[unknown] = index["missing"]
    crossed = ((own >= 0) & (own == other_ins)) | ((other >= 0) & (other == in_ins))
    crossed |= (in_ins >= 0) & (in_ins == other_ins)
    level[crossed & (level != index["same"])] = index["in_ins"]
    return level


def _ages(records: Records, left: Ints, right: Ints, minor_from: int) -> Levels:
    index = _INDEX["age"]
    one, two = records.year[left], records.year[right]
    level = np.where(np.maximum(one, two) >= minor_from, index["minor"], index["adult"])
    return np.where((one == 0) | (two == 0), index["missing"], level).astype(np.int8)


def _matricules(records: Records, left: Ints, right: Ints) -> Levels:
    index = _INDEX["ins"]
    one, two = records.ins[left], records.ins[right]
    coherent = records.ins_coherent[left] & records.ins_coherent[right]
    level = np.where(coherent, index["different"], index["different_incoherent"]).astype(np.int8)
    todo = np.flatnonzero((one >= 0) & (two >= 0) & (one != two))
    level[todo[_are_near(records.ins_values, one[todo], two[todo])]] = index["near"]
    same = one == two
    level[same] = np.where(coherent[same], index["same"], index["same_incoherent"])
    level[(one < 0) | (two < 0)] = index["missing"]
    return level


def _are_near(values: NDArray[np.bytes_], one: Ints, two: Ints) -> Flags:
    """Tell one sign wrong, or two neighbours turned round: what one slip does to texts of one length."""
    table = values.view(np.uint8).reshape(-1, values.itemsize)
    a, b = table[one], table[two]
    differ = a != b
    count = differ.sum(axis=1)
    turned = (differ[:, :-1] & differ[:, 1:] & (a[:, :-1] == b[:, 1:]) & (a[:, 1:] == b[:, :-1])).any(axis=1)
    near: Flags = (count == 1) | ((count == 2) & turned)
    return near


def _addresses(records: Records, left: Ints, right: Ints) -> Levels:
    index = _INDEX["address"]
    one, two = records.postcode[left], records.postcode[right]
    street = (records.street[left] == records.street[right]) & (records.street[left] >= 0)
    department = records.departments[one] == records.departments[two]
    level = np.where(department, index["department"], index["different"])
    level = np.where(one == two, np.where(street, index["same"], index["postcode"]), level)
    return np.where((one < 0) | (two < 0), index["missing"], level).astype(np.int8)


def _emails(records: Records, left: Ints, right: Ints) -> Levels:
    """Compare addresses, and the given name that an address opens with."""
    index = _INDEX["email"]
    one, two = records.email[left], records.email[right]
    own, other = records.email_is_own[left], records.email_is_own[right]
    named = np.where(own & other, index["own"], np.where(own | other, index["named"], index["same"]))
    level = np.where((one < 0) | (two < 0), index["missing"], np.where(one == two, named, index["different"]))
    crossed = (~own & _opens_with(records, left, right)) | (~other & _opens_with(records, right, left))
    return np.where(crossed & (level >= index["different"]), index["crossed"], level).astype(np.int8)


def _opens_with(records: Records, a: Ints, b: Ints) -> Flags:
    """Tell whether the address of `a` opens with a first or used given name of `b`."""
    name = records.email_name[a]
    compact = np.append(records.names.compact_ids, np.int32(-2))
    opens: Flags = (name >= 0) & ((name == compact[records.head[b]]) | (name == compact[records.used_head[b]]))
    return opens
