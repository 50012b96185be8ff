"""Which linkage model decides: two officers to put one in force, one to go back.

A model in force is the latest activated that was not taken back; without any, the file of HUB_LINKAGE_MODEL. Going
back therefore always has somewhere to go.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.staff import Role, StaffMember
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from hub.linkage.tables import LinkageModel
from identity.model import Model, ModelError, parse_model

MOST_REASON = 1000
_MOST_VERSION = 40
_MOST_TEXT = 20_000_000
_LOCK = "linkage_model"
_UNKNOWN = "Aucun modèle de cette version n'a été proposé."
IN_FORCE = (
    sa.select(LinkageModel.id)
    .where(LinkageModel.activated_at.is_not(None), LinkageModel.retired_at.is_(None))
    .order_by(LinkageModel.activated_at.desc(), LinkageModel.id.desc())
    .limit(1)
)


class ModelState(StrEnum):
    """Where a model stands."""

    PROPOSED = "proposed"
    IN_FORCE = "in-force"
    REPLACED = "replaced"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that was proposed, and what became of it; `figures` are those of `hub model evaluate --json`."""

    id: int
    version: str
    sha256: str
    state: ModelState
    figures: dict[str, Any] | None
    reason: str
    proposed_by: int
    proposed_at: datetime
    approved_by: int | None
    activated_at: datetime | None
    retired_by: int | None
    retired_at: datetime | None
    retired_reason: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A model's text, why it is proposed, and its figures when somebody measured it."""

    text: str
    reason: str
    figures: str | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """The model that was taken back, and the one in force again; None for the file of HUB_LINKAGE_MODEL."""

    former: KnownModel
    present: KnownModel | None


def propose(
    session: Session, proposal: Proposal, shipped: str, member: StaffMember, trail: Trail, actor: Actor
) -> KnownModel:
    """Keep a model for another officer to approve; `shipped` is the version of the file of HUB_LINKAGE_MODEL.

    Raises `Invalid` for a model that cannot be used, `Conflict` for a version that is known.
    """
    _check_officer(member)
    reason = _reason(proposal.reason)
    if len(proposal.text) > _MOST_TEXT:
        raise Invalid("Le modèle est refusé : son fichier est trop grand.")
    try:
        model = parse_model(proposal.text)
    except ModelError as err:
        raise Invalid(f"Le modèle est refusé : {err}") from err
    if len(model.version) > _MOST_VERSION or not model.version.isprintable():
        raise Invalid(f"Le modèle est refusé : sa version dépasse {_MOST_VERSION} caractères ou ne se lit pas.")
    digest = hashlib.sha256(proposal.text.encode()).hexdigest()
    figures = _figures(proposal.figures, model.version, digest)
    values = {
        "version": model.version,
        "sha256": digest,
        "text": proposal.text,
        "figures": figures,
        "reason": reason,
        "proposed_by": member.id,
        "proposed_at": db.now(session),
    }
    # A version names one text only, in every decision that was taken with it.
    if model.version == shipped or not db.insert_once(session, LinkageModel, values, ["version"]):
        raise Conflict(f"La version {model.version} est déjà connue : donnez un autre nom au modèle.")
    known = by_version(session, model.version)
    _record(session, "model.propose", known, member, trail, actor)
    return known


def approve(session: Session, version: str, member: StaffMember, trail: Trail, actor: Actor) -> KnownModel:
    """Put a proposed model in force; raise `Forbidden` to whoever proposed it."""
    _check_officer(member)
    db.serialise(session, _LOCK)
    known = by_version(session, version)
    if known.state is not ModelState.PROPOSED:
        raise Conflict(f"Le modèle {version} n'attend pas d'approbation.")
    if known.proposed_by == member.id:
        raise Forbidden("Un modèle s'approuve à deux : demandez-le à un autre officier que celui qui l'a proposé.")
    moment = db.now(session)
    statement = sa.update(LinkageModel).where(LinkageModel.id == known.id, LinkageModel.activated_at.is_(None))
    session.execute(statement.values(approved_by=member.id, activated_at=moment))
    _record(session, "model.approve", known, member, trail, actor)
    return by_version(session, version)


def roll_back(session: Session, reason: str, member: StaffMember, trail: Trail, actor: Actor) -> Return:
    """Take the model in force back: the one before decides again. Raises `Conflict` when none was ever activated."""
    _check_officer(member)
    words = _reason(reason)
    db.serialise(session, _LOCK)
    former = in_force(session)
    if former is None:
        raise Conflict("Aucun modèle activé à retirer : celui de HUB_LINKAGE_MODEL est déjà en vigueur.")
    statement = sa.update(LinkageModel).where(LinkageModel.id == former.id)
    values = {"retired_by": member.id, "retired_at": db.now(session), "retired_reason": words}
    session.execute(statement.values(**values))
    _record(session, "model.rollback", former, member, trail, actor)
    return Return(by_version(session, former.version), in_force(session))


def in_force(session: Session) -> KnownModel | None:
    """Return the activated model that decides, None when it is the file of HUB_LINKAGE_MODEL."""
    return next((model for model in every(session) if model.state is ModelState.IN_FORCE), None)


def by_version(session: Session, version: str) -> KnownModel:
    """Return a model; raise `NotFound`."""
    found = next((model for model in every(session) if model.version == version), None)
    if found is None:
        raise NotFound(_UNKNOWN)
    return found


def read(connection: sa.Connection | Session, which: sa.ColumnElement[bool]) -> Model:
    """Return a model; raise `NotFound`, or `Unavailable` when it is not the text that was proposed."""
    row = connection.execute(sa.select(LinkageModel.text, LinkageModel.sha256).where(which)).one_or_none()
    if row is None:
        raise NotFound(_UNKNOWN)
    if hashlib.sha256(row.text.encode()).hexdigest() != row.sha256:
        raise Unavailable("Le modèle de rapprochement a été altéré : hub model rollback revient au précédent.")
    try:
        return parse_model(row.text)
    except ModelError as err:
        raise Unavailable(
            "Cette version du hub ne lit pas ce modèle de rapprochement : hub model rollback revient au précédent, "
            "ou proposez-en un autre."
        ) from err


def every(session: Session) -> tuple[KnownModel, ...]:
    """Return every model, the latest proposed first."""
    present = session.scalar(IN_FORCE)
    columns = [column for column in LinkageModel.__table__.columns if column.key != "text"]
    rows = session.execute(sa.select(*columns).order_by(LinkageModel.id.desc()))
    return tuple(_value(row, present) for row in rows)


def _value(row: Any, present: int | None) -> KnownModel:
    if row.retired_at is not None:
        state = ModelState.RETIRED
    elif row.activated_at is None:
        state = ModelState.PROPOSED
    else:
        state = ModelState.IN_FORCE if row.id == present else ModelState.REPLACED
    return KnownModel(
        id=row.id,
        version=row.version,
        sha256=row.sha256,
        state=state,
        figures=row.figures,
        reason=row.reason,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        approved_by=row.approved_by,
        activated_at=row.activated_at,
        retired_by=row.retired_by,
        retired_at=row.retired_at,
        retired_reason=row.retired_reason,
    )


def _check_officer(member: StaffMember) -> None:
    if member.role is not Role.OFFICER:
        raise Forbidden("Seuls les officiers de l'agence proposent, approuvent ou retirent un modèle.")


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise Invalid("Indiquez le motif.", "reason")
    if len(reason) > MOST_REASON:
        raise Invalid(f"Le motif dépasse {MOST_REASON} caractères : raccourcissez-le.", "reason")
    return reason


def _figures(text: str | None, version: str, digest: str) -> dict[str, Any] | None:
    """Read the figures of `hub model evaluate --json`; refuse those of another model."""
    if text is None:
        return None
    try:
        content = json.loads(text)
    except json.JSONDecodeError as err:
        raise Invalid("Les chiffres ne sont pas du JSON : donnez ce qu'écrit hub model evaluate --json.") from err
    if not isinstance(content, dict) or not isinstance(content.get("figures"), dict):
        raise Invalid("Les chiffres sont incomplets : donnez ce qu'écrit hub model evaluate --json.")
    if content.get("model") != digest or content.get("version") != version:
        raise Invalid("Ces chiffres sont ceux d'un autre modèle : évaluez celui-ci.")
    return content


def _record(
    session: Session, action: str, model: KnownModel, member: StaffMember, trail: Trail, actor: Actor
) -> None:
    detail: dict[str, str | int | bool | None] = {"version": model.version, "sha256": model.sha256, "by": member.id}
    trail.record(session, Entry(actor, action, Subject("linkage_model", model.id), detail))
