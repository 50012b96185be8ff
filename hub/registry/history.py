"""What the index knew at a moment: who was linked to whom, with which traits; and any decision taken again.

Nothing is overwritten: links leave events, traits leave revisions, decisions keep the ids and versions that they were
taken on, the model's version and the fingerprint of the rules. Taken again on these, a decision is the same, on any
machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.errors import Conflict, NotFound
from hub.registry import identities, rules
from hub.registry.tables import LinkageDecision, LinkEvent, SourceIdentity, SourceIdentityRevision
from identity import linkage
from identity.decision import Outcome
from identity.linkage import Candidate, IdentityRecord
from identity.model import Model
from identity.widespread import without

_BY_MATCHING = frozenset(outcome.value for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class IdentityAt:
    """A source identity as it was: its number in its structure's domain, its version and what it held."""

    id: int
    organization_id: int
    value: str
    version: int
    record: IdentityRecord
    linked_since: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision as kept, and as taken again."""

    decision_id: int
    kept: tuple[str, str | None, float | None]
    """Outcome, person and score."""
    again: tuple[str, str | None, float | None]
    has_same_rules: bool
    """The rules that took it are those of today; False when it was kept before they were noted."""

    @property
    def is_same(self) -> bool:
        """Tell whether both are one."""
        return self.kept == self.again


def person_at(session: Session, person_id: int, moment: datetime) -> tuple[IdentityAt, ...]:
    """Return the identities that were linked to a person at a moment, with the traits that the hub knew then."""
    ever = sa.select(LinkEvent.source_identity_id).where(LinkEvent.to_person_id == person_id)
    latest = (
        sa.select(sa.func.max(LinkEvent.id))
        .where(LinkEvent.source_identity_id.in_(ever), LinkEvent.moved_at <= moment)
        .group_by(LinkEvent.source_identity_id)
    )
    query = sa.select(LinkEvent).where(LinkEvent.id.in_(latest), LinkEvent.to_person_id == person_id)
    events = {event.source_identity_id: event for event in session.scalars(query)}
    rows = session.scalars(sa.select(SourceIdentity).where(SourceIdentity.id.in_(events)).order_by(SourceIdentity.id))
    return tuple(_at(session, row, events[row.id].moved_at, moment) for row in rows)


def _at(session: Session, row: SourceIdentity, since: datetime, moment: datetime) -> IdentityAt:
    replaced_after = (
        sa.select(SourceIdentityRevision)
        .where(SourceIdentityRevision.source_identity_id == row.id, SourceIdentityRevision.replaced_at > moment)
        .order_by(SourceIdentityRevision.version)
        .limit(1)
    )
    revision = session.scalar(replaced_after)
    version = revision.version if revision else row.version
    return IdentityAt(row.id, row.organization_id, row.value, version, record_at(session, row.id, version), since)


def record_at(session: Session, identity_id: int, version: int) -> IdentityRecord:
    """Return what an identity held at a version; raise `NotFound`."""
    present = identities.by_id(session, identity_id)
    if present.version == version:
        return present.as_record()
    revision = session.get(SourceIdentityRevision, (identity_id, version))
    if revision is None:
        raise NotFound("Cette version de l'identité n'est pas connue.")
    return identities.record_of(revision.content, str(identity_id), present.domain)


def replay(session: Session, decision_id: int, model_of: Callable[[str], Model]) -> Replayed:
    """Take a decision of the matching again on what it was taken on.

    `model_of` gives the model of a version, or raises. Raise `NotFound`, or `Conflict` when the decision is a
    person's, or its inputs are not at hand.
    """
    row = session.get(LinkageDecision, decision_id)
    if row is None:
        raise NotFound("Cette décision n'existe pas.")
    inputs = row.explanation.get("inputs")
    if row.outcome not in _BY_MATCHING or row.explanation.get("chosen") or not inputs:
        raise Conflict("Cette décision n'a pas été prise par le rapprochement, ou date d'avant l'enregistrement.")
    model = model_of(row.model_version)
    record = record_at(session, row.source_identity_id, inputs["version"])
    record = replace(record, traits=without(record.traits, inputs.get("left_out", ())))
    candidates = [_candidate(session, person_id, seen) for person_id, seen in inputs["persons"].items()]
    again = linkage.decide(record, candidates, model)
    score = again.considered[0].score.total if again.considered else None
    best = row.explanation["considered"][0]["person_id"] if row.explanation["considered"] else None
    kept = (_outcome(row), best, row.score)
    found = again.considered[0].person_id if again.considered else None
    has_same_rules = inputs.get("rules") == rules.fingerprint()
    return Replayed(row.id, kept, (again.outcome.value, found, score), has_same_rules)


def _outcome(row: LinkageDecision) -> str:
    """Return what the matching said, before the index (held, told apart, a person's other identities) was asked."""
    said = row.explanation.get("said")
    if said is not None:
        return str(said)
    # Kept before it was noted.
    reasons = {reason["code"] for reason in row.explanation["reasons"]}
    return Outcome.LINK.value if reasons & {"held", "told-apart", "automatic-proposal"} else row.outcome


def _candidate(session: Session, person_id: str, seen: Sequence[Sequence[int]]) -> Candidate:
    records = tuple(record_at(session, identity_id, version) for identity_id, version in seen)
    return Candidate(person_id=person_id, records=records)
