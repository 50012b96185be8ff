"""The status of a patient's identity: what it lacks, how it came there, evidence and doubts that are recorded.

RNIV 1: no evidence is chosen beforehand (EXI SI 23). A refused form comes back with what was chosen. INSi is asked in
`practice_insi`.
"""

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hub import db
from hub.accounts import staff
from hub.audit.trail import ActorKind, Entry, Subject
from hub.errors import Conflict, Invalid, NotFound
from hub.insi import calls, retrieval
from hub.insi.calls import CallState
from hub.insi.teleservice import FAILURE_LABELS, AnswerCode
from hub.registry import identities, status_history, statuses
from hub.registry.status_history import StatusStep
from hub.registry.statuses import MOST_COMMENT, Act
from hub.registry.values import StatusCause, StoredIdentity
from hub.web.context import current_staff, runtime
from hub.web.practice_patients import own_identity
from hub.web.practice_space import blueprint, practice_only
from identity import completeness
from identity.evidence import EVIDENCE_LABELS, EvidenceError, is_minor, read_proof
from identity.status import BARRED, Attribute
from identity.transitions import EVENT_LABELS, Event

ATTRIBUTE_LABELS = {
    Attribute.HOMONYM: lazy_gettext("Homonyme"),
    Attribute.DOUBTFUL: lazy_gettext("Identité douteuse"),
    Attribute.FICTITIOUS: lazy_gettext("Identité fictive"),
}
# What a member may say of an identity; the rest comes with a piece of evidence or with INSi.
_SAID = {
    Event.DOUBT_RAISED: lazy_gettext("Signaler un doute"),
    Event.DOUBT_LIFTED: lazy_gettext("Lever le doute"),
    Event.FICTITIOUS_SET: lazy_gettext("Déclarer l'identité fictive"),
    Event.FICTITIOUS_LIFTED: lazy_gettext("Retirer la mention fictive"),
    Event.HOMONYM_SET: lazy_gettext("Signaler un homonyme"),
    Event.HOMONYM_LIFTED: lazy_gettext("Retirer la mention homonyme"),
    Event.WRONG_PERSON: lazy_gettext("Retirer l'INS : ce n'est pas celle de ce patient"),
}
_EXPLAINED = frozenset({Event.DOUBT_RAISED, Event.FICTITIOUS_SET, Event.WRONG_PERSON})


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A line of the history, in words."""

    step: StatusStep
    label: str
    who: str
    evidence: str | None


@blueprint.get("/patients/<int:identity_id>/statut")
@practice_only
def identity_status(identity_id: int) -> str:
    """Show where the identity stands, how it came there, and what may be done."""
    return status_page(identity_id, {}, {})


@blueprint.post("/patients/<int:identity_id>/statut/justificatif")
@practice_only
def record_evidence(identity_id: int) -> Any:
    """Record the evidence that somebody has checked."""
    typed = typed_values("evidence", "parent")
    try:
        proof = read_proof(typed["evidence"], typed["parent"])
        _apply(identity_id, StatusCause(Event.EVIDENCE_CHECKED, proof))
    except EvidenceError as error:
        return status_page(identity_id, typed, {error.field: error.message}), 422
    except Invalid as error:
        return status_page(identity_id, typed, {error.field or "evidence": error.message}), 422
    flash(_("Le justificatif est enregistré."), "success")
    return back_to_status(identity_id)


@blueprint.post("/patients/<int:identity_id>/statut/mention")
@practice_only
def mark_identity(identity_id: int) -> Any:
    """Raise or lift a doubt, a fiction, a namesake; or take away an INS that is somebody else's."""
    typed = typed_values("event", "comment")
    events = {event.value: event for event in _SAID}
    event = events.get(typed["event"])
    if event is None:
        return status_page(identity_id, typed, {"event": _("Choisissez ce que vous voulez signaler.")}), 422
    if event in _EXPLAINED and not typed["comment"]:
        return status_page(identity_id, typed, {"comment": _("Dites en quelques mots pourquoi.")}), 422
    if len(typed["comment"]) > MOST_COMMENT:
        return status_page(identity_id, typed, {"comment": _("Ce texte dépasse 1000 caractères.")}), 422
    try:
        _apply(identity_id, StatusCause(event, comment=typed["comment"] or None))
    except Invalid as error:
        return status_page(identity_id, typed, {error.field or "event": error.message}), 422
    flash(_("C'est enregistré."), "success")
    return back_to_status(identity_id)


def typed_values(*names: str) -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in names}


def seen_version() -> int:
    seen = request.form.get("version", type=int)
    if seen is None:
        raise Conflict(_("Cette page est incomplète : rouvrez-la, puis recommencez."))
    return seen


def _apply(identity_id: int, cause: StatusCause) -> None:
    seen = seen_version()
    with db.transaction() as session:
        own_identity(identities.by_id(session, identity_id))
        act = Act(identity_id=identity_id, seen=seen, cause=cause)
        statuses.apply(session, act, runtime().registrar, current_staff().actor)


def back_to_status(identity_id: int) -> Response:
    return redirect(url_for("practice.identity_status", identity_id=identity_id))


def read_own(session: Session, identity_id: int) -> StoredIdentity:
    """Return the structure's own patient, and tell the trail that it is shown."""
    identity = own_identity(identities.by_id(session, identity_id))
    entry = Entry(current_staff().actor, "identity.read", Subject("source_identity", identity.id))
    runtime().trail.record(session, entry)
    return identity


def status_page(identity_id: int, typed: dict[str, str], errors: dict[str, str]) -> str:
    with db.transaction() as session:
        identity = read_own(session, identity_id)
        steps = [_shown(session, step) for step in status_history.steps(session, identity_id)]
        asked = calls.calls_about(session, identity_id)
        today = statuses.today(session)
    return render_template(
        "practice/identity_status.html",
        identity=identity,
        attributes=[str(ATTRIBUTE_LABELS[item]) for item in sorted(identity.attributes)],
        missing=completeness.missing_strict_traits(identity.traits),
        steps=steps,
        pending=next((call for call in asked if call.state is CallState.PENDING), None),
        waiting=next((call for call in asked if call.state is CallState.WAITING), None),
        waiting_cause=next((FAILURE_LABELS[call.failure] for call in asked[:1] if call.failure), None),
        confirmed_at=next((call.answered_at for call in asked if call.code is AnswerCode.FOUND), None),
        is_barred=bool(identity.attributes & BARRED),
        has_teleservice=runtime().teleservice is not None,
        obstacles=retrieval.missing(identity.traits),
        evidences=evidences_for(is_minor(identity.traits.birth_date, today)),
        parents=[(item.value, label) for item, label in EVIDENCE_LABELS.items() if item.proves_parent],
        events=_events(identity),
        typed=typed,
        errors=errors,
    )


def evidences_for(minor: bool) -> list[tuple[str, str]]:
    return [(item.value, label) for item, label in EVIDENCE_LABELS.items() if minor or not item.is_for_minors]


def _events(identity: StoredIdentity) -> list[tuple[str, str]]:
    """List what may be said of the identity as it is."""
    found = {
        Event.DOUBT_RAISED: not identity.attributes & BARRED,
        Event.DOUBT_LIFTED: Attribute.DOUBTFUL in identity.attributes,
        Event.FICTITIOUS_SET: not identity.attributes,
        Event.FICTITIOUS_LIFTED: Attribute.FICTITIOUS in identity.attributes,
        Event.HOMONYM_SET: not identity.attributes & {Attribute.HOMONYM, Attribute.FICTITIOUS},
        Event.HOMONYM_LIFTED: Attribute.HOMONYM in identity.attributes,
        Event.WRONG_PERSON: identity.traits.ins is not None,
    }
    return [(event.value, str(_SAID[event])) for event, may in found.items() if may]


def _shown(session: Session, step: StatusStep) -> ShownStep:
    evidence = EVIDENCE_LABELS[step.evidence] if step.evidence else None
    if step.parent_evidence:
        evidence = f"{evidence} + {EVIDENCE_LABELS[step.parent_evidence]}"
    label = EVENT_LABELS[step.event] if step.event else _("Reçu du logiciel de la structure")
    return ShownStep(step, label, _who(session, step), evidence)


def _who(session: Session, step: StatusStep) -> str:
    if step.actor_kind == ActorKind.SOFTWARE.value:
        return _("logiciel de la structure")
    if step.actor_kind != ActorKind.STAFF.value:
        return _("le hub")
    try:
        return staff.by_id(session, int(step.actor_id)).name
    except (NotFound, ValueError):
        return _("un membre parti")
