"""The history of source identities: what each held before and after every change, with its date and its door."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import identities
from hub.registry.tables import SourceIdentityRevision
from hub.registry.values import StoredIdentity
from identity.linkage import IdentityRecord

_MOST = 200


@dataclass(frozen=True, slots=True)
class Revision:
    """A change of one identity: what it held, what it held then, when and through which channel."""

    identity_id: int
    version: int
    former: IdentityRecord
    later: IdentityRecord
    changed_at: datetime
    channel: str


def of_identities(session: Session, group: Sequence[StoredIdentity]) -> tuple[Revision, ...]:
    """Return the changes of identities, the latest of each first, 200 at most."""
    later = {item.id: item.as_record() for item in group}
    query = (
        sa.select(SourceIdentityRevision)
        .where(SourceIdentityRevision.source_identity_id.in_(later))
        .order_by(SourceIdentityRevision.source_identity_id, SourceIdentityRevision.version.desc())
        .limit(_MOST)
    )
    found = []
    for row in session.scalars(query):
        present = later[row.source_identity_id]
        former = identities.record_of(row.content, present.record_id, present.domain)
        found.append(Revision(row.source_identity_id, row.version, former, present, row.replaced_at, row.channel))
        later[row.source_identity_id] = former
    return tuple(found)
