"""The lines of a CSV: the first that does not stand by itself is found, wherever it is, and no other is suspected."""

import csv
import itertools
import re
from pathlib import Path

import pytest

from hub.csv_lines import first_broken


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["a,b", '1,"RUE', '2,"RUE', "3,RUE"], 2),
        (["a,b", "1,RUE", '2,"RUE'], 3),
        (["a,b", '"1","RUE "NEUVE" DURAND"'], 2),
        (["a,b", '"1","RUE ""NEUVE"" DURAND"', '""', '2,"",'], None),
        (["a,b", 'MAR"TIN,LE 5"', '"1","2"'], None),
        (["a;b", '"1";"x,"', '2;"y";,"'], None),
        (["a;b", '"1";"x"', '2;"y",;'], 3),
    ],
    ids=["two stray", "at the end", "inside", "doubled", "in a bare cell", "semicolons", "other delimiter"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_the_first_line_that_does_not_stand_by_itself_is_told(
    tmp_path: Path, lines: list[str], found: int | None, end: str
) -> None:
    file = tmp_path / "region.csv"
    file.write_text(end.join(lines), encoding="utf-8-sig", newline="")

    assert first_broken(file, lines[0][1]) == found


def test_a_line_far_down_is_told_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "region.csv"
    lines = ['"0123456789","DURAND"\n'] * 200_000
    lines[150_000] = '1,"DURAND\n'
    file.write_text("".join(lines), encoding="utf-8")

    assert first_broken(file, ",") == 150_001


def test_every_short_line_is_judged_as_a_strict_reader_of_that_line_does(tmp_path: Path) -> None:
    file = tmp_path / "region.csv"

    for letters in itertools.product(('"', '""', ",", "a", "\n"), repeat=5):
        text = "".join(letters)
        file.write_text(text, encoding="utf-8", newline="")
        broken = [number for number, line in enumerate(re.split("\n", text), start=1) if not _stands_alone(line)]
        assert first_broken(file, ",") == next(iter(broken), None), text


def _stands_alone(line: str) -> bool:
    try:
        list(csv.reader([line], strict=True))
    except csv.Error:
        return False
    return True
