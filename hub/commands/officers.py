"""The pairs that officers decided in the database, compared as those of a file are."""

import numpy as np
import pyarrow as pa

from hub import db
from hub.commands.labelled import Compared
from hub.commands.model_training import Decided
from hub.linkage import decided
from identity.bulk.comparison import compare
from identity.bulk.records import prepare
from identity.evaluation import Truth
from identity.training import count_names


def decided_pairs(minor_from: int, weight: float) -> Decided | None:
    """Return the officers' pairs; None when there is none yet."""
    with db.reading() as session:
        found = decided.decided_pairs(session)
    if not found.same:
        return None
    records = prepare(found.table)
    left = np.arange(0, len(records), 2, dtype=np.int32)
    pairs = compare(records, left, left + np.int32(1), minor_from)
    # Two records of one pair have one number when the officer said so, else two.
    person = np.arange(len(records), dtype=np.int32)
    person[1::2] = np.where(np.array(found.same), person[::2], person[1::2])
    ids = pa.array(range(len(records)), pa.int64())
    return Decided(
        Compared(len(records), ids, pairs, records.names, count_names(records), {}), Truth(person, {}), weight
    )
