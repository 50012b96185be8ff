from collections import defaultdict
from itertools import combinations
from random import Random

import pytest

from identity.phonetics import french_code, may_sound_alike, sounds_alike

ALIKE = """LEFEBVRE LEFEVRE|RENAULT RENAUD|RENAULT RENAUX|THIBAULT TIBO|DUBOIS DUBOIT|MATTHIEU MATHIEU
GAUTHIER GAUTIER|CATHERINE KATHERINE|PHILIPPE FILIPE|JEROME JERAUME|FRANÇOIS FRANCOIS|HENRY HENRI|SCHMITT SCHMIDT
BEAUMONT BOMONT|MICHEL MISHEL|QUENTIN KENTIN|NATHALIE NATALIE|VALENTIN VALENTHIN|LECLERC LECLERCQ|EMILIE EMILY
DELAUNAY DELAUNEY|CHRISTINE KRISTINE|LE-ROY LEROY|CAMILLE CAMIL""".replace("\n", "|").split("|")
UNLIKE = """AUDE YAYA|MARTIN MARTINE|PETIT PETITE|LEA LEO|JULIE JULIEN|LOUIS LOUISE|BOUCHER BOUCHE|DUPONT DUBOIS
GUERIN GERIN|MOREAU MOREL|BERNARD BERTRAND|LUC LUCE|ROUX ROY|BLANC BRUN""".replace("\n", "|").split("|")


@pytest.mark.parametrize("pair", ALIKE)
def test_names_said_alike_have_one_code(pair: str) -> None:
    first, second = pair.split()

    assert sounds_alike(first, second)


@pytest.mark.parametrize("pair", UNLIKE)
def test_names_said_otherwise_stay_apart(pair: str) -> None:
    first, second = pair.split()

    assert french_code(first) != french_code(second)
    assert not sounds_alike(first, second)


def test_names_of_one_sound_are_never_told_apart_by_their_first_letters() -> None:
    draw = Random(5)
    names = {"".join(draw.choices("AEIOUYHCGSPBVNTLMXZKQWDFRJ", k=draw.randrange(1, 6))) for _ in range(60_000)}
    by_code: dict[str, set[str]] = defaultdict(set)
    for name in sorted(names):
        by_code[french_code(name)].add(name)

    pairs = [pair for alike in by_code.values() for pair in combinations(sorted(alike)[:12], 2)]

    assert len(pairs) > 10_000
    assert [pair for pair in pairs if not may_sound_alike(*pair)] == []
    assert not may_sound_alike("MARTIN", "DURAND")
