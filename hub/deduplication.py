"""Who is who in a regional file: read it, compare it with itself, write its pairs and its persons.

Output files appear whole or not at all. Needs no database: the file is only read, nothing is linked in the index.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hub import outputs, regional_file
from hub.config import linkage_model_file
from hub.errors import Invalid
from hub.system_errors import said
from identity.bulk import engine, memory
from identity.bulk.columns import Levels, either, number_column, text_column
from identity.bulk.engine import Match, Report, Stage
from identity.bulk.records import Records, prepare
from identity.bulk.threads import spread
from identity.model import Model, ModelError, parse_model

_ROWS = 1 << 18
PAIRS = ["id_l", "id_r", "score", "probability", "decision"]
"""Columns of what is written about pairs."""
_PERSONS = ["record_id", "person"]
_OFTEN_THE_SAME = ["score", "probability", "decision"]
_LINK, _REVIEW, _NOTHING = range(3)


@dataclass(frozen=True, slots=True)
class Order:
    """What to compare, with what, and where to write."""

    file: Path
    pairs: Path
    clusters: Path | None
    model: Path | None
    engine: str
    wide: bool = False
    """Compare also who shares one trait alone."""


class Unread(NamedTuple):
    """Values of a column that say nothing or cannot be read: how many, and the `record_id` of the first."""

    values: int
    record_id: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run found."""

    records: int
    torn: int
    pairs: int
    links: int
    reviews: int
    persons: int
    unreadable: Mapping[str, Unread]
    unexamined: Mapping[str, int]
    widespread: Mapping[str, int]
    """Identities of which something is left out as too many bear it, by kind of key."""


def read_model(path: Path | None) -> tuple[Model, str]:
    """Read a model and its text, by default the file of HUB_LINKAGE_MODEL; raise `Invalid` when it cannot be used."""
    found = path or linkage_model_file()
    try:
        text = found.read_text(encoding="utf-8")
        return parse_model(text), text
    except UnicodeDecodeError as err:
        raise Invalid(f"Le modèle {found.name} est refusé : ce n'est pas un fichier de texte en UTF-8.") from err
    except OSError as err:
        raise Invalid(f"Le modèle {found.name} ne peut pas être lu : {said(err)}.") from err
    except ModelError as err:
        raise Invalid(f"Le modèle {found.name} est refusé : {err}") from err


def check_outputs(order: Order) -> None:
    """Refuse outputs that would harm a file, or one another, or have nowhere to go; earlier outputs are replaced."""
    written = [path for path in (order.pairs, order.clusters) if path is not None]
    for path in written:
        outputs.check(path, [order.file])
        if path.is_file() and not _is_earlier_output(path):
            raise Invalid(f"{path} existe et n'a pas été écrit par cette commande : choisissez un autre nom.")
    if len(written) > len({path.resolve() for path in written}):
        raise Invalid("Les paires et les personnes iraient dans le même fichier : choisissez deux noms.")


def _is_earlier_output(path: Path) -> bool:
    """Tell pairs or persons written by an earlier run, or an empty file, from what somebody else put there."""
    if not path.stat().st_size:
        return True
    try:
        names = pq.ParquetFile(path).schema_arrow.names
    except (pa.ArrowException, OSError):
        return False
    return names in (PAIRS, _PERSONS)


def _refuse_folders(order: Order) -> None:
    for path in (order.pairs, order.clusters):
        if path is not None and path.is_dir():
            raise Invalid(f"{path} est un dossier : donnez le nom d'un fichier.")


def run(order: Order, report: Report) -> Summary:
    """Compare a file with itself and write what was found; raise `Invalid` before anything is written."""
    check_outputs(order)
    _refuse_folders(order)
    model, _ = read_model(order.model)
    memory.share()
    records, record_ids, torn = _prepare(order.file, report)
    unreadable = {
        name: Unread(found.values, str(record_ids[found.first])) for name, found in records.unreadable.items()
    }
    scored, candidates = engine.score_pairs(records, model, report, wide=order.wide)
    # Records weigh as much as their pairs: they go before the pairs are grouped.
    del records
    persons = engine.group(scored, len(record_ids), model, report)
    found = Match(scored, persons, candidates.unexamined, engine.count_bearers(candidates))
    decisions = decide(found)
    with ExitStack() as files:
        clusters = None if order.clusters is None else files.enter_context(outputs.new(order.clusters))
        pairs = files.enter_context(outputs.new(order.pairs))
        with ThreadPoolExecutor(1) as pool:
            written = pool.submit(_write_persons, clusters, record_ids, found) if clusters else None
            _write_pairs(pairs, record_ids, found, decisions, report)
            if written:
                written.result()
    return Summary(
        records=len(record_ids),
        torn=torn,
        pairs=len(decisions),
        links=int((decisions == _LINK).sum()),
        reviews=int((decisions == _REVIEW).sum()),
        persons=int((found.persons.person == np.arange(len(record_ids))).sum()),
        unreadable=unreadable,
        unexamined=found.unexamined,
        widespread=found.widespread,
    )


def _prepare(path: Path, report: Report) -> tuple[Records, pa.Array, int]:
    """Read a file and make it ready; its texts are not held any longer than that."""
    report(Stage.READ, 0, 0)
    file = regional_file.read(path)
    record_ids, torn, count = file.record_ids, file.torn, len(file.record_ids)
    report(Stage.READ, count, count)
    report(Stage.PREPARE, 0, count)
    records = prepare(file.table)
    del file
    memory.give_back()
    report(Stage.PREPARE, count, count)
    return records, record_ids, torn


def decide(found: Match) -> Levels:
    """Return what becomes of each pair: a link when both are one person, else a review when it is near enough."""
    link, review = found.persons.decide(found.scored)
    decisions = either(review, _REVIEW, _NOTHING)
    decisions[np.flatnonzero(link)] = _LINK
    return decisions


def _write_pairs(path: Path, record_ids: pa.Array, found: Match, decisions: Levels, report: Report) -> None:
    schema = _pairs_schema(record_ids.type)
    words = pa.concat_arrays([text_column(["link", "review"]), pa.nulls(1, pa.string())])
    total = len(decisions)

    def pairs(start: int) -> pa.Table:
        rows, scored = slice(start, start + _ROWS), found.scored
        where = scored.where[rows]
        columns = [
            record_ids.take(number_column(scored.pairs.left[rows])),
            record_ids.take(number_column(scored.pairs.right[rows])),
            number_column(scored.verdicts.bits.take(where)),
            number_column(scored.verdicts.probability.take(where)),
            words.take(number_column(decisions[rows])),
        ]
        return pa.table(columns, schema=schema)

    with _writer(path, schema) as writer:
        starts = range(0, total, _ROWS)
        for start, table in zip(starts, spread(pairs, starts), strict=True):
            report(Stage.WRITE, start, total)
            writer.write_table(table)
    report(Stage.WRITE, total, total)


def _pairs_schema(record_id: pa.DataType) -> pa.Schema:
    kinds = [record_id, record_id, pa.float64(), pa.float64(), pa.string()]
    return pa.schema(list(zip(PAIRS, kinds, strict=True)))


def _write_persons(path: Path, record_ids: pa.Array, found: Match) -> None:
    person = record_ids.take(number_column(found.persons.person))
    table = pa.table([record_ids, person], _PERSONS)
    with _writer(path, table.schema) as writer:
        writer.write_table(table)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # The smallest and the largest identifier of a part help nobody to read less of it.
    return pq.ParquetWriter(
        path, schema, compression="snappy", use_dictionary=_OFTEN_THE_SAME, write_statistics=_OFTEN_THE_SAME
    )
