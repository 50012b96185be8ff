"""What an identity last said of itself, trait by trait.

A practice often empties a record before it gives its number to another patient (RNIV 1: a number is never used
again). What comes after is then compared with what was there before it said nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import identities
from hub.registry.tables import ReviewTask, SourceIdentityRevision
from hub.registry.tasks import TaskKind, TaskState
from identity.comparable import comparable
from identity.linkage import IdentityRecord
from identity.traits import Sex, Traits

_MOST_REVISIONS = 50
_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "surname": ("birth_name", "used_name"),
        "given": ("given_names", "used_given_name"),
        "birth_date": ("birth_date",),
        "sex": ("sex",),
        "birth_place": ("birth_place",),
        "ins": ("ins",),
    }
)
_NAMES = frozenset({"surname", "given"})


def silent(traits: Traits) -> frozenset[str]:
    """Return the strict traits of which these say nothing, placeholders included."""
    seen = comparable(traits)
    told = {
        "surname": seen.birth is not None,
        "given": seen.head is not None,
        "birth_date": seen.birth_date is not None,
        "sex": seen.sex is not Sex.UNKNOWN,
        "birth_place": seen.birth_place is not None,
        "ins": seen.ins is not None,
    }
    return frozenset(trait for trait, is_told in told.items() if not is_told)


def is_emptied(before: Traits, present: Traits) -> bool:
    """Tell whether somebody who had a name has none any more."""
    return silent(present) >= _NAMES and not silent(before) & _NAMES


def recall(
    session: Session, record: IdentityRecord, identity_id: int, wanted: frozenset[str], version: int | None = None
) -> IdentityRecord:
    """Fill what an identity does not tell with what it told last, before `version` when it is given.

    What it told before an officer settled its last great change is forgotten.
    """
    missing = set(wanted & silent(record.traits))
    if not missing:
        return record
    settled = sa.select(sa.func.max(ReviewTask.decided_at)).where(
        ReviewTask.source_identity_id == identity_id,
        ReviewTask.kind == TaskKind.CHANGED.value,
        ReviewTask.state != TaskState.OPEN.value,
    )
    since = session.scalar(settled)
    revisions = (
        sa.select(SourceIdentityRevision)
        .where(SourceIdentityRevision.source_identity_id == identity_id)
        .order_by(SourceIdentityRevision.version.desc())
        .limit(_MOST_REVISIONS)
    )
    if version is not None:
        revisions = revisions.where(SourceIdentityRevision.version < version)
    for revision in session.scalars(revisions):
        if not missing or (since is not None and revision.replaced_at <= since):
            break
        former = identities.record_of(revision.content, record.record_id, record.domain).traits
        for trait in missing - silent(former):
            values = {name: getattr(former, name) for name in _FIELDS[trait]}
            record = replace(record, traits=replace(record.traits, **values))
            missing.discard(trait)
    return record
