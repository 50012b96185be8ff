"""Intervals against published values and their definition; agreement against Cohen's own table."""

from math import comb

import pytest

from identity.intervals import Agreement, pairs_needed, rate


@pytest.mark.parametrize(
    ("hits", "size", "low", "high"),
    [
        # R: binom.test(x, n)$conf.int
        (0, 10, 0.0, 0.3084971),
        (1, 10, 0.0025286, 0.4450161),
        (5, 10, 0.1870860, 0.8129140),
        (10, 10, 0.6915029, 1.0),
        (0, 300, 0.0, 0.0122211),
        (3, 300, 0.0020671, 0.0289441),
        (8, 20, 0.1911901, 0.6394574),
    ],
)
def test_the_interval_is_that_of_clopper_and_pearson(hits: int, size: int, low: float, high: float) -> None:
    found = rate(hits, size)

    assert found.value == hits / size
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


@pytest.mark.parametrize(("hits", "size"), [(1, 7), (4, 50), (49, 50), (120, 1000)])
def test_each_bound_leaves_a_tail_of_two_and_a_half_percent(hits: int, size: int) -> None:
    found = rate(hits, size)

    def at_most(count: int, share: float) -> float:
        return sum(comb(size, item) * share**item * (1 - share) ** (size - item) for item in range(count + 1))

    assert at_most(hits, found.high) == pytest.approx(0.025, abs=1e-9)
    assert 1 - at_most(hits - 1, found.low) == pytest.approx(0.025, abs=1e-9)


def test_an_empty_sample_says_nothing() -> None:
    found = rate(0, 0)

    assert (found.value, found.low, found.high) == (None, 0.0, 1.0)


@pytest.mark.parametrize(("hits", "size"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(hits: int, size: int) -> None:
    with pytest.raises(ValueError, match="hits"):
        rate(hits, size)


@pytest.mark.parametrize(("one_in", "pairs"), [(2, 5), (100, 299), (1000, 2995), (10_000, 29_956)])
def test_the_pairs_needed_follow_the_rule_of_three(one_in: int, pairs: int) -> None:
    found = pairs_needed(one_in)

    assert found == pairs
    assert (1 - 1 / one_in) ** found <= 0.05 < (1 - 1 / one_in) ** (found - 1)
    if one_in > 10:
        assert found == pytest.approx(3 * one_in, rel=0.01)


@pytest.mark.parametrize("one_in", [1, 0, -3])
def test_no_number_of_pairs_shows_an_impossible_rate(one_in: int) -> None:
    with pytest.raises(ValueError, match="one in two"):
        pairs_needed(one_in)


def test_kappa_is_that_of_the_textbook() -> None:
    # Fleiss, Levin, Paik: 20 and 15 agreed, 5 and 10 not: observed 0.7, expected 0.5.
    found = Agreement(20, 5, 10, 15)

    assert found.rate.value == 0.7
    assert found.kappa == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("table", "kappa"),
    [((10, 0, 0, 10), 1.0), ((0, 10, 10, 0), -1.0), ((5, 5, 5, 5), 0.0), ((12, 0, 0, 0), None), ((0, 0, 0, 0), None)],
    ids=["agreed", "opposed", "chance", "one word", "nobody"],
)
def test_kappa_at_its_ends(table: tuple[int, int, int, int], kappa: float | None) -> None:
    assert Agreement(*table).kappa == (kappa if kappa is None else pytest.approx(kappa))
