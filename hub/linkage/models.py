"""Which linkage model decides: two officers to put one in force, one to go back.

A model in force is the latest activated that was not taken back; without any, the file of HUB_LINKAGE_MODEL. Going
back therefore always has somewhere to go.
"""

import hashlib
import json
from collections.abc import Sequence
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
from hub.linkage import figures
from hub.linkage.tables import LinkageModel, ShippedModel
from identity.model import FORMAT, Model, ModelError, parse_model

MOST_REASON = 1000
MOST_BYTES = 20_000_000
"""Largest text of a model."""
_MOST_VERSION = 40
_MOST_WORDS = 5000
_MOST_DETAIL = 200
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
    """Taken back; or refused, when it never was in force."""


_BECAME = {
    ModelState.IN_FORCE: "un autre officier l'a approuvé, il est en vigueur",
    ModelState.REPLACED: "il a été approuvé, et remplacé depuis par un autre",
    ModelState.RETIRED: "un officier l'a refusé ou retiré",
}


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

    @property
    def was_refused(self) -> bool:
        """Tell whether it was turned down, or withdrawn, before it ever decided."""
        return self.state is ModelState.RETIRED and self.activated_at is None


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

    Raises `Invalid` for a model that cannot be used or figures that are not its own, naming the field `model`,
    `figures` or `reason`; `Conflict` for a version that is known.
    """
    _check_officer(member)
    model = _parse(proposal.text)
    digest = digest_of(proposal.text)
    measured = figures.read(proposal.figures, model.version, digest) if proposal.figures is not None else None
    reason = _reason(proposal.reason)
    values = {
        "version": model.version,
        "sha256": digest,
        "text": proposal.text,
        "figures": measured,
        "reason": reason,
        "proposed_by": member.id,
        "proposed_at": db.now(session),
    }
    # A version names one text only, in every decision that was taken with it.
    came_with_the_hub = session.scalar(sa.select(ShippedModel.sha256).where(ShippedModel.version == model.version))
    is_taken = model.version == shipped or came_with_the_hub not in (None, digest)
    if is_taken or not db.insert_once(session, LinkageModel, values, ["version"]):
        raise Conflict(
            f"La version {model.version} est déjà connue : donnez un autre nom au modèle (hub model train --version)."
        )
    known = by_version(session, model.version)
    _record(session, "model.propose", known, member, trail, actor)
    return known


def approve(session: Session, version: str, member: StaffMember, trail: Trail, actor: Actor) -> KnownModel:
    """Put a proposed model in force.

    Raises `Forbidden` to whoever proposed it, `Conflict` when it does not wait any more or cannot be read.
    """
    _check_officer(member)
    known = pending(session, by_version(session, version).id)
    if known.proposed_by == member.id:
        raise Forbidden("Un modèle s'approuve à deux : demandez-le à un autre officier que celui qui l'a proposé.")
    try:
        read(session, LinkageModel.id == known.id)
    except Unavailable as err:
        raise Conflict(
            f"Le modèle {version} ne peut pas entrer en vigueur : il a été altéré, ou cette version du hub ne le lit "
            "pas. Refusez-le et proposez-en un autre."
        ) from err
    moment = db.now(session)
    statement = sa.update(LinkageModel).where(LinkageModel.id == known.id, LinkageModel.activated_at.is_(None))
    session.execute(statement.values(approved_by=member.id, activated_at=moment))
    _record(session, "model.approve", known, member, trail, actor)
    return by_version(session, version)


def refuse(
    session: Session, model_id: int, reason: str, member: StaffMember, trail: Trail, actor: Actor
) -> KnownModel:
    """Turn down a proposed model, or withdraw one's own: nobody can approve it any more, its version stays taken.

    Raises `Invalid` without a reason, `Conflict` when it does not wait any more.
    """
    _check_officer(member)
    words = _reason(reason)
    known = pending(session, model_id)
    _retire(session, known, words, member)
    _record(session, "model.refuse", known, member, trail, actor)
    return by_id(session, model_id)


def pending(session: Session, model_id: int) -> KnownModel:
    """Return a model that waits for a second officer, and keep others from deciding until the transaction ends.

    Raises `NotFound`, or a `Conflict` that says what became of it.
    """
    db.serialise(session, _LOCK)
    known = by_id(session, model_id)
    if known.state is not ModelState.PROPOSED:
        raise Conflict(f"Le modèle {known.version} n'attend pas d'approbation : {_BECAME[known.state]}.")
    return known


def check_in_force(session: Session, seen: str, shipped: str) -> None:
    """Raise `Conflict` unless the version that decides is the one seen; it stays so until the transaction ends."""
    db.serialise(session, _LOCK)
    present = in_force(session)
    version = present.version if present else shipped
    if version != seen:
        raise Conflict(f"Le modèle en vigueur n'est plus celui que vous aviez sous les yeux : c'est {version}.")


def roll_back(session: Session, reason: str, member: StaffMember, trail: Trail, actor: Actor) -> Return:
    """Take the model in force back: the one before decides again. Raises `Conflict` when none was ever activated."""
    _check_officer(member)
    words = _reason(reason)
    db.serialise(session, _LOCK)
    former = in_force(session)
    if former is None:
        raise Conflict("Aucun modèle activé à retirer : celui de HUB_LINKAGE_MODEL est déjà en vigueur.")
    _retire(session, former, words, member)
    _record(session, "model.rollback", former, member, trail, actor)
    return Return(by_version(session, former.version), in_force(session))


def in_force(session: Session) -> KnownModel | None:
    """Return the activated model that decides, None when it is the file of HUB_LINKAGE_MODEL."""
    return next((model for model in every(session) if model.state is ModelState.IN_FORCE), None)


def fallback(known: Sequence[KnownModel]) -> KnownModel | None:
    """Return the model that would decide if the one in force was taken back, of all; None for the shipped file."""
    replaced = [model for model in known if model.state is ModelState.REPLACED]
    return max(replaced, key=lambda model: (model.activated_at or model.proposed_at, model.id), default=None)


def count_pending(session: Session) -> int:
    """Return how many models wait for a second officer."""
    waits = LinkageModel.activated_at.is_(None) & LinkageModel.retired_at.is_(None)
    return session.scalar(sa.select(sa.func.count()).select_from(LinkageModel).where(waits)) or 0


def by_id(session: Session, model_id: int) -> KnownModel:
    """Return a model; raise `NotFound`."""
    found = next((model for model in every(session) if model.id == model_id), None)
    if found is None:
        raise NotFound(_UNKNOWN)
    return found


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
    if digest_of(row.text) != row.sha256:
        raise Unavailable("Le modèle de rapprochement a été altéré : hub model rollback revient au précédent.")
    try:
        return parse_model(row.text)
    except ModelError as err:
        raise Unavailable(
            "Cette version du hub ne lit pas ce modèle de rapprochement : hub model rollback revient au précédent, "
            "ou proposez-en un autre."
        ) from err


def digest_of(text: str) -> str:
    """Return what tells the text of a model from any other: its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


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


def _parse(text: str) -> Model:
    """Read a model that is proposed; raise `Invalid` with a sentence that says how to mend it."""
    if len(text.encode()) > MOST_BYTES:
        raise _refused(f"son fichier est trop grand, {MOST_BYTES // 1_000_000} Mo au plus.")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise _refused("ce n'est pas du JSON. Donnez le fichier qu'écrit hub model train.") from err
    if not isinstance(content, dict) or "format" not in content:
        raise _refused("ce fichier n'est pas un modèle. Donnez celui qu'écrit hub model train.")
    if content["format"] != FORMAT:
        raise _refused(f"cette version du hub lit le format {FORMAT}, pas le sien. Refaites-le avec hub model train.")
    try:
        model = parse_model(text)
    except ModelError as err:
        detail = str(err)[:_MOST_DETAIL].encode("utf-8", "replace").decode()
        raise _refused(
            f"il est incomplet ou se contredit. Refaites-le avec hub model train. Détail : {detail}"
        ) from err
    if len(model.version) > _MOST_VERSION or not model.version.isprintable():
        raise _refused(f"sa version dépasse {_MOST_VERSION} caractères ou ne se lit pas.")
    if max(len(model.made), len(model.how_made)) > _MOST_WORDS:
        raise _refused(f"ce qu'il dit de sa fabrication dépasse {_MOST_WORDS} caractères.")
    return model


def _refused(why: str) -> Invalid:
    return Invalid(f"Le modèle est refusé : {why}", "model")


def _retire(session: Session, model: KnownModel, words: str, member: StaffMember) -> None:
    values = {"retired_by": member.id, "retired_at": db.now(session), "retired_reason": words}
    session.execute(sa.update(LinkageModel).where(LinkageModel.id == model.id).values(**values))


def _record(
    session: Session, action: str, model: KnownModel, member: StaffMember, trail: Trail, actor: Actor
) -> None:
    detail: dict[str, str | int | bool | None] = {"version": model.version, "sha256": model.sha256, "by": member.id}
    trail.record(session, Entry(actor, action, Subject("linkage_model", model.id), detail))
