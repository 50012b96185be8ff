"""File every identity again under the keys of this version: needed when their definition changed.

Chunks of one transaction each; an interrupted run is taken up where it was. When the definition did not change, the
index stays in use meanwhile.
"""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.registry import identities, links
from hub.registry.filing import Files, definition, fileable
from hub.registry.tables import CrowdedKey, KeyIndex, SourceIdentity

CHUNK = 1000


def rebuild(report: Callable[[int], object]) -> int:
    """File every identity again; return how many were filed otherwise. `report` is told how many are behind."""
    changed = done = 0
    with db.transaction() as session:
        _open_rebuild(session)
    while True:
        with db.transaction() as session:
            # Whoever files or moves an identity shares this lock.
            db.serialise(session, links.LOCK)
            state = session.get_one(KeyIndex, 1, populate_existing=True)
            batch = _next_batch(session, state.rebuilt_to)
            if not batch:
                state.definition, state.next_definition, state.rebuilt_to = definition(), None, 0
                return changed
            changed += _refile(session, batch, state.definition)
            state.rebuilt_to = max(batch)
        done += len(batch)
        report(done)


def is_needed() -> bool:
    """Tell whether identities are filed by another definition of the keys than this version's."""
    with db.reading() as session:
        state = session.get(KeyIndex, 1)
        return state is not None and state.definition != definition()


def count() -> int:
    """Return how many identities a rebuilding still has before it."""
    with db.reading() as session:
        state = session.get(KeyIndex, 1)
        behind = state.rebuilt_to if state is not None and state.next_definition == definition() else 0
        query = sa.select(sa.func.count()).select_from(SourceIdentity).where(SourceIdentity.id > behind)
        return session.scalar(query) or 0


def _open_rebuild(session: Session) -> None:
    values = {"id": 1, "definition": "", "rebuilt_to": 0}
    db.insert_once(session, KeyIndex, values, ["id"])
    state = session.get_one(KeyIndex, 1, with_for_update=True, populate_existing=True)
    if state.next_definition == definition():
        return
    state.next_definition, state.rebuilt_to = definition(), 0
    if state.definition != definition():
        # Half of the identities will be filed one way and half the other: nobody searches meanwhile.
        state.definition = ""
        session.execute(sa.delete(CrowdedKey))


def _next_batch(session: Session, after: int) -> dict[int, tuple[frozenset[int], frozenset[int]]]:
    """Return the keys of the next identities: what they should be filed under, and what they are."""
    query = sa.select(SourceIdentity).where(SourceIdentity.id > after).order_by(SourceIdentity.id).limit(CHUNK)
    found = identities.select_values(session, query)
    filed = sa.select(SourceIdentity.id, SourceIdentity.blocking_keys).where(
        SourceIdentity.id.in_([item.id for item in found])
    )
    present = {identity_id: frozenset(keys or ()) for identity_id, keys in session.execute(filed)}
    return {item.id: (fileable(item), present[item.id]) for item in found}


def _refile(session: Session, batch: dict[int, tuple[frozenset[int], frozenset[int]]], filed_by: str) -> int:
    files = Files(session, [wanted for wanted, _ in batch.values()], filed_by)
    changes = []
    for identity_id, (wanted, present) in batch.items():
        fresh = files.file(identity_id, wanted, present)
        if frozenset(fresh) != present:
            changes.append({"identity_id": identity_id, "keys": fresh or None})
    if changes:
        row = sa.update(SourceIdentity).where(SourceIdentity.id == sa.bindparam("identity_id"))
        session.connection().execute(row.values(blocking_keys=sa.bindparam("keys")), changes)
    files.keep()
    return len(changes)
