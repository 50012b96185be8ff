"""Texts as numbers, column by column: the very hashes that are made one by one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from identity.bulk import processor
from identity.bulk.births import place_numbers
from identity.bulk.text import hash_rows, stable_hashes
from identity.hashing import stable_hash
from identity.places import possible_places

TEXTS = [
    "",
    "A",
    "AB",
    "ABCDEFG",
    "ABCDEFGH",
    "ABCDEFGHI",
    "ÉLOÏSE",
    "Å" * 20,
    "A\0",
    "12 RUE DE LA RÉPUBLIQUE",
    "x" * 401,
]


def test_a_column_of_texts_has_the_hashes_of_its_texts() -> None:
    assert stable_hashes(pa.array(TEXTS)).tolist() == [stable_hash(text) for text in TEXTS]


def test_a_slice_of_a_column_has_the_hashes_of_its_own_texts() -> None:
    assert stable_hashes(pa.array(TEXTS).slice(3, 5)).tolist() == [stable_hash(text) for text in TEXTS[3:8]]


def test_a_column_without_a_text_has_no_hash() -> None:
    assert stable_hashes(pa.array([], pa.string())).tolist() == []


def test_rows_of_bytes_have_the_hashes_of_their_texts() -> None:
    texts = ["279035121518942", "184052B12345678"]
    table = np.frombuffer("".join(texts).encode(), np.uint8).reshape(2, 15)

    assert hash_rows(table).tolist() == [stable_hash(text) for text in texts]


def test_texts_that_differ_by_what_fills_a_word_have_other_hashes() -> None:
    assert len({stable_hash("A" + "\0" * zeros) for zeros in range(9)}) == 9


def test_every_code_of_five_signs_that_names_no_place_is_none_in_a_file_too() -> None:
    codes = [f"{number:05d}" for number in range(100_000)] + ["2A000", "2B999", "2C004", "A2004"]
    table = np.frombuffer("".join(codes).encode(), np.uint8).reshape(-1, 5)

    are_places = [bool(possible_places(code)) for code in codes]

    assert (place_numbers(table) > 0).tolist() == are_places
    assert are_places.count(False) > 1000


@pytest.mark.parametrize(("maker", "expected"), [("AuthenticAMD", True), ("GenuineIntel", False)])
def test_the_maker_of_the_processor_is_known(maker: str, expected: bool, tmp_path: Path) -> None:
    cpus = tmp_path / "cpuinfo"
    cpus.write_text(f"processor\t: 0\nvendor_id\t: {maker}\n")

    assert processor.is_amd(cpus) is expected


def test_a_system_that_describes_no_processor_is_none_of_them(tmp_path: Path) -> None:
    assert not processor.is_amd(tmp_path / "absent")


def test_what_the_operator_told_numpy_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "import os, identity.bulk; print(os.environ['NPY_DISABLE_CPU_FEATURES'])"
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "AVX512_ICL")

    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "AVX512_ICL"
