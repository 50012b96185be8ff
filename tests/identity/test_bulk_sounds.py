"""The sounds of a whole file's names are those of each name alone."""

from random import Random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.bulk import sounds
from identity.bulk.sounds import french_sounds
from identity.phonetics import RULES, french_code

# The signs of rules, so often that most meet: at an end, doubled, three times.
_NAMES = st.lists(
    st.text(st.sampled_from("AEIOUYHCGSPBVNTLMXZQUDR"), min_size=1, max_size=9), min_size=1, max_size=30
)


def _sounds(names: list[str]) -> list[str]:
    found: list[str] = french_sounds(pa.array(names, pa.string())).to_pylist()
    return found


@given(_NAMES)
def test_a_name_sounds_the_same_alone_and_among_others(names: list[str]) -> None:
    assert _sounds(names) == [french_code(name) for name in names]


def test_every_end_of_three_letters_sounds_the_same_alone_and_among_others() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    names = [opening + a + b + c for opening in ("", "LO") for a in letters for b in letters for c in letters]

    assert _sounds(names) == [french_code(name) for name in names]


def test_every_rule_applies_at_both_ends_of_a_name_and_twice() -> None:
    names = []
    for old, _ in RULES:
        spelt = "".join(letter for letter in old.upper() if letter.isalpha())
        names += [spelt, f"{spelt}{spelt}", f"LA{spelt}", f"{spelt}ON", f"MA{spelt}{spelt}{spelt}RD"]
    names = [name for name in names if name]

    assert _sounds(names) == [french_code(name) for name in names]


def test_names_are_rewritten_by_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Random(3)
    names = ["".join(draw.choices("AEIOULNSTHCX", k=draw.randrange(1, 14))) for _ in range(2000)]
    monkeypatch.setattr(sounds, "_STRETCH", 100)

    assert _sounds(names) == [french_code(name) for name in names]


def test_a_file_without_names_has_no_sounds() -> None:
    assert _sounds([]) == []
    assert _sounds(["", "X", "", "ES"]) == ["", "X", "", "ES"]
