import json

import pytest

from identity.model import TERMS, ModelError, parse_model, rank_of, write_model
from identity.wording import SENTENCES
from tests.identity.factories import MODEL_FILE, model


def content() -> dict[str, object]:
    return json.loads(MODEL_FILE.read_text(encoding="utf-8"))


def test_the_shipped_model_is_read() -> None:
    assert model().version == MODEL_FILE.stem.removeprefix("model-")
    assert model().thresholds.review < model().thresholds.link


def test_a_model_written_and_read_again_is_the_same() -> None:
    assert parse_model(write_model(model())) == model()


def test_every_level_has_its_sentence() -> None:
    assert {trait: set(levels) for trait, levels in TERMS.items()} == {t: set(s) for t, s in SENTENCES.items()}


def test_a_common_name_proves_less_than_a_rare_one() -> None:
    table, bits = model().frequencies["surname"], model().levels["surname_rarity"]

    assert bits[table.rarity("MARTIN")] < bits[table.rarity("BAUDRILLARD")]


def test_a_particle_makes_no_name_rarer() -> None:
    ranks = model().frequencies["surname"].ranks

    assert rank_of("DA SILVA", ranks) == rank_of("SILVA", ranks) > ranks["DA SILVA"]
    assert rank_of("LE BAUDRILLARD", ranks) == rank_of("BAUDRILLARD", ranks)


def test_a_probability_grows_with_the_score() -> None:
    calibration = model().calibration

    assert 0 < calibration.probability(-5000) < calibration.probability(0) < calibration.probability(9) <= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 1}, "format"),
        ({"version": ""}, "version"),
        ({"prior": "x"}, "prior"),
        ({"prior": 1e999}, "prior"),
        ({"prior": 10**400}, "prior.*trop grand"),
        ({"prior": 1e300}, "prior.*trop grand"),
        ({"minor_from": -4}, "une année"),
        ({"version": "a\x1b[31m"}, "version.*signes"),
        ({"version": "a\ud800"}, "version.*signes"),
        ({"caution": 1}, "caution"),
        ({"unopposed": -1}, "unopposed"),
        ({"minor_from": None}, "minor_from"),
        ({"calibration": {"slope": 0, "offset": 0}}, "slope"),
        ({"thresholds": {"link": 1, "review": 2, "margin": 1}}, "seuil de revue"),
        ({"thresholds": {"link": 3, "review": 2, "margin": 0}}, "margin"),
        ({"levels": {"surname": {"exact": 3}}}, "surname"),
        ({"frequencies": {}}, "surname"),
        ({"frequencies": {"surname": {"steps": [0.1], "values": {}}}}, "trois paliers"),
        ({"frequencies": {"surname": {"steps": [0.3, 0.2, 0.1], "values": {}}}}, "croître"),
        ({"interactions": {}}, "liste"),
        ({"interactions": [{"traits": ["given", "unknown"], "bits": {}}]}, "deux traits connus"),
        ({"interactions": [{"traits": ["given", "sex"], "bits": {"exact": {"unknown": 1}}}]}, "niveau connu"),
        (
            {"interactions": [{"traits": ["given", "sex"], "bits": {}}, {"traits": ["sex", "given"], "bits": {}}]},
            "qu'une fois",
        ),
        ({"interactions": [{"traits": ["sex", "sex"], "bits": {}}]}, "qu'une fois"),
        ({"interactions": [{"traits": [["sex"], {}], "bits": {}}]}, "deux traits connus"),
    ],
)
def test_a_faulty_model_is_refused_with_a_clear_sentence(change: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        parse_model(json.dumps(content() | change))


def test_a_model_made_before_rules_were_weighed_gives_nothing_to_who_is_under_none() -> None:
    former = content()
    del former["unopposed"]

    assert parse_model(json.dumps(former)).unopposed == 0 < model().unopposed


@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, '{"prior": ' + "9" * 5000 + "}", '{"link": 1, "link": 2}'], ids=lambda text: text[:9]
)
def test_a_text_that_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ModelError):
        parse_model(text)


def test_a_model_in_which_more_agreement_may_weigh_less_is_refused() -> None:
    alone, together = content(), content()
    alone["levels"]["phone"]["near"] = alone["levels"]["phone"]["same"] + 1  # type: ignore[index]
    together["interactions"][0]["bits"].setdefault("exact", {})["exact"] = -40.0  # type: ignore[index]

    with pytest.raises(ModelError, match="« near » peut y peser plus que « same » pour phone"):
        parse_model(json.dumps(alone))
    with pytest.raises(ModelError, match=r"plus que « exact » pour (given|birth_date)"):
        parse_model(json.dumps(together))
