import json

import pytest

from identity.comparison import LEVELS
from identity.model import ModelError, parse_model
from identity.wording import SENTENCES
from tests.identity.factories import MODEL_FILE, model


def content() -> dict[str, object]:
    return json.loads(MODEL_FILE.read_text(encoding="utf-8"))


def test_the_shipped_model_is_read() -> None:
    assert model().version == "2026-1"
    assert model().thresholds.review < model().thresholds.link


def test_every_level_has_its_sentence() -> None:
    assert {trait: set(levels) for trait, levels in LEVELS.items()} == {t: set(s) for t, s in SENTENCES.items()}


def test_a_common_name_proves_less_than_a_rare_one() -> None:
    assert model().frequency("surname", "MARTIN") > model().frequency("surname", "BAUDRILLARD")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "format"),
        ({"version": ""}, "version"),
        ({"prior": "x"}, "prior"),
        ({"thresholds": {"link": 1, "review": 2, "margin": 1}}, "review threshold"),
        ({"thresholds": {"link": 3, "review": 2, "margin": 0}}, "margin"),
        ({"levels": {"surname": {"exact": 3}}}, "surname"),
        ({"frequencies": {}}, "surname"),
        ({"caps": {"x": {"traits": ["unknown"], "bits": 1}}}, "known traits"),
    ],
    ids=["format", "version", "prior", "order", "margin", "levels", "frequencies", "caps"],
)
def test_a_faulty_model_is_refused_with_a_clear_sentence(change: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        parse_model(json.dumps(content() | change))


def test_a_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(ModelError):
        parse_model("{")
