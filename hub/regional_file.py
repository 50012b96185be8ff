"""A whole region's identities in one file, CSV or Parquet, read as columns for the bulk engine.

The columns are those of `hub identities load`; here nothing is refused line by line: a file is fit to be compared as
a whole, or refused with one sentence. Messages tell columns, counts and line numbers, and at most three record ids.
Needs no database and no settings.
"""

import codecs
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hub import csv_lines
from hub.counting import counted
from hub.errors import Invalid
from hub.file_kinds import is_parquet
from hub.system_errors import said
from identity.bulk.columns import integers, letters, numbers
from identity.bulk.records import COLUMNS as COMPARED
from identity.bulk.records import MOSTLY_DISTINCT
from identity.bulk.text import stable_hashes

COLUMNS = (
    "record_id", "source", "birth_family", "used_family", "given_names", "used_given", "birth_date", "sex",
    "birth_place", "ins", "address", "postcode", "city", "phone", "email",
)  # fmt: skip
"""Columns that a file must have, as for a load; a test compares the two."""

SHOWN = 3
SHOWN_LENGTH = 40
"""Letters of a record id that a message tells."""
_BLOCK = 8 << 20
_DAMAGED_PARQUET = "Le fichier commence comme un Parquet mais ne peut pas être lu comme tel."
_NOT_CSV = "Le fichier n'a pas la forme d'un CSV : voyez ses guillemets et ses fins de ligne."
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class RegionalFile:
    """The traits compared, as columns of text, and the number that the file gives each record."""

    table: pa.Table
    record_ids: pa.Array
    """Integers or texts, as in the file: present and distinct."""
    torn: int
    """Lines of a CSV left out: their cells do not match the header."""


def read(path: Path) -> RegionalFile:
    """Read a file; raise `Invalid` with a sentence when it cannot be compared."""
    try:
        return _read_parquet(path) if is_parquet(path) else _read_csv(path)
    except OSError as err:
        raise Invalid(f"Le fichier ne peut pas être lu : {said(err)}.") from err


def check_form(path: Path) -> str | None:
    """Refuse a file whose columns are not those compared; return the delimiter of a CSV, None for a Parquet."""
    if not is_parquet(path):
        delimiter = csv_lines.read_delimiter(path, COLUMNS)
        _check_utf8(path)
        csv_lines.check_quotes(csv_lines.first_broken(path, delimiter))
        return delimiter
    _texts_of_parquet(path)
    return None


def check_ids(lacking: int, double: int, shown: Sequence[str]) -> None:
    """Refuse a file where a record number lacks or comes twice; at most `SHOWN` of them are told."""
    if lacking:
        raise Invalid(f"Il manque un record_id à {counted(lacking, 'ligne', 'lignes')} du fichier.", "record_id")
    if double:
        which = ", ".join(number[:SHOWN_LENGTH] for number in shown[:SHOWN])
        raise Invalid(
            f"record_id doit être unique : {counted(double, 'numéro revient', 'numéros reviennent')} plusieurs fois, "
            f"dont {which}. Une paire se dit par deux record_id : mettez devant chacun le code de sa structure.",
            "record_id",
        )


def check_count(records: int, torn: int) -> None:
    """Refuse a file without any identity."""
    if not records and torn:
        lines = counted(torn, "ligne du fichier n'a", "lignes du fichier n'ont")
        raise Invalid(f"Aucune identité à lire : {lines} pas les colonnes de l'en-tête.")
    if not records:
        raise Invalid("Le fichier ne contient aucune identité : il n'a qu'un en-tête.")


def _check_ids_type(kind: pa.DataType) -> None:
    if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise Invalid(f"La colonne record_id doit être un texte ou un entier, et non {kind}.", "record_id")


def _read_parquet(path: Path) -> RegionalFile:
    # Imported here: a CSV does not pay for it.
    from pyarrow import parquet

    texts = _texts_of_parquet(path)
    try:
        # Nothing is fetched ahead: that is for files far away, and holds the whole of this one.
        file = parquet.ParquetFile(path, read_dictionary=texts, pre_buffer=False)
        given = file.read(columns=["record_id"])
        with ThreadPoolExecutor(1) as pool:
            # Checked while the other columns are read.
            record_ids = pool.submit(_record_ids, given["record_id"])
            table = file.read(columns=list(COMPARED))
            return RegionalFile(_as_texts(table), record_ids.result(), 0)
    except pa.ArrowException as err:
        raise Invalid(_DAMAGED_PARQUET) from err


def _texts_of_parquet(path: Path) -> list[str]:
    """Refuse a Parquet whose columns are not those compared; return the texts that are best read as dictionaries."""
    from pyarrow import parquet

    try:
        schema = parquet.ParquetFile(path).schema_arrow
    except pa.ArrowException as err:
        raise Invalid(_DAMAGED_PARQUET) from err
    csv_lines.check_columns(schema.names, COLUMNS)
    _check_ids_type(schema.field("record_id").type)
    for name in COMPARED:
        _check_type(name, schema.field(name).type)
    return [name for name in COMPARED if _is_text(schema.field(name).type) and name not in MOSTLY_DISTINCT]


def _read_csv(path: Path) -> RegionalFile:
    delimiter = csv_lines.read_delimiter(path, COLUMNS)
    with ThreadPoolExecutor(1) as pool:
        # Looked for while the file is read: what was read is of no use when one is found.
        broken = pool.submit(csv_lines.first_broken, path, delimiter)
        try:
            table, torn = _read_table(path, delimiter)
        except pa.ArrowException as err:
            csv_lines.check_quotes(broken.result())
            _check_utf8(path)
            raise Invalid(_NOT_CSV) from err
        csv_lines.check_quotes(broken.result())
    return RegionalFile(_as_texts(table), _record_ids(table["record_id"], torn), torn)


def _read_table(path: Path, delimiter: str) -> tuple[pa.Table, int]:
    """Return the columns compared and the number of lines left out."""
    from pyarrow import csv as arrow_csv

    torn = 0

    def leave_out(_: object) -> str:
        nonlocal torn
        torn += 1
        return "skip"

    convert = arrow_csv.ConvertOptions(
        include_columns=["record_id", *COMPARED],
        column_types={"record_id": pa.string()} | dict.fromkeys(COMPARED, _DICTIONARY),
        strings_can_be_null=False,
    )
    try:
        return arrow_csv.read_csv(
            path, arrow_csv.ReadOptions(block_size=_BLOCK), arrow_csv.ParseOptions(delimiter=delimiter), convert
        ), 0
    except pa.ArrowInvalid:
        # Some lines are torn. By one thread: Arrow's own let go of a handler when they like, and one that does as the
        # process ends aborts it.
        reading = arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK)
        parsing = arrow_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=leave_out)
        return arrow_csv.read_csv(path, reading, parsing, convert), torn


def _check_utf8(path: Path) -> None:
    if line := _first_line_not_utf8(path):
        raise Invalid(
            f"Le fichier doit être en UTF-8 : sa ligne {line} ne l'est pas. Enregistrez-le comme « CSV UTF-8 »."
        )


def _first_line_not_utf8(path: Path) -> int | None:
    decode = codecs.getincrementaldecoder("utf-8")().decode
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                decode(line)
            except UnicodeDecodeError:
                return number
    return None


def _record_ids(column: pa.ChunkedArray, torn: int = 0) -> pa.Array:
    """Return the record numbers; refuse a file that has none, or where one lacks or comes twice."""
    check_count(len(column), torn)
    kind = column.type
    _check_ids_type(kind)
    array = column.cast(pa.string() if pa.types.is_large_string(kind) else kind).combine_chunks()
    if not _are_distinct(array):
        _refuse_doubles(array)
    return array


def _are_distinct(array: pa.Array) -> bool:
    """Tell whether nothing lacks and nothing comes twice; two texts of one hash, one chance in 10^19, look alike."""
    if array.null_count or not len(array):
        return False
    if not pa.types.is_string(array.type):
        return _differ(numbers(array, np.dtype(str(array.type))))
    return bool(np.diff(letters(array)[0]).all()) and _differ(stable_hashes(array))


def _differ(values: NDArray[np.integer]) -> bool:
    ordered = np.sort(values)
    return not (ordered[1:] == ordered[:-1]).any()


def _refuse_doubles(array: pa.Array) -> None:
    coded = array.dictionary_encode()
    held = np.bincount(integers(coded.indices.drop_null()), minlength=len(coded.dictionary))
    empty = held[coded.dictionary.index("").as_py()] if pa.types.is_string(array.type) and _has_empty(coded) else 0
    double = np.flatnonzero(held > 1)
    shown = [str(coded.dictionary[index]) for index in double[:SHOWN].tolist()]
    check_ids(array.null_count + int(empty), len(double), shown)


def _has_empty(coded: pa.DictionaryArray) -> bool:
    offsets = np.frombuffer(coded.dictionary.buffers()[1], np.int32)[: len(coded.dictionary) + 1]
    return bool((np.diff(offsets) == 0).any())


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _check_type(name: str, kind: pa.DataType) -> None:
    """Refuse a type whose text would not be what was typed: a number has lost its zeros."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not (_is_text(kind) or pa.types.is_null(kind) or _is_date(name, kind) or _is_code(name, kind)):
        raise Invalid(f"La colonne {name} doit être un texte, et non {kind}.", name)


def _is_date(name: str, kind: pa.DataType) -> bool:
    return name == "birth_date" and bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _is_code(name: str, kind: pa.DataType) -> bool:
    return name == "source" and bool(pa.types.is_integer(kind))


def _as_texts(table: pa.Table) -> pa.Table:
    return pa.table({name: _as_text(name, table[name]) for name in COMPARED})


def _as_text(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if _is_date(name, column.type):
        return column.cast(pa.date32()).cast(pa.string())
    return column.cast(pa.string()) if _is_code(name, column.type) else column
