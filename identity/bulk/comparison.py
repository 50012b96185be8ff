"""How the records of many pairs agree, trait by trait: the levels of `identity.comparison`, column by column."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from identity.bulk.births import Places
from identity.bulk.columns import Flags, Ints, Levels, Longs, Number, either, number_column
from identity.bulk.contacts import written_phone
from identity.bulk.names import INITIALS
from identity.bulk.records import Records
from identity.bulk.relations import Relations
from identity.bulk.text import unique
from identity.bulk.written_names import MOST_WORDS
from identity.comparison import (
    CORROBORATION,
    GENERATION,
    IN_LAW,
    INS_PLACE_LEVELS,
    LEVELS,
    MARRIAGEABLE,
    PARENTS,
    PLACE_LEVELS,
    SURNAME_LEVELS,
    UNLIKE_GIVEN,
    WEAK_CORROBORATION,
    is_slip,
)
from identity.ins import WAITING
from identity.names import NameRelation
from identity.places import LAST_COLONIAL_YEAR, compare_places
from identity.streets import same_street
from identity.towns import same_town

Rows = NDArray[np.intp]

_FEMALE = 2
_LOW = 0xFFFFFFFF
_FIRST_LETTER = np.uint32(0xFF << 24)
# How far apart two numbers may be of which one digit differs, or two neighbours are turned round.
_APART = np.unique([step * digit * 10**place for step in (1, 9) for digit in range(1, 10) for place in range(16)])
_SIGN_BITS = np.uint64(0x1111111111111111)

_INDEX = {trait: {level: index for index, level in enumerate(levels)} for trait, levels in LEVELS.items()}
_UNLIKE = np.array([level in UNLIKE_GIVEN for level in LEVELS["given"]])
_BY_INS = np.array([_INDEX["birth_place"][INS_PLACE_LEVELS.get(name, name)] for name in LEVELS["birth_place"]])


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
    one, other = left.astype(np.intp), right.astype(np.intp)
    return Pairs(
        left=left,
        right=right,
        levels=_levels(records, one, other, minor_from),
        surnames=(records.birth.take(one), records.birth.take(other)),
        givens=(records.head.take(one), records.head.take(other)),
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
        "sex": _equality("sex", records.sex, left, right, unknown=0),
        "birth_place": _places(records, left, right),
        "ins": _matricules(records, left, right),
        "address": _addresses(records, left, right),
        "phone": _phones(records, left, right),
        "email": _emails(records, left, right),
        "domain": _equality("domain", records.domain, left, right, unknown=-1),
        "age": _ages(records, left, right, minor_from),
    }
    confirmed, placed = (_agree(levels, traits) for traits in (CORROBORATION, WEAK_CORROBORATION))
    index = _INDEX["corroboration"]
    corroboration = either(placed, index["place"], index["none"])
    corroboration[np.flatnonzero(confirmed)] = index["some"]
    return levels | {"corroboration": corroboration}


def _agree(levels: Mapping[str, Levels], traits: Mapping[str, Collection[str]]) -> Flags:
    """Tell which pairs agree on one of several traits; the levels that agree are told by trait."""
    result = np.zeros(len(levels["surname"]), np.bool_)
    for trait, agreeing in traits.items():
        result |= np.array([level in agreeing for level in LEVELS[trait]]).take(levels[trait])
    return result


def _equality(trait: str, column: NDArray[Number], left: Rows, right: Rows, unknown: int) -> Levels:
    index = _INDEX[trait]
    a, b = column.take(left), column.take(right)
    level = either(a == b, index["same"], index["different"])
    if "missing" in index:
        level[np.flatnonzero((a == unknown) | (b == unknown))] = index["missing"]
    return level


def _surnames(records: Records, relations: Relations, left: Rows, right: Rows, minor_from: int) -> Levels:
    index = _INDEX["surname"]
    table = np.array([index[SURNAME_LEVELS[relation]] for relation in NameRelation], np.int8)
    birth, birth2 = records.birth.take(left), records.birth.take(right)
    level = np.full(len(left), index["exact"], np.int8)
    level[np.flatnonzero((birth < 0) | (birth2 < 0))] = index["missing"]
    todo = np.flatnonzero((birth != birth2) & (level == index["exact"]))
    a, b, birth, birth2 = left[todo], right[todo], birth[todo], birth2[todo]
    used, used2 = records.used.take(a), records.used.take(b)
    found = relations.of(birth, birth2)
    best = table.take(found)
    best[np.flatnonzero(found == NameRelation.SAME)] = index["particle"]
    *crossed, (one, two, new) = _others(birth, birth2, used, used2)
    in_law = (found == NameRelation.DIFFERENT) & (birth != used) & (birth2 != used2)
    of_used = table.take(relations.of(one, two))
    of_wives = np.maximum(of_used, index[SURNAME_LEVELS[IN_LAW]])
    best[new] = np.minimum(best[new], np.where(in_law[new], of_wives, of_used))
    for one, two, new in crossed:
        best[new] = np.minimum(best[new], table.take(relations.of(one, two)))
    unlike = np.flatnonzero((best == index["different"]) & (birth == used) & (birth2 == used2))
    best[unlike[_are_women(records, a[unlike], b[unlike], minor_from + MARRIAGEABLE)]] = index["married"]
    level[todo] = best
    return level


def _others(name: Ints, name2: Ints, used: Ints, used2: Ints) -> Iterator[tuple[Ints, Ints, Rows]]:
    """Yield the other ways to put two records' names side by side, and the rows where that is something new."""
    differs, differs2 = used != name, used2 != name2
    for one, two, is_new in ((name, used2, differs2), (used, name2, differs), (used, used2, differs & differs2)):
        new = np.flatnonzero(is_new)
        yield one[new], two[new], new


def _are_women(records: Records, a: Rows, b: Rows, born_before: int) -> Flags:
    women: Flags = (records.sex[a] == _FEMALE) & (records.sex[b] == _FEMALE)
    women &= (records.year[a] < born_before) & (records.year[b] < born_before)
    return women


def _givens(records: Records, relations: Relations, left: Rows, right: Rows) -> Levels:
    index = _INDEX["given"]
    head, head2 = records.head.take(left), records.head.take(right)
    level = np.full(len(left), index["exact"], np.int8)
    level[np.flatnonzero((head < 0) | (head2 < 0))] = index["missing"]
    are_initials = records.names.spelling.kinds.take(head) & INITIALS > 0
    todo = np.flatnonzero(((head != head2) | are_initials) & (level == index["exact"]))
    a, b, head, head2 = left[todo], right[todo], head[todo], head2[todo]
    best = relations.given_levels(head, head2)
    *crossed, (one, two, new) = _others(head, head2, records.used_head.take(a), records.used_head.take(b))
    for name, used, rows in crossed:
        best[rows] = np.minimum(best[rows], relations.given_levels(name, used))
    kept = np.flatnonzero(~_UNLIKE.take(best[new]))
    best[new[kept]] = np.minimum(best[new[kept]], relations.given_levels(one[kept], two[kept]))
    best[np.concatenate([_opens(records, a, b), _opens(records, b, a)])] = index["exact"]
    short = np.concatenate([_shortened(records, a, b), _shortened(records, b, a)])
    best[short] = np.minimum(best[short], index["initial"])
    unlike = np.flatnonzero(best > index["listed"])
    a, b = a[unlike], b[unlike]
    best[unlike[np.concatenate([_listed(records, a, b), _listed(records, b, a)])]] = index["listed"]
    near = np.flatnonzero((best == index["listed"]) | (best == index["compound"]))
    a, b = left[todo[near]], right[todo[near]]
    other = np.concatenate([_go_on_otherwise(records, relations, *sides) for sides in ((a, b), (b, a))])
    best[near[other]] = index["overlap"]
    level[todo] = best
    return level


def _go_on_otherwise(records: Records, relations: Relations, a: Rows, b: Rows) -> Rows:
    """Return the pairs where `a` writes in two words another compound first name than `b`: JEAN PIERRE, JEAN-PAUL."""
    rows = np.flatnonzero((records.head_words.take(a) == 1) & (records.head_words.take(b) == 2))
    rows = rows[records.word_counts.take(a[rows]) == 2]
    (first, second), (first2, second2) = (records.words[:2].take(side[rows], axis=1) for side in (a, b))
    kept = np.flatnonzero((first == first2) & (first >= 0) & (second >= 0) & (second2 >= 0))
    unlike = _UNLIKE.take(relations.given_levels(second[kept], second2[kept]))
    found: Rows = rows[kept[unlike]]
    return found


def _opens(records: Records, a: Rows, b: Rows) -> Rows:
    """Return the pairs whose compound first name of one is the first two names of the other.

    JEAN-PAUL and JEAN PAUL MARC.
    """
    rows = np.flatnonzero(records.head_words.take(a) == 2)
    a, b = a[rows], b[rows]
    first, second = records.words[0], records.words[1]
    same = np.flatnonzero((second[a] >= 0) & (second[a] == second[b]) & (first[a] == first[b]))
    longest = np.maximum(_lengths(records, first[a[same]]), _lengths(records, second[a[same]]))
    opened: Rows = rows[same[longest > 1]]
    return opened


def _lengths(records: Records, names: Ints) -> NDArray[np.int64]:
    """Return the length of each name, 0 for none."""
    return np.where(names < 0, 0, records.names.spelling.lengths(names))


def _shortened(records: Records, a: Rows, b: Rows) -> Rows:
    """Return the pairs where `a` writes the first word of the compound first name of `b` as a letter: J CLAUDE."""
    rows = np.flatnonzero((records.head_words.take(a) == 1) & (records.head_words.take(b) == 2))
    a, b = a[rows], b[rows]
    (letter, second), (full, second2) = (records.words[:2].take(side, axis=1) for side in (a, b))
    kept = np.flatnonzero((letter >= 0) & (full >= 0) & (second >= 0) & (second == second2))
    opening = records.names.spelling.opening
    opens: Rows = rows[kept[opening.take(letter[kept]) == opening.take(full[kept]) & _FIRST_LETTER]]
    return opens


def _listed(records: Records, a: Rows, b: Rows) -> Rows:
    """Return the pairs where a first or used name of `a`, of one word, stands further in the list of `b`."""
    rows = np.flatnonzero(records.head_marks.take(a) & records.word_marks.take(b))
    a, b = a[rows], b[rows]
    head, used_head = records.head[a], records.used_head[a]
    result = np.zeros(len(rows), np.bool_)
    for column in records.words:
        word = column[b]
        result |= (word >= 0) & (_lengths(records, word) > 1) & ((word == head) | (word == used_head))
    return rows[result]


def _other_givens(records: Records, relations: Relations, left: Rows, right: Rows) -> Levels:
    """Compare the given names after the first one."""
    index = _INDEX["other_given"]
    level = np.full(len(left), index["missing"], np.int8)
    counts = np.minimum(records.word_counts.take(left), records.word_counts.take(right))
    start = np.maximum(records.head_words.take(left), records.head_words.take(right))
    is_called = np.flatnonzero((start == 1) & (records.called_by_two.take(left) | records.called_by_two.take(right)))
    start[is_called] += records.words[1, left[is_called]] == records.words[1, right[is_called]]
    rows = np.flatnonzero(counts > start)
    a, b, start, counts = left[rows], right[rows], start[rows], counts[rows]
    first, second = (records.words[start, side] for side in (a, b))
    further = range(1, MOST_WORDS)
    words, others = ([records.words[number].take(side) for number in further] for side in (a, b))
    same, shared = np.ones(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    for number, word in zip(further, words, strict=True):
        is_tail = number >= start
        same &= (word == others[number - 1]) | ~is_tail | (number >= counts)
        is_tail &= word >= 0
        for place, other in zip(further, others, strict=True):
            shared |= (word == other) & is_tail & (place >= start)
    shared &= reduce(or_, ((word.take(b) == first) | (word.take(a) == second) for word in records.words))
    crossed = _are_crossed(records, a, b)
    result = either(shared & ~crossed, index["shared"], index["differ"])
    result[np.flatnonzero(same)] = index["same"]
    result[np.flatnonzero(same & (_lengths(records, first) == 1))] = index["shared"]
    result[np.flatnonzero((first < 0) | (second < 0))] = index["missing"]
    unsure = np.flatnonzero((result == index["differ"]) & ~crossed)
    near = relations.of(first[unsure], second[unsure]) < NameRelation.OVERLAP
    near &= ~_UNLIKE.take(relations.given_levels(first[unsure], second[unsure]))
    result[unsure[near]] = index["shared"]
    level[rows] = result
    silent = np.flatnonzero(level == index["missing"])
    level[silent[_are_called_otherwise(records, relations, left[silent], right[silent])]] = index["differ"]
    return level


def _are_crossed(records: Records, a: Rows, b: Rows) -> Flags:
    """Tell which first names stand further in each other's lists, of records called by two names."""
    one, other = records.words[0].take(a), records.words[0].take(b)
    in_a, in_b = (np.zeros(len(a), np.bool_) for _ in range(2))
    for word in records.words[1:]:
        in_a |= word.take(a) == other
        in_b |= word.take(b) == one
    are_apart = (one != other) & (records.used_head.take(a) != records.used_head.take(b))
    crossed: Flags = in_a & in_b & are_apart & (one >= 0) & (other >= 0)
    return crossed


def _are_called_otherwise(records: Records, relations: Relations, left: Rows, right: Rows) -> Flags:
    """Tell which records are each called by another name than their first, with nothing in common."""
    one, other = records.used_head.take(left), records.used_head.take(right)
    rows = np.flatnonzero((one != records.head.take(left)) & (other != records.head.take(right)))
    one, other = one[rows], other[rows]
    known = np.append(records.names.is_known, False)
    own = known[one] & known[other] & ~known[records.head[left[rows]]] & ~known[records.head[right[rows]]]
    listed = np.zeros(len(rows), np.bool_)
    for word in records.words:
        first, second = word.take(left[rows]), word.take(right[rows])
        own |= (first == one) | (second == other)
        listed |= (second == one) | (first == other)
    result = np.zeros(len(left), np.bool_)
    result[rows] = _UNLIKE.take(relations.given_levels(one, other)) & own & ~listed
    return result


def _swapped(records: Records, relations: Relations, left: Rows, right: Rows, levels: tuple[Levels, Levels]) -> Rows:
    """Return the pairs where one record has its family name in the place of the given name, and the reverse."""
    surname, given = levels
    unlike = np.flatnonzero((surname > _INDEX["surname"]["particle"]) & (given > _INDEX["given"]["listed"]))
    a, b = left[unlike], right[unlike]
    # One of the two names at least must be the very same: few records share the mark of one.
    family, given_name = records.family_marks, records.given_marks
    crossing = (family.take(a) & given_name.take(b)) | (family.take(b) & given_name.take(a))
    rows = np.flatnonzero(crossing)
    a, b = a[rows], b[rows]
    first, second = _crossed(records, relations, a, b), _crossed(records, relations, b, a)
    strong = (first <= NameRelation.SAME) | (second <= NameRelation.SAME)
    return unlike[rows[strong & (first <= NameRelation.TYPO) & (second <= NameRelation.TYPO)]]


def _crossed(records: Records, relations: Relations, a: Rows, b: Rows) -> Levels:
    """Return the closest relation of a family name of `a` and a given name of `b`; two known names are no slip."""
    best = np.full(len(a), NameRelation.DIFFERENT, np.int8)
    birth, used, head, used_head = records.birth, records.used, records.head, records.used_head
    # Not the used names of both, which a program may fill with one word for everybody.
    for family, given in ((birth, head), (birth, used_head), (used, head)):
        one, other = family[a], given[b]
        found = relations.of(one, other)
        near = np.flatnonzero((found > NameRelation.SAME) & (found <= NameRelation.TYPO))
        found[near[_UNLIKE.take(relations.given_levels(one[near], other[near]))]] = NameRelation.DIFFERENT
        best = np.minimum(best, found)
    return best


def _dates(records: Records, left: Rows, right: Rows) -> Levels:
    index = _INDEX["birth_date"]
    one, other = records.date.take(left), records.date.take(right)
    fictitious = records.fictitious.take(left) | records.fictitious.take(right)
    level = either(fictitious, index["exact_fictitious"], index["exact"])
    unlike = np.flatnonzero(one != other)
    level[unlike] = index["different"]
    first, second = one[unlike], other[unlike]
    year, year2 = first // 10000, second // 10000
    rows = np.flatnonzero(year == year2)
    level[unlike[rows]] = _same_year(first[rows], second[rows], fictitious[unlike[rows]])
    # Two days of one name in the year: dates apart by whole years.
    rows = np.flatnonzero(first - second == (year - year2) * 10000)
    slip = either(fictitious[unlike[rows]], index["presumed"], index["year_slip"])
    level[unlike[rows]] = np.where(_is_year_slip(year[rows], year2[rows]), slip, np.int8(index["year"]))
    level[np.flatnonzero((one == 0) | (other == 0))] = index["missing"]
    return level


def _same_year(one: Ints, other: Ints, fictitious: Flags) -> Levels:
    index = _INDEX["birth_date"]
    month, day, month2, day2 = one // 100 % 100, one % 100, other // 100 % 100, other % 100
    level = np.full(len(one), index["same_year"], np.int8)
    rows = np.flatnonzero(day == day2)
    level[rows] = either(_SLIPS[month[rows], month2[rows]], index["month_slip"], index["month"])
    rows = np.flatnonzero(month == month2)
    level[rows] = either(_SLIPS[day[rows], day2[rows]], index["day_slip"], index["day"])
    level[np.flatnonzero(fictitious)] = index["presumed"]
    level[np.flatnonzero((month == day2) & (day == month2))] = index["swapped"]
    return level


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
    own, other = records.place.take(left), records.place.take(right)
    in_ins, other_ins = records.ins_own_place.take(left), records.ins_own_place.take(right)
    level = np.full(len(left), index["same"], np.int8)
    years = records.year.take(left), records.year.take(right)
    is_early = _known_early(years[0]) | _known_early(years[1])
    unlike = np.flatnonzero(own != other)
    level[unlike] = _unlike_places(records.places, own[unlike], other[unlike], is_early[unlike])
    level[np.flatnonzero((own == other) & records.places.is_area.take(own))] = index["missing"]
    level[np.flatnonzero((own == other) & _are_countries(records.places, own, is_early))] = index["country"]
    level[np.flatnonzero((own < 0) | (other < 0))] = index["missing"]
    # Where a record tells no place, that of its matricule stands for it; one matricule says nothing against itself.
    alone = np.flatnonzero(((own >= 0) & (other < 0) & (other_ins >= 0)) | ((own < 0) & (other >= 0) & (in_ins >= 0)))
    alone = alone[records.ins[left[alone]] != records.ins[right[alone]]]
    told, inside = np.maximum(own, other)[alone], np.where(own < 0, in_ins, other_ins)[alone]
    level[alone] = _BY_INS.take(_unlike_places(records.places, told, inside, is_early[alone]))
    by_one = (own >= 0) & (own == other_ins)
    crossed = by_one | (in_ins >= 0) & ((in_ins == other) | (in_ins == other_ins))
    rows = np.flatnonzero(crossed & (level != index["same"]) & (level != index["country"]))
    named = own[rows], other[rows], np.where(by_one, own, in_ins)[rows]
    is_abroad = reduce(or_, (_are_countries(records.places, places, is_early[rows]) for places in named))
    level[rows] = either(is_abroad, index["country"], index["in_ins"])
    return level


def _are_countries(places: Places, place: Ints, is_early: Flags) -> Flags:
    """Tell which places are countries for who was born so early."""
    return places.is_abroad.take(place) | is_early & places.was_colonial.take(place)


def _known_early(year: Ints) -> Flags:
    early: Flags = (year > 0) & (year <= LAST_COLONIAL_YEAR)
    return early


def _unlike_places(places: Places, one: Ints, two: Ints, is_early: Flags) -> Levels:
    """Return the levels of pairs of places under two codes, some of people born when a code meant two countries."""
    index = _INDEX["birth_place"]
    departments = places.departments.take(one)
    same_department = (departments == places.departments.take(two)) & (departments >= 0)
    found = either(same_department, index["department"], index["different"])
    found[np.flatnonzero(same_department & (places.is_area.take(one) | places.is_area.take(two)))] = index["missing"]
    # Two places that each stand alone have at most a département in common; and places that share no mark, nothing.
    is_related = (places.marks.take(one) & places.marks.take(two)) != 0
    is_related &= ~(places.is_alone.take(one) & places.is_alone.take(two))
    was_one, was_two = places.was_colonial.take(one), places.was_colonial.take(two)
    may_one, may_two = places.may_be_colonial.take(one), places.may_be_colonial.take(two)
    is_related |= is_early & ((was_one & (may_two | was_two)) | (was_two & may_one))
    related = np.flatnonzero(is_related)
    found[related] = _known_places(places, one[related], two[related], is_early[related])
    return found


def _known_places(places: Places, one: Ints, two: Ints, is_early: Flags) -> Levels:
    """Return the levels of pairs of places that may be one under two codes, each pair looked up once."""
    width = len(places.codes)
    pairs, where = unique((one.astype(np.int64) * width + two) * 2 + is_early)
    for pair in pairs.tolist():
        if pair not in places.levels:
            a, b = (places.codes[place] for place in divmod(pair // 2, width))
            agreement = compare_places(a, b, LAST_COLONIAL_YEAR if pair % 2 else None)
            places.levels[pair] = _INDEX["birth_place"][PLACE_LEVELS[agreement]]
    return np.array([places.levels[pair] for pair in pairs.tolist()], np.int8)[where]


def _ages(records: Records, left: Rows, right: Rows, minor_from: int) -> Levels:
    index = _INDEX["age"]
    one, two = records.year.take(left), records.year.take(right)
    level = either(np.maximum(one, two) >= minor_from, index["minor"], index["adult"])
    level[np.flatnonzero(np.minimum(one, two) == 0)] = index["missing"]
    return level


def _matricules(records: Records, left: Rows, right: Rows) -> Levels:
    index = _INDEX["ins"]
    level = np.full(len(left), index["missing"], np.int8)
    one, two = records.ins.take(left), records.ins.take(right)
    both = np.flatnonzero(np.minimum(one, two) >= 0)
    one, two = one[both], two[both]
    own, other_own = records.ins_coherent[left[both]], records.ins_coherent[right[both]]
    coherent = own & other_own
    # An odd first sign is a man's.
    couple = (records.ins_signs.take(one) ^ records.ins_signs.take(two)) >> np.uint64(56) & np.uint64(1) > 0
    couple &= _are_parents(records, left[both], one) & _are_parents(records, right[both], two)
    wrong_dates = ~(own | other_own | couple)
    # The first of fifteen signs of four bits: 7 or 8 of who waits for a NIR.
    waiting = records.ins_signs >> np.uint64(56) >= np.uint64(int(min(WAITING)))
    are_of_one_kind = waiting.take(one) == waiting.take(two)
    are_two = (coherent | wrong_dates) & are_of_one_kind
    found = either(are_two, index["different"], index["different_incoherent"])
    found[_near_matricules(records, one, two)] = index["near"]
    same = np.flatnonzero(one == two)
    found[same] = either(coherent[same], index["same"], index["same_incoherent"])
    level[both] = found
    return level


def _are_parents(records: Records, rows: Rows, ins: Ints) -> Flags:
    """Tell which matricules are of an age to be a parent's, and not the person's own."""
    signs = records.ins_signs.take(ins)
    year = (signs >> np.uint64(52) & np.uint64(15)) * np.uint64(10) + (signs >> np.uint64(48) & np.uint64(15))
    born = records.year.take(rows)
    older = (born - year.astype(np.int32)) % 100
    return (born > 0) & (older >= PARENTS[0]) & (older <= PARENTS[1])


def _near_matricules(records: Records, one: Ints, two: Ints) -> Rows:
    """Return the pairs of one sign wrong, or of two neighbours turned round: what one slip does to a matricule."""
    differ = records.ins_signs.take(one) ^ records.ins_signs.take(two)
    # Four bits a sign: one bit for each sign that differs.
    differ |= differ >> np.uint64(2)
    differ = (differ | differ >> np.uint64(1)) & _SIGN_BITS
    count = np.bitwise_count(differ)
    neighbours = np.flatnonzero((count == 2) & (differ & differ >> np.uint64(4) != 0))
    table = records.ins_values.view(np.uint8).reshape(-1, records.ins_values.itemsize)
    a, b = table[one[neighbours]], table[two[neighbours]]
    turned = ((a[:, :-1] != b[:, :-1]) & (a[:, :-1] == b[:, 1:]) & (a[:, 1:] == b[:, :-1])).any(axis=1)
    return np.concatenate([np.flatnonzero(count == 1), neighbours[turned]])


def _addresses(records: Records, left: Rows, right: Rows) -> Levels:
    index = _INDEX["address"]
    one, two = records.postcode.take(left), records.postcode.take(right)
    department = records.departments.take(one) == records.departments.take(two)
    level = either(department, index["department"], index["different"])
    near = np.flatnonzero(one == two)
    street, street2 = records.street[left[near]], records.street[right[near]]
    level[near] = either(_same_streets(records, street, street2), index["same"], index["postcode"])
    rows = np.flatnonzero(department & (one != two) & (np.minimum(one, two) >= 0))
    level[_same_towns(records, left, right, rows)] = index["postcode"]
    level[_same_houses(records, left, right)] = index["near"]
    level[np.flatnonzero(np.minimum(one, two) < 0)] = index["missing"]
    return level


def _same_streets(records: Records, one: Ints, two: Ints) -> Flags:
    """Tell which pairs of lines of one postcode are one place."""
    same: Flags = (one == two) & (one >= 0)
    differ = np.flatnonzero((np.minimum(one, two) >= 0) & ~same)
    first, second = (records.street_numbers[street[differ]] for street in (one, two))
    differ = differ[(first == second) | (np.minimum(first, second) == 0)]
    same[differ] = _tell(same_street, records.streets, one[differ], two[differ])
    return same


def _same_towns(records: Records, left: Rows, right: Rows, rows: Rows) -> Rows:
    """Return, of pairs of two postcodes of one department, those of one town that a slip tells apart."""
    town, town2 = records.town.codes[left[rows]], records.town.codes[right[rows]]
    one, two = records.postcode[left[rows]], records.postcode[right[rows]]
    number, number2 = records.postcode_numbers.take(one), records.postcode_numbers.take(two)
    # Within a department the last three digits differ.
    is_near = np.isin(np.abs(number - number2), _APART[_APART < 1000])
    may_be = np.flatnonzero((is_near | (np.minimum(number, number2) < 0)) & (np.minimum(town, town2) >= 0))
    may_be = may_be[_tell(is_slip, records.postcodes, one[may_be], two[may_be])]
    same: Rows = rows[may_be[_tell(same_town, records.town.values, town[may_be], town2[may_be])]]
    return same


def _same_houses(records: Records, left: Rows, right: Rows) -> Rows:
    """Return the pairs of one numbered house under two postcodes that a slip tells apart."""
    street, postcode = ((column.take(left), column.take(right)) for column in (records.street, records.postcode))
    rows = np.flatnonzero((np.minimum(*street) >= 0) & (np.minimum(*postcode) >= 0) & (postcode[0] != postcode[1]))
    numbers = [records.street_numbers.take(side[rows]) for side in street]
    rows = rows[(numbers[0] == numbers[1]) & (numbers[0] > 0)]
    rows = rows[_same_streets(records, *(side[rows] for side in street))]
    near: Rows = rows[_tell(is_slip, records.postcodes, *(side[rows] for side in postcode))]
    return near


def _tell(tells: Callable[[str, str], bool], values: pa.StringArray, one: Ints, two: Ints) -> Flags:
    """Tell something of pairs of texts, which are given by their index; each two are read once."""
    pairs, where = unique(one.astype(np.int64) << 32 | two)
    first, second = (values.take(number_column(rows)).to_pylist() for rows in (pairs >> 32, pairs & _LOW))
    return np.fromiter(map(tells, first, second), np.bool_, len(pairs))[where]


def _phones(records: Records, left: Rows, right: Rows) -> Levels:
    index = _INDEX["phone"]
    level = _equality("phone", records.phone, left, right, unknown=0)
    level[_near_phones(records.phone.take(left), records.phone.take(right))] = index["near"]
    homes = np.flatnonzero(records.in_shared_home.take(left) | records.in_shared_home.take(right))
    homes = homes[(level[homes] == index["same"]) | (level[homes] == index["near"])]
    homes = homes[_are_landlines(records.phone[left[homes]]) | _are_landlines(records.phone[right[homes]])]
    level[homes] = index["missing"]
    return level


def _are_landlines(phone: Longs) -> Flags:
    opening = phone // 10**8
    found: Flags = (opening > 0) & (opening < 10) & (opening != 6) & (opening != 7)
    return found


def _near_phones(one: Longs, two: Longs) -> Rows:
    """Return the pairs of numbers of one digit wrong, or of two neighbours turned round."""
    apart = np.abs(one - two)
    where = np.minimum(np.searchsorted(_APART, apart), len(_APART) - 1)
    rows = np.flatnonzero((_APART.take(where) == apart) & (np.minimum(one, two) > 0))
    pairs = zip(one[rows].tolist(), two[rows].tolist(), strict=True)
    slips = np.fromiter((is_slip(written_phone(a), written_phone(b)) for a, b in pairs), np.bool_, len(rows))
    near: Rows = rows[slips]
    return near


def _emails(records: Records, left: Rows, right: Rows) -> Levels:
    """Compare addresses, and the given name that an address opens with."""
    index = _INDEX["email"]
    one, two = records.email.take(left), records.email.take(right)
    own, other = records.email_is_own.take(left), records.email_is_own.take(right)
    level = np.full(len(left), index["different"], np.int8)
    level[np.flatnonzero(np.minimum(one, two) < 0)] = index["missing"]
    same = np.flatnonzero((one == two) & (one >= 0))
    found = either(own[same] | other[same], index["named"], index["same"])
    found[own[same] & other[same]] = index["own"]
    level[same] = found
    crossed = np.concatenate([_opens_with(records, left, right, own), _opens_with(records, right, left, other)])
    level[crossed[level[crossed] >= index["different"]]] = index["crossed"]
    return level


def _opens_with(records: Records, a: Rows, b: Rows, is_own: Flags) -> Rows:
    """Return the pairs where the address of `a`, not its own, opens with a first or used given name of `b`."""
    name = records.email_name.take(a)
    rows = np.flatnonzero((name >= 0) & ~is_own)
    name, b = name[rows], b[rows]
    compact = records.names.compact_ids
    result = np.zeros(len(rows), np.bool_)
    for known in (records.head[b], records.used_head[b]):
        result |= (known >= 0) & (name == compact[known])
    return rows[result]
