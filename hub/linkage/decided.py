"""The pairs that officers decided, as columns to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import identities
from hub.registry.tables import DistinctPair, ReviewTask, SourceIdentity
from hub.registry.tasks import TaskKind, TaskState
from hub.registry.values import StoredIdentity

_IDS = 10_000


@dataclass(frozen=True, slots=True)
class DecidedPairs:
    """Two records for each pair, one after the other, and whether they are one person."""

    table: pa.Table
    same: tuple[bool, ...]


def decided_pairs(session: Session) -> DecidedPairs:
    """Return every pair on which an officer's last word is « same » or « different », as its identities are now."""
    verdicts = dict.fromkeys(
        ((pair.low_id, pair.high_id) for pair in session.scalars(sa.select(DistinctPair))), False
    )
    tasks = sa.select(ReviewTask).where(
        ReviewTask.kind.in_((TaskKind.DUPLICATE.value, TaskKind.MARGIN.value)),
        ReviewTask.state != TaskState.OPEN.value,
    )
    for task in session.scalars(tasks.order_by(ReviewTask.decided_at, ReviewTask.id)):
        low, high = sorted((task.source_identity_id, task.candidate_identity_id))
        verdicts[low, high] = task.state == TaskState.SAME.value
    known = _identities(session, sorted({one for pair in verdicts for one in pair}))
    pairs = sorted(verdicts)
    rows = [known[identity_id] for pair in pairs for identity_id in pair]
    return DecidedPairs(_table(rows), tuple(verdicts[pair] for pair in pairs))


def _identities(session: Session, ids: list[int]) -> dict[int, StoredIdentity]:
    found: dict[int, StoredIdentity] = {}
    for start in range(0, len(ids), _IDS):
        query = sa.select(SourceIdentity).where(SourceIdentity.id.in_(ids[start : start + _IDS]))
        found |= {item.id: item for item in identities.select_values(session, query)}
    return found


def _table(rows: Sequence[StoredIdentity]) -> pa.Table:
    columns = {
        "source": [row.domain for row in rows],
        "birth_family": [row.traits.birth_name for row in rows],
        "used_family": [row.traits.used_name for row in rows],
        "given_names": [" ".join(row.traits.given_names) for row in rows],
        "used_given": [row.traits.used_given_name for row in rows],
        "birth_date": [row.traits.birth_date.iso() if row.traits.birth_date else None for row in rows],
        "sex": [row.traits.sex.value for row in rows],
        "birth_place": [row.traits.birth_place for row in rows],
        "ins": [row.traits.ins.matricule if row.traits.ins else None for row in rows],
        "address": [row.traits.address.line if row.traits.address else None for row in rows],
        "postcode": [row.traits.address.postcode if row.traits.address else None for row in rows],
        "city": [row.traits.address.city if row.traits.address else None for row in rows],
        "phone": [row.traits.phone for row in rows],
        "email": [row.traits.email for row in rows],
    }
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
