"""Files of identities with the truth about them, compared pair by pair: what models are learned and judged on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from hub import regional_file
from hub.counting import counted
from hub.errors import Invalid
from hub.file_kinds import is_parquet
from hub.system_errors import said
from identity.bulk.blocking import candidate_pairs
from identity.bulk.comparison import Pairs, compare
from identity.bulk.names import Vocabulary
from identity.bulk.records import prepare
from identity.bulk.text import Flags, Longs
from identity.bulk.widespread import leave_out
from identity.evaluation import Truth
from identity.training import Names, count_names

_NUMBERS, _CASES = ("record_id", "person_id"), ("case", "cases")


@dataclass(frozen=True, slots=True)
class Compared:
    """A file's candidate pairs with their levels, and what is known of its names."""

    records: int
    record_ids: pa.Array
    pairs: Pairs
    vocabulary: Vocabulary
    names: Names
    unexamined: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A compared file and the truth about it."""

    compared: Compared
    truth: Truth
    same: Flags
    """Which candidate pairs are of one person."""


def compare_file(path: Path, minor_from: int, size: int | None = None) -> Compared:
    """Read a file and compare its candidate pairs; raise `Invalid` when it has none.

    They are those that `hub identities dedupe` finds, in it or as in a file of `size` records.
    """
    try:
        file = regional_file.read(path)
    except Invalid as err:
        raise Invalid(f"{path.name} : {err.message}") from err
    records = prepare(file.table)
    candidates = candidate_pairs(records, size=size)
    if not len(candidates.left):
        raise Invalid(f"{path.name} : ce fichier n'a aucune paire d'identités à comparer.")
    pairs = compare(leave_out(records, candidates.bearers), candidates.left, candidates.right, minor_from)
    unexamined = dict(candidates.unexamined)
    return Compared(len(records), file.record_ids, pairs, records.names, count_names(records), unexamined)


def label(compared: Compared, path: Path) -> Labelled:
    """Join the truth to a compared file; raise `Invalid` when it is not the truth about that file."""
    truth = read_truth(path, compared.record_ids)
    same = truth.person[compared.pairs.left] == truth.person[compared.pairs.right]
    return Labelled(compared, truth, same)


def read_truth(path: Path, record_ids: pa.Array) -> Truth:
    """Read who is whom, in the order of the file's records."""
    table = _read_table(path)
    missing = [name for name in _NUMBERS if name not in table.column_names]
    if missing:
        raise Invalid(f"{path.name} : il manque à la vérité les colonnes : {', '.join(missing)}.", missing[0])
    for name in (*_NUMBERS, *_CASES):
        if table.column_names.count(name) > 1:
            raise Invalid(f"{path.name} : la vérité a plusieurs colonnes du même nom : {name}.", name)
        if name in table.column_names and pa.types.is_nested(table[name].type):
            raise Invalid(f"{path.name} : la colonne {name} doit être un texte ou un entier.", name)
    numbers = [table[name].cast(pa.string()).combine_chunks() for name in _NUMBERS]
    _check_present(path, *numbers)
    place = {number: row for row, number in enumerate(numbers[0].to_pylist())}
    if len(place) < len(table):
        raise Invalid(f"{path.name} : record_id revient plusieurs fois dans la vérité.", "record_id")
    wanted = record_ids.cast(pa.string()).to_pylist()
    rows = np.array([place.get(number, -1) for number in wanted], np.int64)
    unknown, without = len(place) - int((rows >= 0).sum()), int((rows < 0).sum())
    if without or unknown:
        lacking = counted(without, "identité du fichier n'y est pas", "identités du fichier n'y sont pas")
        foreign = counted(unknown, "de ses record_id n'est", "de ses record_id ne sont")
        raise Invalid(f"{path.name} n'est pas la vérité de ce fichier : {lacking}, {foreign} pas dans le fichier.")
    person = numbers[1].dictionary_encode().indices.to_numpy()[rows].astype(np.int32)
    return Truth(person, _cases(table, rows))


def _check_present(path: Path, record_ids: pa.Array, persons: pa.Array) -> None:
    """Refuse blanks: all the identities without a person would be one."""
    for name, column in zip(_NUMBERS, (record_ids, persons), strict=True):
        blank = [row for row, value in enumerate(column.to_pylist()) if not (value or "").strip()]
        if blank:
            which = f", dont celle du record_id {record_ids[blank[0]]}" if name == "person_id" else ""
            raise Invalid(
                f"{path.name} : il manque un {name} à {counted(len(blank), 'ligne', 'lignes')} de la vérité{which}. "
                "Chaque identité a le numéro de sa personne, même seule à le porter.",
                name,
            )


def _cases(table: pa.Table, rows: Longs) -> Mapping[str, Flags]:
    """Return which records bear each label of the truth, when it has labels."""
    column = next((name for name in _CASES if name in table.column_names), None)
    if column is None:
        return {}
    coded = table[column].cast(pa.string()).combine_chunks().dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy()[rows]
    of_text = [set(text.replace("|", ",").split(",")) - {""} for text in coded.dictionary.to_pylist()]
    return {
        name: np.array([name in labels for labels in of_text] + [False])[codes]
        for name in sorted(set().union(*of_text))
    }


def _read_table(path: Path) -> pa.Table:
    try:
        if is_parquet(path):
            return parquet.ParquetFile(path).read()
        with path.open("rb") as stream:
            header = stream.readline(1000)
        texts = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys((*_NUMBERS, *_CASES), pa.string()), strings_can_be_null=False
        )
        delimiter = ";" if b";" in header else ","
        return arrow_csv.read_csv(path, None, arrow_csv.ParseOptions(delimiter=delimiter), texts)
    except pa.ArrowException as err:
        raise Invalid(f"{path.name} : la vérité doit être un CSV en UTF-8 ou un Parquet.") from err
    except Invalid as err:
        raise Invalid(f"{path.name} : {err.message}") from err
    except OSError as err:
        raise Invalid(f"{path.name} ne peut pas être lu : {said(err)}.") from err
