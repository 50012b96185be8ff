"""What a file is by how it opens: every door that reads one names what it cannot read, and never waits on a pipe."""

import os
from pathlib import Path

import pytest

from hub.errors import Invalid
from hub.file_kinds import is_parquet
from hub.registry import deaths_file, load


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Le fichier est vide."),
        (b"PK\x03\x04 and more", "un classeur (xlsx, ods)"),
        (b"\xd0\xcf\x11\xe0 and more", "un ancien format (xls)"),
        (b"\x1f\x8b and more", "une archive gzip"),
        (b"%PDF-1.7", "un PDF"),
        ("record_id,source\n".encode("utf-16"), "UTF-16"),
    ],
    ids=["empty", "workbook", "old workbook", "gzip", "pdf", "utf-16"],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "region.csv"
    file.write_bytes(content)

    with pytest.raises(Invalid) as refused:
        load.read_lines(file)

    assert told in refused.value.message


def test_a_file_that_is_not_there_is_said_in_french(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="Le fichier ne peut pas être lu : il n'existe pas"):
        is_parquet(tmp_path / "region.csv")


def test_nobody_waits_on_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    for read in (load.read_lines, deaths_file.survey):
        with pytest.raises(Invalid, match="pas un fichier ordinaire"):
            read(pipe)
