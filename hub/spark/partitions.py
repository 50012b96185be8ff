"""What each worker does with the rows it was given: the bulk rules of `identity`, from Arrow to Arrow.

Keys, refinement and scores are made by the very functions that work through a file on one machine; none of them
depends on which other rows came along.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from identity.bulk.blocking import ALL_KINDS, Keys, blocking_keys, refine, refining_parts
from identity.bulk.comparison import compare
from identity.bulk.records import prepare
from identity.bulk.scoring import Scored, score
from identity.bulk.text import Longs
from identity.model import Model, parse_model

Batches = Iterator[pa.RecordBatch]

ENTRIES = "kind byte, value long, part byte, row long"
"""One key of one record, and the part that it was last refined by."""
PARTS = "row long, parts array<long>"
"""What refines a large block."""
UNREADABLE = "column string, count long, row long"
SCORES = "row_l long, row_r long, score double, probability double, link boolean, near boolean, contradicts boolean"
"""What is kept of a pair. `near`: the score alone asks for a link or for an officer."""


def keys(kinds: Sequence[str]) -> Callable[[Batches], Batches]:
    """Return the function that turns records into the entries of these kinds of blocking keys."""

    def work(batches: Batches) -> Batches:
        for batch in batches:
            rows = batch["row"].to_numpy()
            for found in blocking_keys(prepare(pa.Table.from_batches([batch])), kinds):
                yield _entries(found, rows)

    return work


def parts(batches: Batches) -> Batches:
    """Turn records into what refines their large blocks."""
    for batch in batches:
        found = refining_parts(prepare(pa.Table.from_batches([batch])))
        offsets = np.arange(len(batch) + 1, dtype=np.int32) * len(found)
        lists = pa.ListArray.from_arrays(offsets, np.stack(found, axis=1).ravel())
        yield pa.RecordBatch.from_arrays([batch["row"], lists], ["row", "parts"])


def refined(batches: Batches) -> Batches:
    """Split the entries of large blocks, each with its `parts`."""
    for batch in batches:
        if not len(batch):
            continue
        kinds, values, refined_by, rows = (batch[name].to_numpy() for name in ("kind", "value", "part", "row"))
        table = batch["parts"].flatten().to_numpy().reshape(len(batch), -1)
        for kind, part in sorted(set(zip(kinds.tolist(), refined_by.tolist(), strict=True))):
            entries = np.flatnonzero((kinds == kind) & (refined_by == part))
            large = Keys(ALL_KINDS[kind], values[entries], entries.astype(np.int32), part)
            for found in refine(large, list(table[entries].T)):
                yield _entries(found, rows)


def _entries(keys: Keys, rows: Longs) -> pa.RecordBatch:
    """Write keys down, their records by the rows of the file."""
    kind, part = (np.full(len(keys.values), number, np.int8) for number in (ALL_KINDS.index(keys.kind), keys.part))
    return _batch(kind=kind, value=keys.values, part=part, row=rows[keys.records])


def unreadable(batches: Batches) -> Batches:
    """Count the values that say nothing, by column; give the first row that holds one."""
    for batch in batches:
        # The rows of a batch come in no order.
        table = pa.Table.from_batches([batch]).sort_by("row")
        found = prepare(table).unreadable
        counts, first = ([value[part] for value in found.values()] for part in (0, 1))
        columns = [
            pa.array(found.keys(), pa.string()),
            pa.array(counts, pa.int64()),
            table["row"].combine_chunks().take(pa.array(first, pa.int64())),
        ]
        yield pa.RecordBatch.from_arrays(columns, ["column", "count", "row"])


def scores(model: str) -> Callable[[Batches], Batches]:
    """Return the function that turns pairs of records into scored pairs; the model travels as its text."""

    def work(batches: Batches) -> Batches:
        for batch in batches:
            if not len(batch):
                continue
            scored = score_batch(batch, _model(model))[1]
            yield _batch(
                row_l=batch["row_l"].to_numpy(),
                row_r=batch["row_r"].to_numpy(),
                score=scored.bits,
                probability=scored.probability,
                link=scored.link,
                near=scored.near,
                contradicts=scored.contradicts,
            )

    return work


def score_batch(batch: pa.RecordBatch, model: Model) -> tuple[Longs, Scored]:
    """Score pairs given with both records; return the numbers of the records and the pairs between them.

    A record of several pairs is prepared once; records keep the order of the file.
    """
    both = np.concatenate([batch["row_l"].to_numpy(), batch["row_r"].to_numpy()])
    rows, first, where = np.unique(both, return_index=True, return_inverse=True)
    sides = pa.concat_arrays([batch["l"], batch["r"]])
    records = prepare(pa.Table.from_batches([pa.RecordBatch.from_struct_array(sides.take(pa.array(first)))]))
    left, right = np.split(where.astype(np.int32), 2)
    return rows, score(compare(records, left, right, model.minor_from), records.names, model)


@lru_cache(maxsize=1)
def _model(text: str) -> Model:
    return parse_model(text)


def _batch(**columns: np.ndarray) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array(column) for column in columns.values()], list(columns))
