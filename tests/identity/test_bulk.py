"""A whole file compared by columns: what it must not depend on, and what no file may make it do."""

import random
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from identity.bulk import engine
from identity.bulk.blocking import (
    ALL_KINDS,
    MOST_REFINED_TOGETHER,
    NEIGHBOURS,
    REGION,
    candidate_pairs,
    kinds_for,
)
from identity.bulk.engine import Match
from identity.bulk.records import COLUMNS, prepare
from identity.ins import nir_key
from identity.widespread import MOST_BEARERS
from tests.identity.factories import model

Line = dict[str, str | None]

JEANNE: Line = {
    "source": "A",
    "birth_family": "DURAND",
    "used_family": "MOREL",
    "given_names": "JEANNE MARIE",
    "birth_date": "1946-03-14",
    "sex": "F",
    "birth_place": "58194",
    "address": "12 rue des Lilas",
    "postcode": "58000",
    "phone": "0612345679",
    "email": "jeanne.morel@exemple.fr",
}
SURNAMES = ("MARTIN", "DURAND", "LEFEVRE", "ROUX", "DE LA TOUR", "NGUYEN", "BENALI", "D'ARTAGNAN")
GIVENS = ("JEAN", "MARIE HELENE", "PAUL", "ZOE", "JEAN-PAUL", "AICHA", "LEA", "HUGO")


def as_table(lines: Sequence[Line]) -> pa.Table:
    return pa.table({name: pa.array([line.get(name) for line in lines], pa.string()) for name in COLUMNS})


def match(lines: Sequence[Line]) -> Match:
    return engine.match(prepare(as_table(lines)), model(), lambda stage, done, total: None)


def found(lines: Sequence[Line], names: Sequence[int]) -> set[tuple[frozenset[int], float, bool]]:
    """Return what was found on each pair, the records by their names."""
    result = match(lines)
    pairs = result.scored.pairs
    return {
        (frozenset((names[left], names[right])), bits, inside)
        for left, right, bits, inside in zip(
            pairs.left.tolist(),
            pairs.right.tolist(),
            result.scored.bits.tolist(),
            result.persons.inside.tolist(),
            strict=True,
        )
    }


def people(count: int, seed: int = 5) -> list[Line]:
    rng = random.Random(seed)
    lines: list[Line] = []
    while len(lines) < count:
        line = JEANNE | {
            "source": rng.choice("AB"),
            "birth_family": rng.choice(SURNAMES),
            "used_family": None,
            "given_names": rng.choice(GIVENS),
            "birth_date": f"19{rng.randrange(40, 60)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 28):02d}",
            "sex": rng.choice("MF"),
            "phone": f"06{rng.randrange(10**7, 10**7 + 40):08d}",
            "email": None,
            "address": f"{rng.randrange(1, 200)} rue des Lilas",
        }
        lines += [line, line | {"birth_family": str(line["birth_family"]).replace("T", "TT", 1)}]
    return lines[:count]


def test_the_order_of_the_file_changes_no_pair_and_no_person() -> None:
    lines = people(400)
    order = list(range(400))
    random.Random(7).shuffle(order)

    expected = found(lines, range(400))

    assert found([lines[number] for number in order], order) == expected
    assert any(inside for _, _, inside in expected)


def test_accents_case_and_hyphens_change_no_score() -> None:
    plain = people(200)
    spelled = {"LEFEVRE": "Lefèvre", "ZOE": "Zoé", "JEAN-PAUL": "jean-paul", "DE LA TOUR": "de La-Tour", "LEA": "Léa"}

    written = [
        line
        | {name: spelled.get(str(line[name]), str(line[name]).lower()) for name in ("birth_family", "given_names")}
        for line in plain
    ]

    assert found(written, range(200)) == found(plain, range(200))


def test_the_person_of_a_record_is_the_first_of_its_records() -> None:
    other = JEANNE | {"source": "C", "birth_family": "ZWEIG", "given_names": "OTTO", "birth_date": "1980-02-03"}

    result = match([other | {"phone": None, "email": None}, JEANNE, JEANNE | {"source": "B"}])

    assert result.persons.person.tolist() == [0, 1, 1]


def test_ten_thousand_placeholder_records_make_no_pair() -> None:
    blank: Line = {
        "source": "A",
        "birth_family": "INCONNU",
        "given_names": "X",
        "birth_date": "1900-01-01",
        "sex": "U",
    }

    result = match([blank] * 10_000)

    assert len(result.scored.bits) == 0
    assert result.persons.person.tolist() == list(range(10_000))
    assert prepare(as_table([blank] * 3)).unreadable == dict.fromkeys(
        ("birth_family", "given_names", "birth_date"), (3, 0)
    )


def test_ten_thousand_records_of_one_person_are_bounded_and_told() -> None:
    result = match([JEANNE] * 10_000)

    assert len(result.scored.bits) < 10_000 * NEIGHBOURS
    assert result.persons.person.tolist() == [0] * 10_000
    assert set(result.unexamined) >= {"date-name", "names"}
    assert result.widespread == {"phone": 10_000, "email": 10_000, "home-sex": 10_000}


RECEPTION: Line = {
    "address": "5 place d'Arsonval",
    "postcode": "69003",
    "phone": "0472119900",
    "email": "region@sante.example",
}


@pytest.mark.parametrize(("bearers", "counts"), [(MOST_BEARERS, True), (MOST_BEARERS + 1, False)])
def test_what_too_many_bear_does_not_count(bearers: int, counts: bool) -> None:
    """A reception writes its own telephone, mail and address for whoever gives none."""
    one: Line = {
        "source": "A",
        "birth_family": "MARTIN",
        "given_names": "MARIE",
        "birth_date": "1950-03-12",
        "sex": "F",
    }
    others = one | {"source": "B", "birth_date": "1950-03-15", "given_names": "MARIE JEANNE"}
    strangers: list[Line] = [
        {
            "source": "C",
            "birth_family": f"X{_letters(rank)}",
            "given_names": "ZOE",
            "birth_date": "1999-01-08",
            "sex": "F",
        }
        for rank in range(bearers - 2)
    ]
    bare = match([line | {"postcode": "69003"} for line in (one, others, *strangers)])

    told = match([line | RECEPTION for line in (one, others, *strangers)])

    assert (_score_of_first(told) == _score_of_first(bare)) is not counts
    assert told.widespread == ({} if counts else dict.fromkeys(("home-sex", "phone", "email"), bearers))


def _letters(number: int) -> str:
    return "".join("BCDFGHJKLM"[int(digit)] + "A" for digit in f"{number:03d}")


def _score_of_first(result: Match) -> float:
    pairs = result.scored.pairs
    (row,) = np.flatnonzero((pairs.left == 0) & (pairs.right == 1))
    return float(result.scored.bits[row])


def test_a_hundred_records_of_one_name_and_nothing_else_are_bounded_and_told() -> None:
    bare: Line = {"birth_family": "DURAND", "given_names": "JEANNE"}

    result = match([bare] * 100)

    assert 0 < len(result.scored.bits) < 100 * NEIGHBOURS
    assert result.unexamined == {"names": 100 * 99 // 2}


def test_homonyms_are_compared_only_where_they_agree_on_something_else() -> None:
    bare: Line = {"birth_family": "DURAND", "given_names": "JEANNE"}
    lines = [
        bare | {"birth_date": f"{1920 + rank}-{1 + rank % 12:02d}-10", "postcode": f"{rank:05d}"}
        for rank in range(80)
    ]
    lines += [bare | {"birth_date": "1975-06-21", "postcode": "00007"}]

    pairs = match(lines).scored.pairs

    assert (7, 80) in set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    assert len(pairs.left) < 81 * 80 // 2 // 2


@pytest.mark.parametrize("dated", [True, False], ids=["with dates", "without any date"])
def test_one_surname_for_everybody_is_bounded(dated: bool) -> None:
    rng = random.Random(3)
    lines = [
        line | {"birth_family": "MARTIN", "phone": None} | ({} if dated else {"birth_date": None})
        for line in people(20_000)
    ]
    for line in lines:
        line["given_names"] = "".join(rng.choice("BCDLMNRT") + rng.choice("AEIOU") for _ in range(3))

    result = match(lines)

    assert len(result.scored.bits) < 20_000 * 100


def test_names_of_four_thousand_letters_are_left_aside() -> None:
    rng = random.Random(9)
    lines = [
        JEANNE
        | {
            "birth_family": "".join(rng.choice("ABCDEFG") for _ in range(4000)),
            "used_family": None,
            "given_names": " ".join(rng.choice(GIVENS) for _ in range(800)),
            "address": "x" * 4000,
            "email": "a" * 4000,
        }
        for _ in range(300)
    ]
    tracemalloc.start()

    match(lines)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert prepare(as_table(lines)).unreadable == dict.fromkeys(("birth_family", "email"), (300, 0))
    assert peak < 100e6


def test_names_that_no_key_can_hold_are_counted_as_unreadable() -> None:
    scripts = ("Иванов", "王", "محمد", "\ud7ff\U0001f600", "???", "  ", "\u00a0")

    records = prepare(as_table([JEANNE | {"birth_family": name, "used_family": None} for name in scripts]))

    assert records.birth.tolist() == [-1] * len(scripts)
    # What is blank is no value at all.
    assert records.unreadable["birth_family"] == (len(scripts) - 2, 0)


@pytest.mark.parametrize(("his", "hers"), [("JO?L", "JO?LLE"), ("REN?", "REN?E"), ("FRAN?OIS", "FRAN?OISE")])
def test_a_letter_that_was_lost_ends_no_name(his: str, hers: str) -> None:
    """JO and what follows would make one name of a brother's and a sister's."""
    home: Line = {
        "source": "A",
        "birth_family": "GRANDVALET",
        "birth_date": "2011-03-08",
        "address": "3 rue du Puits",
    }
    home |= {"postcode": "69003", "phone": "0655555503", "birth_place": "69123"}

    result = match([home | {"given_names": his, "sex": "M"}, home | {"given_names": hers, "sex": "F"}])

    assert result.persons.person.tolist() == [0, 1]


def test_a_sign_for_nothing_is_no_name() -> None:
    records = prepare(
        as_table([JEANNE | {"given_names": name, "used_given": None} for name in ("?", "???", "JEAN ?")])
    )

    assert records.head.tolist()[:2] == [-1, -1]
    assert records.word_counts.tolist()[2] == 1


def test_names_whose_encoding_was_broken_are_mended() -> None:
    records = prepare(as_table([JEANNE | {"given_names": name} for name in ("FranÃ§oise", "Françoise", "FRANCOISE")]))

    assert len(set(records.head.tolist())) == 1


def test_a_file_of_nothing_but_sources_has_no_pair() -> None:
    result = match([{"source": "A"}, {"source": "A"}, {}])

    assert (len(result.scored.bits), result.persons.person.tolist()) == (0, [0, 1, 2])


def test_what_cannot_be_read_is_counted_by_column() -> None:
    wrong = {"birth_date": "14/03/46", "sex": "X", "birth_place": "5819", "ins": "1", "phone": "12", "email": "a@b"}

    lines = [JEANNE, JEANNE | wrong, JEANNE | {"phone": "12"}]

    assert prepare(as_table(lines)).unreadable == dict.fromkeys(wrong, (1, 1)) | {"phone": (2, 1)}
    assert np.isfinite(match(lines).scored.bits).all()


def test_a_small_file_is_blocked_by_one_trait_alone() -> None:
    one: Line = {"birth_family": "DURAND", "given_names": "JEANNE", "birth_date": "1946-03-14", "sex": "F"}
    other: Line = {"birth_family": "VERDIER", "given_names": "PAULE", "birth_date": "1946-03-14", "sex": "F"}

    pairs = match([one, other]).scored.pairs

    assert (pairs.left.tolist(), pairs.right.tolist()) == ([0], [1])


def test_a_large_file_is_not_blocked_by_one_trait_alone() -> None:
    assert set(kinds_for(1_000_000)) < set(kinds_for(40_000)) < set(kinds_for(10)) == set(ALL_KINDS)
    assert not {"date", "surname", "given", "street", "postcode"} & set(kinds_for(1_000_000))
    assert kinds_for(1_000_000, wide=True) == ALL_KINDS


def test_a_key_that_many_share_is_refined_in_a_large_file_and_not_in_a_small_one() -> None:
    days = [f"{1930 + number}-{1 + number % 12:02d}-{1 + number:02d}" for number in range(MOST_REFINED_TOGETHER // 3)]
    records = prepare(as_table([{"birth_family": "DURAND", "birth_date": day} for day in days]))

    small, large = candidate_pairs(records), candidate_pairs(records, size=REGION)

    assert len(small.left) == len(days) * (len(days) - 1) // 2
    assert (len(large.left), large.unexamined) == (0, {})


def test_two_matricules_are_two_persons_and_who_is_as_like_one_as_the_other_is_neither() -> None:
    home = {"address": "12 rue des Lilas", "birth_date": "1946-03-14", "birth_place": "58194"}
    first, second = ("2460358194001" + nir_key("2460358194001"), "2460358194125" + nir_key("2460358194125"))
    one, without, other = (
        JEANNE | home | {"source": source, "ins": ins}
        for source, ins in zip("ABC", (first, None, second), strict=True)
    )

    found = match([one, without, other])
    _, review = found.persons.decide(found.scored)

    assert found.persons.person.tolist() == [0, 1, 2]
    assert review.all()


def test_who_is_much_more_like_one_of_two_matricules_is_that_person() -> None:
    first, second = ("2460358194001" + nir_key("2460358194001"), "2460358194125" + nir_key("2460358194125"))
    known = JEANNE | {"birth_date": "1946-03-14", "birth_place": "58194"}
    home = {"address": "12 rue des Lilas", "postcode": "58000", "phone": "0612345679"}
    other = known | {"source": "C", "ins": second, "address": None, "phone": None, "email": None}

    found = match([known | home | {"ins": first}, known | home | {"source": "B"}, other])

    assert found.persons.person.tolist() == [0, 0, 2]


def test_a_record_that_is_like_two_children_of_one_home_does_not_make_one_of_them() -> None:
    home = {"birth_date": "2012-03-12", "birth_place": "58194", "address": "12 rue des Lilas"}
    names = ("MARIE-CLAIRE", "MARIE-ANNE", "MARIE")
    children = [
        JEANNE | home | {"source": source, "given_names": given, "used_given": None}
        for source, given in zip("ABC", names, strict=True)
    ]

    persons = match(children).persons.person.tolist()

    assert persons[0] != persons[1]


def test_a_number_to_wait_with_and_a_nir_are_one_person() -> None:
    waiting, nir = ("8460358194077" + nir_key("8460358194077"), "2460358194001" + nir_key("2460358194001"))

    persons = match([JEANNE | {"ins": waiting}, JEANNE | {"source": "B", "ins": nir}]).persons.person.tolist()

    assert persons == [0, 0]


def test_a_file_of_one_name_that_looks_known_is_read() -> None:
    # ALAIN without its space, but AL is an article.
    assert len(match([{"source": "A", "used_given": "AL AIN"}]).persons.person) == 1


@pytest.mark.parametrize(("family", "together"), [("ABITBON", True), ("DURAND", False)])
def test_a_record_that_bears_both_given_names_joins_them_where_the_family_name_is_rare(
    family: str, together: bool
) -> None:
    both = JEANNE | {"birth_family": family, "given_names": "PHOENIX MELANIE", "sex": "M", "phone": None}
    both |= {"used_family": None, "email": None}
    moved = {"source": "A", "given_names": "PHOENIX", "address": "3 place du Marché", "postcode": "58200"}
    found = match([both | moved, both | {"source": "B"}, both | {"source": "C", "given_names": "MELANIE"}])
    link, review = found.persons.decide(found.scored)

    # Twins by the rule: what is near by its score alone is no contradiction, what is far keeps them apart, and who is
    # as like the one as the other is left to an officer.
    assert found.persons.person.tolist() == ([0, 0, 0] if together else [0, 1, 2])
    assert (link.sum(), review.sum()) == ((3, 0) if together else (0, 2))
