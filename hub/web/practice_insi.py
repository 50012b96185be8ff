"""Ask INSi about a patient, and accept or refuse its answer beside the local traits.

RNIV 1: an answer is compared and accepted by somebody. No trait and no matricule is ever in an address; a matricule
is shown once the identity is qualified.
"""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from hub import db
from hub.errors import Conflict, Invalid
from hub.insi import calls, decisions
from hub.insi.calls import CallKind, CallState
from hub.insi.decisions import Decision
from hub.insi.teleservice import FAILURE_LABELS, AnswerCode
from hub.registry import identities, statuses
from hub.web.context import current_staff, runtime
from hub.web.practice_identity_status import (
    back_to_status,
    evidences_for,
    read_own,
    seen_version,
    status_page,
    typed_values,
)
from hub.web.practice_patients import own_identity
from hub.web.practice_space import blueprint, practice_only
from identity import ins_answer
from identity.evidence import EVIDENCE_LABELS, EvidenceError, Proof, is_minor, read_proof
from identity.ins_answer import Likeness
from identity.status import IdentityStatus

_TRAITS = {
    "birth_name": lazy_gettext("Nom de naissance"),
    "given_names": lazy_gettext("Prénoms de naissance"),
    "birth_date": lazy_gettext("Date de naissance"),
    "sex": lazy_gettext("Sexe"),
    "birth_place": lazy_gettext("Lieu de naissance"),
}
_LIKENESSES = {
    Likeness.IDENTICAL: lazy_gettext("Identique"),
    Likeness.EQUIVALENT: lazy_gettext("Équivalent : seule l'écriture change, ou INSi complète"),
    Likeness.DIFFERENT: lazy_gettext("Différent"),
}
_OUTCOMES = {
    AnswerCode.FOUND: lazy_gettext("INSi confirme l'INS et les traits de ce patient."),
    AnswerCode.NOBODY: lazy_gettext(
        "INSi ne trouve personne avec ces traits. Vérifiez l'orthographe, le nom de naissance plutôt que le nom "
        "utilisé, le prénom et la date ; l'identité garde son statut."
    ),
    AnswerCode.SEVERAL: lazy_gettext(
        "INSi trouve plusieurs personnes avec ces traits et n'en désigne aucune. Complétez les prénoms et le lieu de "
        "naissance d'après la pièce d'identité, puis recommencez."
    ),
}
_WITHDRAWN = lazy_gettext("INSi ne confirme plus l'INS de ce patient : elle a été retirée, un agent est prévenu.")


@blueprint.post("/patients/<int:identity_id>/statut/ins")
@practice_only
def ask_insi(identity_id: int) -> Any:
    """Ask INSi, and lead to its answer; when it does not come, the worker asks again."""
    actor = current_staff().actor
    try:
        with db.transaction() as session:
            own_identity(identities.by_id(session, identity_id))
            call_id = calls.open_call(session, identity_id, runtime().desk, actor)
    except Invalid as error:
        return status_page(identity_id, {}, {"insi": error.message}), 422
    calls.ask(call_id, runtime().desk)
    with db.reading() as session:
        call = calls.call_about(session, identity_id, call_id)
        has_ins = identities.by_id(session, identity_id).traits.ins is not None
    if call.state is CallState.PENDING:
        return redirect(url_for("practice.insi_answer", identity_id=identity_id, call_id=call_id))
    if call.code is None:
        cause = FAILURE_LABELS[call.failure] if call.failure else _("INSi n'a pas encore répondu.")
        flash(_("%(cause)s La demande sera refaite ; les soins continuent sans INS.", cause=cause), "warning")
    elif call.kind is CallKind.VERIFY and not has_ins:
        flash(str(_WITHDRAWN), "warning")
    else:
        flash(str(_OUTCOMES[call.code]), "success" if call.code is AnswerCode.FOUND else "warning")
    return back_to_status(identity_id)


@blueprint.get("/patients/<int:identity_id>/statut/ins/<int:call_id>")
@practice_only
def insi_answer(identity_id: int, call_id: int) -> str:
    """Show INSi's answer beside the local traits."""
    return _answer_page(identity_id, call_id, {}, {})


@blueprint.post("/patients/<int:identity_id>/statut/ins/<int:call_id>")
@practice_only
def decide_insi(identity_id: int, call_id: int) -> Any:
    """Accept or refuse INSi's answer."""
    typed = typed_values("decision", "evidence", "parent")
    if typed["decision"] not in ("accept", "refuse"):
        errors = {"decision": _("Choisissez d'accepter ou de refuser.")}
        return _answer_page(identity_id, call_id, typed, errors), 422
    accepts = typed["decision"] == "accept"
    try:
        proof = _optional_proof(typed) if accepts else None
        decision = Decision(identity_id=identity_id, call_id=call_id, seen=seen_version(), proof=proof)
        with db.transaction() as session:
            own_identity(identities.by_id(session, identity_id))
            decide = decisions.accept if accepts else decisions.refuse
            decide(session, decision, runtime().registrar, current_staff().actor)
    except EvidenceError as error:
        return _answer_page(identity_id, call_id, typed, {error.field: error.message}), 422
    except Invalid as error:
        return _answer_page(identity_id, call_id, typed, {error.field or "decision": error.message}), 422
    flash(_("La réponse est acceptée.") if accepts else _("La réponse est refusée."), "success")
    return back_to_status(identity_id)


def _optional_proof(typed: dict[str, str]) -> Proof | None:
    return read_proof(typed["evidence"], typed["parent"]) if typed["evidence"] or typed["parent"] else None


def _answer_page(identity_id: int, call_id: int, typed: dict[str, str], errors: dict[str, str]) -> str:
    with db.transaction() as session:
        identity = read_own(session, identity_id)
        call = calls.call_about(session, identity_id, call_id)
        today = statuses.today(session)
    if call.reported is None:
        raise Conflict(
            _("Cette réponse n'attend plus de décision : quelqu'un l'a prise, ou une autre l'a remplacée.")
        )
    compared = ins_answer.compare(identity.traits, call.reported.traits)
    likeness = ins_answer.overall(compared)
    was_checked = identity.status in (IdentityStatus.VALIDATED, IdentityStatus.QUALIFIED)
    return render_template(
        "practice/insi_answer.html",
        identity=identity,
        call=call,
        reported=call.reported,
        rows=[(item, str(_TRAITS[item.trait]), str(_LIKENESSES[item.likeness])) for item in compared],
        is_new_ins=identity.traits.ins is not None and identity.traits.ins != call.reported.ins,
        differs=likeness is Likeness.DIFFERENT,
        needs_evidence=likeness is Likeness.DIFFERENT and was_checked,
        withdraws=call.kind is CallKind.VERIFY,
        evidences=evidences_for(is_minor(identity.traits.birth_date, today)),
        parents=[(item.value, label) for item, label in EVIDENCE_LABELS.items() if item.proves_parent],
        typed=typed,
        errors=errors,
    )
