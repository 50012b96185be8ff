"""Figures of a model on pairs whose truth is known."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from identity import evaluation, model_comparison
from identity.bulk import clusters
from identity.bulk.comparison import Pairs
from identity.bulk.scoring import Scored, Verdicts
from identity.evaluation import Cause, Figures, Truth
from identity.model import TERMS, parse_model, write_model
from tests.identity.factories import model

LINK, REVIEW = 6.0, 0.0


def scored(*pairs: tuple[int, int, float]) -> Scored:
    """Make scored pairs of records."""
    left, right = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    bits = np.array([pair[2] for pair in pairs], np.float64)
    none = np.zeros(len(pairs), np.bool_)
    link = bits >= LINK
    return Scored(
        pairs=Pairs(left, right, {}, (left, left), (left, left)),
        verdicts=Verdicts(
            bits=bits,
            probability=1 / (1 + np.exp2(-bits)),
            vetoed=none,
            contradicts=none,
            link=link,
            review=(bits >= REVIEW) & ~link,
        ),
        where=np.arange(len(pairs), dtype=np.int32),
    )


def levels_of(pairs: Scored, **chosen: str) -> dict[str, np.ndarray]:
    found = {}
    for trait, names in TERMS.items():
        level = chosen.get(trait) or next((name for name in ("missing", "none") if name in names), names[0])
        found[trait] = np.full(len(pairs.bits), names.index(level), np.int8)
    return found


def measure(pairs: Scored, truth: Truth, **chosen: str) -> Figures:
    persons = clusters.group(pairs, len(truth.person), 4.0)
    return evaluation.evaluate(pairs, persons, levels_of(pairs, **chosen), truth)


# Six records of three persons: 0 and 1, 2 and 3 and 4, 5. One true pair (2, 4) shares no key.
PERSONS = np.array([0, 0, 1, 1, 1, 2], np.int32)
PAIRS = ((0, 1, 10.0), (2, 3, 8.0), (3, 4, 3.0), (1, 5, 7.0), (0, 5, -5.0))
TWIN = np.array([False, True, False, False, False, True])


@pytest.fixture
def figures() -> Figures:
    return measure(scored(*PAIRS), Truth(PERSONS, {"twin": TWIN}), surname="exact", given="different")


def test_true_pairs_are_every_pair_of_a_person_once() -> None:
    left, right = evaluation.true_pairs(PERSONS)

    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1), (2, 3), (2, 4), (3, 4)]


def test_what_the_thresholds_decide_is_counted(figures: Figures) -> None:
    shipped = figures.shipped

    assert (figures.true_pairs, figures.candidates, figures.blocking_recall) == (4, 5, 0.75)
    # 0 and 1 are linked, 1 and 5 too: then so are 0 and 5.
    assert (shipped.wrong.count, shipped.wrong.total) == (2, 4)
    assert (shipped.recall, shipped.with_review) == (0.5, 0.75)
    assert (shipped.reviews, shipped.reviews_of_one_person, shipped.reviews_per_100) == (1, 1, 25)


def test_precision_and_recall_are_told_by_threshold(figures: Figures) -> None:
    by_threshold = {point.threshold: point for point in figures.points}

    assert (by_threshold[8.0].precision, by_threshold[8.0].recall) == (1.0, 0.5)
    assert (by_threshold[7.0].wrong, by_threshold[7.0].pairs) == (1, 3)
    assert figures.at_precision[0.999].threshold == 8.0
    assert figures.best.threshold == 3.0
    assert figures.best_f1 == pytest.approx(2 * 3 / (4 + 4))


def test_persons_that_mix_people_are_counted(figures: Figures) -> None:
    grouped = figures.grouped

    assert (grouped.persons, grouped.mixed, grouped.split) == (3, 1, 1)
    assert grouped.mixed_per_100000 == pytest.approx(33_333.3, abs=0.1)
    assert grouped.recall == 0.5


def test_errors_are_told_by_the_labels_of_the_truth(figures: Figures) -> None:
    assert figures.causes[0] == Cause(label="twin", true_pairs=1, unblocked=0, apart=0, review=0, wrong=2)
    assert figures.causes[1] == Cause(label="", true_pairs=3, unblocked=1, apart=1, review=1, wrong=0)


def test_errors_are_told_by_how_traits_compare(figures: Figures) -> None:
    (pattern,) = figures.wrong_patterns

    assert pattern.pairs == 2
    assert pattern.levels == (("surname", "exact"), ("given", "different"))
    assert figures.apart_patterns == ()


def test_reviews_are_told_by_reason(figures: Figures) -> None:
    (reason,) = figures.review_reasons

    assert (reason.pairs, reason.same) == (1, 1)
    assert reason.code == "twins"


def test_probabilities_are_told_by_bin_with_what_was_observed() -> None:
    pairs = scored(*((0, 1, 0.1),) * 6, *((0, 2, 0.1),) * 4)

    (found,) = measure(pairs, Truth(np.array([0, 0, 1], np.int32), {})).bins

    assert (found.low, found.high, found.observed.count, found.observed.total) == (0.5, 0.75, 6, 10)
    assert found.observed.low < 0.6 < found.observed.high


def test_a_perfect_model_makes_no_error() -> None:
    figures = measure(scored((0, 1, 10.0)), Truth(np.array([0, 0], np.int32), {}))

    assert figures.best_f1 == figures.shipped.recall == figures.at_precision[0.9999].recall == 1
    assert figures.shipped.wrong.high > 0
    assert figures.review_reasons == ()


def test_a_model_that_links_nobody_is_measured_too() -> None:
    figures = measure(scored((0, 1, -9.0)), Truth(np.array([0, 1], np.int32), {}))

    assert figures.shipped.wrong.total == figures.true_pairs == 0
    assert figures.at_precision[0.999] is None
    assert json.dumps(asdict(figures)["grouped"])


def test_weights_are_told_in_words_the_strongest_agreement_first() -> None:
    found = model_comparison.weights(model())

    assert set(found) == set(TERMS)
    for levels in found.values():
        assert [item.bits for item in levels] == sorted((item.bits for item in levels), reverse=True)
        assert all(item.text for item in levels)


def test_interactions_are_told_the_farthest_from_zero_first() -> None:
    found = model_comparison.interactions(model(), 5)

    assert len(found) == 5
    assert [abs(item.bits) for item in found] == sorted((abs(item.bits) for item in found), reverse=True)
    assert all(item.text.startswith("Pris ensemble") for item in found)


def test_the_weights_on_which_two_models_differ_are_told() -> None:
    text = json.loads(write_model(model()))
    text["levels"]["phone"]["same"] += 2
    other = parse_model(json.dumps(text))

    (change,) = model_comparison.weight_changes(model(), other, 10)

    assert (change.trait, change.level, change.after - change.before) == ("phone", "same", 2)
    assert model_comparison.weight_changes(model(), model(), 10) == ()


def test_decisions_that_change_are_counted_from_one_to_another() -> None:
    before, after = scored((0, 1, 10.0), (0, 2, 1.0)), scored((0, 1, 10.0), (0, 2, 7.0))
    same = np.array([True, False])

    changes = model_comparison.decision_changes(before, after, same)

    assert [(item.before, item.after, item.pairs, item.same) for item in changes] == [
        ("review", "link", 1, 0),
        ("link", "link", 1, 1),
    ]


def test_levels_where_decisions_change_most_come_first() -> None:
    pairs = scored((0, 1, 1.0), (0, 2, 1.0), (0, 3, 1.0), (0, 4, 1.0))
    levels = levels_of(pairs)
    levels["phone"] = np.array([TERMS["phone"].index(name) for name in ("same", "same", "different", "different")])

    changes = model_comparison.level_changes(np.array([True, True, False, False]), levels, 3)

    assert [(item.trait, item.level, item.changed, item.pairs) for item in changes] == [("phone", "same", 2, 2)]
