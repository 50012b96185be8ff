"""How the records of many pairs agree, trait by trait: the levels of `identity.comparison`, column by column."""

from collections.abc import Iterator, Mapping
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
Rows = NDArray[np.intp]

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
    levels = _levels(records, left.astype(np.intp), right.astype(np.intp), minor_from)
    return Pairs(
        left=left,
        right=right,
        levels=levels,
        surnames=(records.birth[left], records.birth[right]),
        givens=(records.head[left], records.head[right]),
    )


def _levels(records: Records, left: Rows, right: Rows, minor_from: int) -> dict[str, Levels]:
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
    return levels


def _equality(trait: str, a: NDArray[np.generic], b: NDArray[np.generic], unknown: int) -> Levels:
    index = _INDEX[trait]
    result = np.where(a == b, index["same"], index["different"])
    if "missing" in index:
        result = np.where((a == unknown) | (b == unknown), index["missing"], result)
    return result.astype(np.int8)


def _surnames(records: Records, relations: Relations, left: Rows, right: Rows, minor_from: int) -> Levels:
    index = _INDEX["surname"]
    table = np.array([index[SURNAME_LEVELS[relation]] for relation in NameRelation], np.int8)
    birth, birth2 = records.birth[left], records.birth[right]
    level = np.full(len(left), index["exact"], np.int8)
    todo = np.flatnonzero((birth != birth2) | (birth < 0))
    a, b, birth, birth2 = left[todo], right[todo], birth[todo], birth2[todo]
    used, used2 = records.used[a], records.used[b]
    found = relations.of(birth, birth2)
    best = np.where(found == NameRelation.SAME, index["particle"], table[found]).astype(np.int8)
    for one, two, new in _others(birth, birth2, used, used2):
        best[new] = np.minimum(best[new], table[relations.of(one[new], two[new])])
    unlike = np.flatnonzero((best == index["different"]) & (birth == used) & (birth2 == used2))
    best[unlike[_are_women(records, a[unlike], b[unlike], minor_from + MARRIAGEABLE)]] = index["married"]
    best[(birth < 0) | (birth2 < 0)] = index["missing"]
    level[todo] = best
    return level


def _others(name: Ints, name2: Ints, used: Ints, used2: Ints) -> Iterator[tuple[Ints, Ints, Rows]]:
    """Yield the other ways to put two records' names side by side, and the rows where that is something new."""
    differs, differs2 = used != name, used2 != name2
    yield name, used2, np.flatnonzero(differs2)
    yield used, name2, np.flatnonzero(differs)
    yield used, used2, np.flatnonzero(differs & differs2)


def _are_women(records: Records, a: Rows, b: Rows, born_before: int) -> Flags:
    women: Flags = (records.sex[a] == _FEMALE) & (records.sex[b] == _FEMALE)
    women &= (records.year[a] < born_before) & (records.year[b] < born_before)
    return women


def _givens(records: Records, relations: Relations, left: Rows, right: Rows) -> Levels:
    index = _INDEX["given"]
    head, head2 = records.head[left], records.head[right]
    level = np.full(len(left), index["exact"], np.int8)
    todo = np.flatnonzero((head != head2) | (head < 0))
    a, b, head, head2 = left[todo], right[todo], head[todo], head2[todo]
    best = relations.given_levels(head, head2)
    for one, two, new in _others(head, head2, records.used_head[a], records.used_head[b]):
        best[new] = np.minimum(best[new], relations.given_levels(one[new], two[new]))
    best[_opens(records, a, b) | _opens(records, b, a)] = index["exact"]
    unlike = np.flatnonzero(best > index["listed"])
    listed = _listed(records, a[unlike], b[unlike]) | _listed(records, b[unlike], a[unlike])
    best[unlike[listed]] = index["listed"]
    best[(head < 0) | (head2 < 0)] = index["missing"]
    level[todo] = best
    return level


def _opens(records: Records, a: Rows, b: Rows) -> Flags:
    """Tell whether the compound first name of one is the first two names of the other: JEAN-PAUL, JEAN PAUL MARC."""
    result = np.zeros(len(a), np.bool_)
    rows = np.flatnonzero(records.head_words[a] == 2)
    words, others = records.words[a[rows], :2], records.words[b[rows], :2]
    result[rows] = (words[:, 1] >= 0) & (words == others).all(axis=1)
    return result


def _listed(records: Records, a: Rows, b: Rows) -> Flags:
    """Tell whether a first or used name of `a`, of one word, stands further in the list of `b`."""
    result = np.zeros(len(a), np.bool_)
    rows = np.flatnonzero(records.head_marks[a] & records.word_marks[b])
    words, head, used_head = records.words[b[rows]], records.head[a[rows]], records.used_head[a[rows]]
    same = (words == head[:, None]) | (words == used_head[:, None])
    result[rows] = (same & (words >= 0)).any(axis=1)
    return result


def _other_givens(records: Records, relations: Relations, left: Rows, right: Rows) -> Levels:
    """Compare the given names after the first one."""
    index = _INDEX["other_given"]
    level = np.full(len(left), index["missing"], np.int8)
    counts = np.minimum(records.word_counts[left], records.word_counts[right])
    start = np.maximum(records.head_words[left], records.head_words[right])
    rows = np.flatnonzero(counts > start)
    a, b, start, counts = left[rows], right[rows], start[rows].astype(np.intp), counts[rows]
    words, others = records.words[a], records.words[b]
    first, second = (side[np.arange(len(rows)), start] for side in (words, others))
    columns = np.arange(MOST_WORDS)
    further = columns >= start[:, None]
    tail, other_tail = np.where(further & (words >= 0), words, -1), np.where(further & (others >= 0), others, -2)
    shared = np.zeros(len(rows), np.bool_)
    for column in range(1, MOST_WORDS):
        shared |= (tail[:, column : column + 1] == other_tail).any(axis=1)
    same = ((words == others) | ~further | (columns >= counts[:, None])).all(axis=1)
    result = np.where(same, index["same"], np.where(shared, index["shared"], index["differ"])).astype(np.int8)
    unsure = np.flatnonzero(result == index["differ"])
    near = relations.of(first[unsure], second[unsure]) < NameRelation.OVERLAP
    result[unsure[near]] = index["shared"]
    result[(first < 0) | (second < 0)] = index["missing"]
    level[rows] = result
    return level


def _swapped(records: Records, relations: Relations, left: Rows, right: Rows, levels: tuple[Levels, Levels]) -> Flags:
    """Tell that one record has its family name in the place of the given name, and the reverse."""
    surname, given = levels
    result = np.zeros(len(left), np.bool_)
    unlike = (surname > _INDEX["surname"]["particle"]) & (given > _INDEX["given"]["listed"])
    # One of the two names at least must be the very same: few records share the mark of one.
    family, given_name = records.family_marks, records.given_marks
    crossing = (family[left] & given_name[right]) | (family[right] & given_name[left])
    rows = np.flatnonzero(unlike & (crossing != 0))
    a, b = left[rows], right[rows]
    first, second = _crossed(records, relations, a, b), _crossed(records, relations, b, a)
    strong = (first <= NameRelation.SAME) | (second <= NameRelation.SAME)
    result[rows] = strong & (first <= NameRelation.TYPO) & (second <= NameRelation.TYPO)
    return result


def _crossed(records: Records, relations: Relations, a: Rows, b: Rows) -> Levels:
    """Return the closest relation of a family name of `a` and a given name of `b`, up to a slip."""
    best = np.full(len(a), NameRelation.DIFFERENT, np.int8)
    for family in (records.birth, records.used):
        for given in (records.head, records.used_head):
            best = np.minimum(best, relations.of(family[a], given[b], furthest=NameRelation.TYPO))
    return best


def _dates(records: Records, left: Rows, right: Rows) -> Levels:
    index = _INDEX["birth_date"]
    one, other = records.date[left], records.date[right]
    fictitious = records.fictitious[left] | records.fictitious[right]
    exact = np.where(fictitious, index["exact_fictitious"], index["exact"])
    result = np.where(one == other, exact, index["different"]).astype(np.int8)
    same_year, same_day = one // 10000 == other // 10000, one % 10000 == other % 10000
    rows = np.flatnonzero(same_year & (one != other))
    result[rows] = _same_year(one[rows], other[rows], fictitious[rows])
    rows = np.flatnonzero(same_day & (one != other))
    slip = _is_year_slip(one[rows] // 10000, other[rows] // 10000)
    result[rows] = np.where(slip, index["year_slip"], index["year"])
    result[(one == 0) | (other == 0)] = index["missing"]
    return result


def _same_year(one: Ints, other: Ints, fictitious: Flags) -> Levels:
    index = _INDEX["birth_date"]
    month, day, month2, day2 = one // 100 % 100, one % 100, other // 100 % 100, other % 100
    result = np.full(len(one), index["same_year"], np.int8)
    same_day, same_month = day == day2, month == month2
    result[same_day] = np.where(_SLIPS[month, month2], index["month_slip"], index["month"])[same_day]
    result[same_month] = np.where(_SLIPS[day, day2], index["day_slip"], index["day"])[same_month]
    result[fictitious] = index["presumed"]
    result[(month == day2) & (day == month2)] = index["swapped"]
    return result


def _is_year_slip(one: Ints, other: Ints) -> Flags:
    """Tell one year apart, or in one generation one wrong digit, or the last two turned round."""
    gap = np.abs(one - other)
    wrong = np.zeros(len(one), np.int8)
    for power in (1, 10, 100, 1000):
        wrong += one // power % 10 != other // power % 10
    turned = (one // 100 == other // 100) & (_turned(one % 100) == other % 100)
    slip: Flags = (gap == 1) | ((gap < GENERATION) & ((wrong == 1) | turned))
    return slip


def _turned(number: NDArray[np.int32]) -> NDArray[np.int32]:
    return number % 10 * 10 + number // 10


def _slips() -> Flags:
    """Tell for any two numbers under 32 whether one wrong digit, or two turned, make one of the other."""
    numbers = [f"{number:02d}" for number in range(32)]
    return np.array([[OSA.distance(one, other) == 1 for other in numbers] for one in numbers])


_SLIPS = _slips()


def _places(records: Records, left: Rows, right: Rows) -> Levels:
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


def _ages(records: Records, left: Rows, right: Rows, minor_from: int) -> Levels:
    index = _INDEX["age"]
    one, two = records.year[left], records.year[right]
    level = np.where(np.maximum(one, two) >= minor_from, index["minor"], index["adult"])
    return np.where((one == 0) | (two == 0), index["missing"], level).astype(np.int8)


def _matricules(records: Records, left: Rows, right: Rows) -> Levels:
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


def _addresses(records: Records, left: Rows, right: Rows) -> Levels:
    index = _INDEX["address"]
    one, two = records.postcode[left], records.postcode[right]
    street = (records.street[left] == records.street[right]) & (records.street[left] >= 0)
    department = records.departments[one] == records.departments[two]
    level = np.where(department, index["department"], index["different"])
    level = np.where(one == two, np.where(street, index["same"], index["postcode"]), level)
    return np.where((one < 0) | (two < 0), index["missing"], level).astype(np.int8)


def _emails(records: Records, left: Rows, right: Rows) -> Levels:
    """Compare addresses, and the given name that an address opens with."""
    index = _INDEX["email"]
    one, two = records.email[left], records.email[right]
    own, other = records.email_is_own[left], records.email_is_own[right]
    named = np.where(own & other, index["own"], np.where(own | other, index["named"], index["same"]))
    level = np.where((one < 0) | (two < 0), index["missing"], np.where(one == two, named, index["different"]))
    crossed = (~own & _opens_with(records, left, right)) | (~other & _opens_with(records, right, left))
    return np.where(crossed & (level >= index["different"]), index["crossed"], level).astype(np.int8)


def _opens_with(records: Records, a: Rows, b: Rows) -> Flags:
    """Tell whether the address of `a` opens with a first or used given name of `b`."""
    result = np.zeros(len(a), np.bool_)
    name = records.email_name[a]
    rows = np.flatnonzero(name >= 0)
    compact = records.names.compact_ids
    for known in (records.head[b[rows]], records.used_head[b[rows]]):
        result[rows] |= (known >= 0) & (name[rows] == compact[known])
    return result
