"""A model is learned from labelled pairs, or adapted without labels, and its thresholds hold what was asked."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from identity import adaptation, cutoffs, self_training, training
from identity.agreement import CHAINS, out_of_order
from identity.bulk.records import prepare
from identity.cutoffs import Goal, Judged
from identity.model import TERMS, Model, ModelError, parse_model
from identity.population import Population, parse_population, seen_in, write_learned
from identity.training import Patterns, Weights
from tests.identity.factories import model

TRAITS = list(TERMS)


def draw(
    share: float, missing_phone: float, pairs: int = 60_000, seed: int = 3, **other_shares: tuple[float, float]
) -> tuple[Patterns, np.ndarray]:
    """Draw pairs of a region: true ones agree mostly, others mostly differ; a phone lacks as often as asked.

    `other_shares` are those of the pairs that agree on a trait, among true ones and among the others.
    """
    random = np.random.default_rng(seed)
    same = random.random(pairs) < share
    agree = {
        "surname": ("exact", "different", 0.95, 0.3),
        "given": ("exact", "different", 0.95, 0.05),
        "birth_date": ("exact", "different", 0.97, 0.1),
        "sex": ("same", "different", 0.99, 0.5),
        "phone": ("same", "different", 0.8, 0.02),
        "address": ("same", "different", 0.8, 0.1),
    }
    columns = []
    for trait, names in TERMS.items():
        if trait not in agree:
            level = next(name for name in ("missing", "different", "none", "some", names[-1]) if name in names)
            columns.append(np.full(pairs, names.index(level), np.int8))
            continue
        one, other, *shares = agree[trait]
        if_same, if_not = other_shares.get(trait, shares)
        hit = random.random(pairs) < np.where(same, if_same, if_not)
        column = np.where(hit, names.index(one), names.index(other)).astype(np.int8)
        if trait == "phone":
            column[random.random(pairs) < missing_phone] = names.index("missing")
        columns.append(column)
    return training.patterns(dict(zip(TERMS, columns, strict=True)), same), same


@pytest.fixture(scope="module")
def learned() -> tuple[Weights, Population]:
    data, _ = draw(0.3, 0.2)
    return training.learn(data), seen_in(data)


def with_weights(weights: Weights) -> Model:
    return replace(model(), prior=weights.prior, levels=weights.levels, interactions=weights.interactions)


def test_agreement_weighs_more_than_disagreement_and_what_lacks_weighs_nothing(
    learned: tuple[Weights, Population],
) -> None:
    levels = learned[0].levels

    assert levels["given"]["exact"] > 2 > -2 > levels["given"]["different"]
    assert levels["phone"]["missing"] == levels["birth_date"]["missing"] == 0


def test_more_agreement_never_weighs_less(learned: tuple[Weights, Population]) -> None:
    levels = learned[0].levels

    assert out_of_order(levels, [(pair.first, pair.second, pair.bits) for pair in learned[0].interactions]) is None
    for trait, chains in CHAINS.items():
        for chain in chains:
            bits = [levels[trait][level] for level in chain]
            assert bits == sorted(bits, reverse=True), (trait, chain)


def test_the_same_pairs_give_the_same_weights(learned: tuple[Weights, Population]) -> None:
    assert training.learn(draw(0.3, 0.2)[0]) == learned[0]


def test_each_round_of_the_fit_is_reported() -> None:
    rounds: list[None] = []

    training.learn(draw(0.3, 0.2, pairs=2000)[0], lambda: rounds.append(None))

    assert 1 < len(rounds) <= training.MOST_ROUNDS


def test_a_model_with_its_population_is_read_again(learned: tuple[Weights, Population]) -> None:
    weights, population = learned

    text = write_learned(with_weights(weights), population)
    found = parse_population(text)

    assert parse_model(text).levels == weights.levels
    assert found is not None
    assert found.same == population.same == pytest.approx(0.3, abs=0.01)
    for trait in TRAITS:
        assert np.array_equal(found.levels[trait], population.levels[trait])


def test_a_model_that_tells_no_population_has_none() -> None:
    text = write_learned(model(), seen_in(draw(0.3, 0.2, pairs=100)[0]))
    without = text.replace('"population"', '"something else"')

    assert parse_population(without) is None


@pytest.mark.parametrize(
    ("found", "by"),
    [('"same": 0.', '"same": 7.'), ('"surname": {\n    "exact": [', '"surname": {\n    "exakt": [')],
    ids=["share", "level"],
)
def test_a_faulty_population_is_refused(found: str, by: str) -> None:
    text = write_learned(model(), seen_in(draw(0.3, 0.2, pairs=100)[0]))
    start = text.index('"population"')

    with pytest.raises(ModelError, match="population"):
        parse_population(text[:start] + text[start:].replace(found, by, 1))


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_without_labels_the_share_of_true_pairs_of_a_region_is_found(
    learned: tuple[Weights, Population], share: float
) -> None:
    region, same = draw(share, 0.2, seed=8)

    adapted = adaptation.adapt(with_weights(learned[0]), learned[1], region)

    assert adapted.population.same == pytest.approx(same.mean(), abs=0.02)
    assert adapted.matches == pytest.approx(same.sum(), rel=0.06)


def test_without_labels_a_region_like_the_former_one_keeps_its_weights(learned: tuple[Weights, Population]) -> None:
    weights, population = learned
    region, _ = draw(0.3, 0.2, seed=9)

    adapted = adaptation.adapt(with_weights(weights), population, region)

    for trait in ("surname", "given", "birth_date", "phone", "address"):
        for level, bits in weights.levels[trait].items():
            assert adapted.weights.levels[trait][level] == pytest.approx(bits, abs=0.3), (trait, level)


def test_without_labels_a_trait_that_lacks_oftener_is_learned(learned: tuple[Weights, Population]) -> None:
    region, _ = draw(0.3, 0.7, seed=10)

    adapted = adaptation.adapt(with_weights(learned[0]), learned[1], region)

    missing = TERMS["phone"].index("missing")
    assert adapted.population.levels["phone"][0][missing] == pytest.approx(0.7, abs=0.05)
    assert adapted.weights.levels["phone"]["missing"] == 0


def test_labels_of_the_region_are_not_looked_at(learned: tuple[Weights, Population]) -> None:
    region, _ = draw(0.3, 0.2, pairs=5000, seed=11)
    blind = Patterns(region.levels, 0 * region.same, region.same + region.other)

    seen, unseen = (adaptation.adapt(with_weights(learned[0]), learned[1], data) for data in (region, blind))

    assert seen.weights == unseen.weights


def test_officers_pairs_count_beside_those_of_a_region(learned: tuple[Weights, Population]) -> None:
    region, _ = draw(0.3, 0.2, pairs=5000, seed=12)
    decided = replace(region, same=region.same * 0 + 50, other=region.other * 0)

    with_them = adaptation.adapt(with_weights(learned[0]), learned[1], region, decided)

    assert with_them.population.same > adaptation.adapt(with_weights(learned[0]), learned[1], region).population.same


def accuracy(found: Weights, region: Patterns) -> float:
    """Return the share of pairs that weights tell right."""
    said = adaptation.bits_of(with_weights(found), region.levels) > 0
    return float(np.where(said, region.same, region.other).sum() / (region.same + region.other).sum())


def test_a_region_of_another_world_is_learned_anew_without_labels(learned: tuple[Weights, Population]) -> None:
    # Where most dates are wrong and nobody shares a telephone, a base supposes fathers and sons.
    region, same = draw(0.3, 0.2, seed=13, birth_date=(0.2, 0.05), phone=(0.9, 0.001), address=(0.3, 0.1))
    base = with_weights(learned[0])

    found = self_training.learn_anew(base, region)

    adapted = adaptation.adapt(base, learned[1], region)
    before, after = learned[0].levels["birth_date"]["different"], found.weights.levels["birth_date"]["different"]
    assert after > before + 2
    assert found.matches == pytest.approx(same.sum(), rel=0.1)
    assert accuracy(found.weights, region) > accuracy(adapted.weights, region) + 0.01
    assert (
        out_of_order(found.weights.levels, [(p.first, p.second, p.bits) for p in found.weights.interactions]) is None
    )


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_region_of_one_kind_of_pairs_gives_a_model_that_is_adapted_again(
    learned: tuple[Weights, Population], share: float
) -> None:
    region, _ = draw(share, 0.0, pairs=50, seed=16, **dict.fromkeys(("surname", "given", "phone"), (1.0, 0.0)))
    base = with_weights(learned[0])

    for found in (self_training.learn_anew(base, region), adaptation.adapt(base, learned[1], region)):
        text = write_learned(with_weights(found.weights), found.population)
        again = parse_population(text)
        assert again is not None
        assert adaptation.adapt(parse_model(text), again, region).matches == pytest.approx(share * 50, abs=1)


def test_learned_anew_a_region_like_the_former_one_is_told_as_well(learned: tuple[Weights, Population]) -> None:
    region, _ = draw(0.3, 0.2, seed=14)

    found = self_training.learn_anew(with_weights(learned[0]), region)

    assert accuracy(found.weights, region) == pytest.approx(accuracy(learned[0], region), abs=0.002)


def test_learned_anew_labels_are_not_looked_at_but_those_of_officers_are(learned: tuple[Weights, Population]) -> None:
    region, _ = draw(0.3, 0.2, pairs=5000, seed=15)
    blind = Patterns(region.levels, 0 * region.same, region.same + region.other)
    decided = replace(region, same=region.same * 0 + 50, other=region.other * 0)
    base = with_weights(learned[0])

    seen, unseen = (self_training.learn_anew(base, data).weights for data in (region, blind))
    with_them = self_training.learn_anew(base, region, decided).weights

    assert seen == unseen
    assert with_them.prior > seen.prior


def names_of(*families: str) -> training.Names:
    table = pa.table({"birth_family": list(families), "given_names": ["PAUL"] * len(families)})
    return training.count_names(prepare(table))


def test_names_borne_by_many_are_listed_with_their_share_and_rare_ones_are_not() -> None:
    counted = names_of(*["MARTIN"] * 60, *["Durand"] * 40, "KERVADEC")

    tables = training.frequencies([counted])

    assert list(tables["surname"].values) == ["MARTIN", "DURAND"]
    assert tables["surname"].values["MARTIN"] == pytest.approx(60 / 101, abs=1e-6)
    assert tables["surname"].rarity("KERVADEC") == "rare"
    assert tables["given"].rarity("PAUL") == "common"


def test_a_region_weighs_as_much_as_a_larger_one_and_usual_surnames_are_listed() -> None:
    large, small = names_of(*["MARTIN"] * 90, *["DURAND"] * 10), names_of(*["DURAND"] * 10)

    tables = training.frequencies([large, small], usual=["KERVADEC"])

    assert tables["surname"].values["DURAND"] == pytest.approx(0.55)
    assert "KERVADEC" in tables["surname"].values


def test_a_small_region_does_not_overturn_the_names_known_before() -> None:
    before = training.frequencies([names_of(*["MARTIN"] * 50, *["DURAND"] * 50)])

    after = training.frequencies([names_of(*["NGUYEN"] * 100)], before)

    assert after["surname"].values["MARTIN"] == pytest.approx(0.5, abs=0.01)
    assert 0 < after["surname"].values["NGUYEN"] < 0.01


def judged(*groups: tuple[float, bool, int], true_pairs: int = 1000) -> Judged:
    """Make pairs: so many of a score, of one person or not."""
    bits = np.concatenate([np.full(count, score) for score, _, count in groups])
    same = np.concatenate([np.full(count, one) for _, one, count in groups])
    return Judged(bits, np.ones(len(bits), np.bool_), same, true_pairs)


def test_the_link_threshold_is_the_lowest_that_holds_the_rate_with_its_margin() -> None:
    file = judged((12, True, 300), (8, True, 300), (8, False, 1), (5, True, 400), (5, False, 10))

    assert cutoffs.link_threshold([file], Goal(100, 1.5, 0.25)) == 8
    assert cutoffs.link_threshold([file], Goal(50, 1.0, 0.25)) == 5
    assert cutoffs.link_threshold([file], Goal(500, 1.5, 0.25)) == 12


def test_the_link_threshold_holds_on_every_file() -> None:
    easy, hard = judged((5, True, 1000)), judged((9, True, 500), (5, True, 400), (5, False, 100))

    assert cutoffs.link_threshold([easy, hard], Goal(1000, 1.0, 0.25)) == 9


def test_a_file_that_never_holds_the_rate_gives_no_threshold() -> None:
    assert cutoffs.link_threshold([judged((9, False, 5), (5, True, 10))], Goal(1000, 1.0, 0.25)) is None


def test_pairs_that_a_rule_forbids_do_not_count_as_links() -> None:
    file = judged((9, False, 5), (9, True, 100))
    ruled = replace(file, may_link=file.same)

    assert cutoffs.link_threshold([ruled], Goal(10_000, 1.0, 0.25)) == 9


def test_probabilities_are_fitted_and_reviews_begin_where_they_are_worth_it() -> None:
    random = np.random.default_rng(1)
    bits = np.round(random.normal(0, 5, 200_000) * 4) / 4
    same = random.random(200_000) < 1 / (1 + np.exp2(-(0.8 * bits - 1)))

    found = cutoffs.calibrate([Judged(bits, same, same, int(same.sum()))])

    assert found.slope == pytest.approx(0.8, abs=0.03)
    assert found.offset == pytest.approx(-1, abs=0.1)
    assert found.probability(cutoffs.review_threshold(found, 20.0, Goal(1, 1.0, 0.25))) == pytest.approx(
        0.25, abs=0.04
    )
    assert cutoffs.review_threshold(found, -9.0, Goal(1, 1.0, 0.25)) == -9.25


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 0, 0, 1), (0, 100, 0, 0.0362), (5, 100, 0.0164, 0.1128), (100, 100, 0.9638, 1)],
)
def test_intervals_are_those_of_clopper_and_pearson(count: int, total: int, low: float, high: float) -> None:
    assert cutoffs.interval(count, total) == pytest.approx((low, high), abs=1e-4)
