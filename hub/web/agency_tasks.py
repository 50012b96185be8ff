"""One task: both sides compared, explained and told in full; the officer's decision, with its reason.

Whoever opens a task takes it for half an hour. A decision is made on the version that was shown.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from hub import db
from hub.audit.trail import Subject
from hub.directory import organizations
from hub.documents import deposit
from hub.errors import Conflict, Invalid
from hub.registry import (
    corrections,
    death_checks,
    distinct,
    identification,
    identities,
    intake,
    operations,
    review,
    search,
    worklist,
)
from hub.registry.corrections import Asking, CorrectionTrait
from hub.registry.deaths import DeathView
from hub.registry.distinct import Relation
from hub.registry.identification import AnswerKind, Identification
from hub.registry.operations import Operation, State
from hub.registry.review import Comparison, Settled, Verdict
from hub.registry.tasks import ALONE, Task, TaskKind, TaskState
from hub.registry.values import PersonView
from hub.registry.worklist import Comment, Deferral
from hub.vigilance import consequences, revisions
from hub.vigilance.consequences import Merged
from hub.web import agency_deaths, agency_documents, agency_proof
from hub.web.agency_choice import filter_of_request, query_of
from hub.web.agency_comparison import (
    Explanation,
    Near,
    PastChange,
    TraitRow,
    explain,
    near_persons,
    past_changes,
    read_lines,
    reason_words,
    trait_lines,
    trait_rows,
)
from hub.web.agency_space import (
    blueprint,
    ids_of,
    known,
    officer_names,
    officers_only,
    places,
    read_seen,
    record,
    seen_text,
    structure_names,
    typed_text,
)
from hub.web.context import current_staff, runtime

_ASKED_DAYS = 15
_LOOKED_AT = ALONE - {TaskKind.CHANGED}
_COMPARED = frozenset(TaskKind) - _LOOKED_AT - {TaskKind.DOCUMENT}
_NO_FORM: MultiDict[str, str] = MultiDict()
_NO_DECISION = lazy_gettext("Choisissez une décision : un des boutons ci-dessous.")


@dataclass(frozen=True, slots=True)
class Shown:
    """A task ready to be shown."""

    comparison: Comparison
    rows: tuple[TraitRow, ...]
    lines: tuple[tuple[str, str], ...]
    explanation: Explanation
    persons: tuple[PersonView, ...]
    merged: Merged | None
    documents: int
    history: Mapping[int, tuple[PastChange, ...]]
    structures: Mapping[int, str]
    officers: Mapping[int, str]
    comments: Sequence[Comment]
    proposed: Operation | None
    told: Sequence[DeathView]
    asked: int
    near: Sequence[Near]
    request: Identification | None
    relations: Sequence[Relation]
    is_mine: bool
    seen: str

    @property
    def task(self) -> Task:
        """The task itself."""
        return self.comparison.task


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a decision was not made; what was typed stays in the form."""

    invalid: str | None = None
    field: str | None = None
    refused: str | None = None
    changes: Sequence[str] = ()


@blueprint.get("/taches/<int:task_id>")
@officers_only
def task(task_id: int) -> str:
    """Show a task and take it."""
    return _page(task_id, Refusal(), _NO_FORM)


@blueprint.post("/taches/<int:task_id>")
@officers_only
def decide(task_id: int) -> Response | tuple[str, int]:
    """Apply a decision, then go to the next task of the list."""
    known(task_id)
    chosen = request.form.get("decision", "")
    if _needs_proof(task_id, chosen) and (asked := agency_proof.demand()) is not None:
        return asked
    try:
        with db.transaction() as session:
            done = _ACTS.get(chosen, _decide_nothing)(session, task_id)
            following = worklist.next_to_do(session, current_staff().member.id, filter_of_request())
    except Invalid as error:
        return _page(task_id, Refusal(invalid=error.message, field=error.field), request.form), 422
    except Conflict as error:
        return _page(task_id, _refusal(task_id, error), request.form), 409
    flash(done, "success")
    arguments = query_of(filter_of_request())
    if following is None:
        return redirect(url_for("agency.tasks", **arguments))
    return redirect(url_for("agency.task", task_id=following, **arguments))


def _needs_proof(task_id: int, chosen: str) -> bool:
    """Tell whether a decision moves identities from one person to another."""
    if chosen not in ("meme", "differentes") or not typed_text("comment").strip():
        return False
    with db.reading() as session:
        comparison = review.compare(session, task_id, runtime().registrar.model)
    item = comparison.task
    if item.state is not TaskState.OPEN:
        return False
    apart = item.left.person_id != item.right.person_id
    return apart if chosen == "meme" else not apart and len(comparison.together) > 1


def _refusal(task_id: int, error: Conflict) -> Refusal:
    """Say what changed since the page was shown, when that is why."""
    with db.reading() as session:
        comparison = review.compare(session, task_id, runtime().registrar.model)
        now = {item.id: item.version for item in comparison.together}
        changes = operations.changes_since(read_seen(request.form.get("seen", "")), {0: comparison.together})
    moved = now and request.form.get("seen") and comparison.task.state is TaskState.OPEN
    return Refusal(refused=error.message, changes=changes if moved else ())


def _verdict(task_id: int, state: TaskState) -> Verdict:
    months = request.form.get("mois", "").strip()
    if months and not ids_of([months]):
        raise Invalid(_("Écrivez un nombre de mois, ou laissez vide pour toujours."), "mois")
    relation = request.form.get("relation", "")
    return Verdict(
        task_id=task_id,
        version=request.form.get("version", -1, type=int),
        state=state,
        comment=typed_text("comment"),
        staff_id=current_staff().member.id,
        relation=Relation(relation) if relation in set(Relation) else Relation.OTHER,
        months=int(months) if months else None,
        leaving=frozenset(ids_of(request.form.getlist("partent"))),
    )


def _settle(session: Session, verdict: Verdict, kinds: Collection[TaskKind]) -> Settled:
    """Settle a task of one of these kinds, the only ones whose page offers the decision."""
    settled = intake.settle(session, verdict, runtime().registrar, current_staff().actor)
    if settled.task.kind not in kinds:
        raise Invalid(str(_NO_DECISION), "decision")
    return settled


def _decide_nothing(session: Session, task_id: int) -> str:
    raise Invalid(str(_NO_DECISION), "decision")


def _same(session: Session, task_id: int) -> str:
    return _done(_settle(session, _lasting(task_id, TaskState.SAME), _COMPARED))


def _different(session: Session, task_id: int) -> str:
    return _done(_settle(session, _verdict(task_id, TaskState.DIFFERENT), _COMPARED))


def _seen_and_done(session: Session, task_id: int) -> str:
    settled = _settle(session, _lasting(task_id, TaskState.SAME), _LOOKED_AT)
    return _("Tâche %(number)d : vue, c'est réglé.", number=settled.task.id)


def _lasting(task_id: int, state: TaskState) -> Verdict:
    """Read a verdict that holds for good, whatever the form says of months."""
    return replace(_verdict(task_id, state), months=None)


def _ask(session: Session, task_id: int) -> str:
    """Ask the structure of one side to correct a trait, and put the task off until it has had time to answer."""
    comparison = review.compare(session, task_id, runtime().registrar.model)
    sides = {item.id: item for item in (comparison.task.left, comparison.task.right)}
    chosen = ids_of([request.form.get("identite", "")])
    if not chosen or chosen[0] not in sides:
        raise Invalid(_("Choisissez la structure à qui demander."), "identite")
    trait = request.form.get("trait", "")
    if trait not in set(CorrectionTrait):
        raise Invalid(_("Choisissez le trait à vérifier."), "trait")
    member, actor, trail = current_staff().member, current_staff().actor, runtime().trail
    reason = worklist.cleaned_reason(typed_text("comment"))
    asking = Asking(
        source_identity_id=chosen[0],
        trait=CorrectionTrait(trait),
        message=reason,
        officer_id=member.id,
        task_id=task_id,
    )
    worklist.defer(session, _deferral(task_id, _ASKED_DAYS, reason), trail, actor)
    corrections.ask(session, asking, trail, actor)
    name = structure_names(session, [sides[chosen[0]]])[sides[chosen[0]].organization_id]
    return _(
        "Tâche %(number)d : la demande est partie à « %(structure)s » ; la tâche revient dans 15 jours.",
        number=task_id,
        structure=name,
    )


def _defer(session: Session, task_id: int) -> str:
    days = ids_of([request.form.get("jours", "")])
    if not days:
        raise Invalid(_("Écrivez un nombre de jours."), "jours")
    worklist.defer(
        session, _deferral(task_id, days[0], typed_text("comment")), runtime().trail, current_staff().actor
    )
    return ngettext(
        "Tâche %(number)d : différée d'un jour.",
        "Tâche %(number)d : différée de %(num)d jours.",
        days[0],
        number=task_id,
    )


def _deferral(task_id: int, days: int, reason: str) -> Deferral:
    version = request.form.get("version", -1, type=int)
    return Deferral(task_id=task_id, version=version, days=days, reason=reason, staff_id=current_staff().member.id)


def _confirm_death(session: Session, task_id: int) -> str:
    verdict = _lasting(task_id, TaskState.SAME)
    agency_deaths.confirm(session, _settle(session, verdict, {TaskKind.DEATH}).task, verdict.comment)
    return _("Tâche %(number)d : le décès est confirmé.", number=task_id)


def _refute_death(session: Session, task_id: int) -> str:
    verdict = _lasting(task_id, TaskState.DIFFERENT)
    agency_deaths.refute(session, _settle(session, verdict, {TaskKind.DEATH}).task, verdict.comment)
    return _("Tâche %(number)d : le décès est écarté.", number=task_id)


def _designate(session: Session, task_id: int) -> str:
    agency_documents.answer(session, task_id, AnswerKind.FOUND)
    return _("Tâche %(number)d : la personne est désignée à la structure.", number=task_id)


def _find_nobody(session: Session, task_id: int) -> str:
    agency_documents.answer(session, task_id, AnswerKind.UNKNOWN)
    return _("Tâche %(number)d : la structure lira que le patient n'est pas trouvé.", number=task_id)


def _ask_more(session: Session, task_id: int) -> str:
    agency_documents.answer(session, task_id, AnswerKind.UNCLEAR)
    return _("Tâche %(number)d : la structure lira qu'il faut d'autres précisions.", number=task_id)


_ACTS: dict[str, Callable[[Session, int], str]] = {
    "meme": _same,
    "differentes": _different,
    "vu": _seen_and_done,
    "demander": _ask,
    "differer": _defer,
    "confirmer": _confirm_death,
    "ecarter": _refute_death,
    "designer": _designate,
    "introuvable": _find_nobody,
    "preciser": _ask_more,
}


@blueprint.post("/taches/<int:task_id>/prendre")
@officers_only
def claim(task_id: int) -> Response:
    """Take a task and open it."""
    with db.transaction() as session:
        is_mine = worklist.claim(session, known(task_id), current_staff().member.id)
    if not is_mine:
        flash(_("Un autre agent a pris cette tâche, ou elle est déjà traitée."), "warning")
    return redirect(url_for("agency.task", task_id=task_id, **query_of(filter_of_request())))


@blueprint.post("/taches/<int:task_id>/rendre")
@officers_only
def release(task_id: int) -> Response:
    """Give a task back and return to the list."""
    with db.transaction() as session:
        was_mine = worklist.release(session, known(task_id), current_staff().member.id)
    if was_mine:
        flash(_("Tâche %(number)d rendue aux autres.", number=task_id), "success")
    else:
        flash(_("Vous n'aviez plus la tâche %(number)d : rien n'a changé.", number=task_id), "warning")
    return redirect(url_for("agency.tasks", **query_of(filter_of_request())))


@blueprint.post("/taches/<int:task_id>/commentaires")
@officers_only
def comment(task_id: int) -> Response | tuple[str, int]:
    """Write a comment on a task."""
    known(task_id)
    text = typed_text("remarque")
    try:
        with db.transaction() as session:
            review.compare(session, task_id, runtime().registrar.model)
            worklist.comment(session, task_id, current_staff().member.id, text)
            record(session, "review.comment", Subject("review_task", task_id))
    except Invalid:
        words = _("Écrivez un commentaire de 1 000 caractères au plus.")
        return _page(task_id, Refusal(invalid=words, field="remarque"), request.form), 422
    return redirect(url_for("agency.task", task_id=task_id, **query_of(filter_of_request()), _anchor="commentaires"))


def _page(task_id: int, refusal: Refusal, typed: MultiDict[str, str]) -> str:
    known(task_id)
    with db.transaction() as session:
        shown = _shown(session, task_id)
        item = shown.task
        sides = {} if item.kind is TaskKind.DOCUMENT else {"left": item.left.id, "right": item.right.id}
        record(session, "review.compare", Subject("review_task", item.id), **sides)
    return render_template(
        "agency/task.html",
        shown=shown,
        task=item,
        typed=typed,
        refusal=refusal,
        arguments=query_of(filter_of_request()),
        reason_words=reason_words,
        is_alone=item.kind not in _COMPARED,
    )


def _shown(session: Session, task_id: int) -> Shown:
    model = runtime().registrar.model
    proposed = operations.proposed_on(session, task_id)
    is_mine = proposed is None and worklist.claim(session, task_id, current_staff().member.id)
    comparison = review.compare(session, task_id, model)
    item = comparison.task
    sides = list({side.id: side for side in (item.left, item.right) if side.id}.values())
    groups = identities.of_persons(session, [side.person_id for side in sides])
    table = places()
    past = past_changes(revisions.of_identities(session, sides), table)
    comments = worklist.comments(session, task_id)
    is_death = item.kind is TaskKind.DEATH
    around = distinct.around(session, [identity.id for identity in comparison.together])
    near = _near(session, item)
    named = [item.left, *comparison.together, *(identity for found in near for identity in found.person.identities)]
    return Shown(
        comparison,
        trait_rows(comparison, table),
        (read_lines if item.kind is TaskKind.DOCUMENT else trait_lines)(comparison.left, table),
        explain(comparison.assessment, model),
        tuple(
            identities.view(groups[person_id], organizations.trusts(session))
            for person_id in dict.fromkeys(side.person_id for side in sides)
        ),
        consequences.of_merge(session, groups) if len(groups) > 1 else None,
        deposit.count_of_identities(session, [identity.id for identity in comparison.together]),
        {side.id: tuple(change for change in past if change.revision.identity_id == side.id) for side in sides},
        structure_names(session, named),
        officer_names(session, [*(note.staff_id for note in comments), *_officers(item, proposed)]),
        comments,
        proposed,
        death_checks.asked_in(session, item) if is_death else (),
        sum(corrections.count_open_about(session, side.id) for side in sides),
        near,
        identification.one(session, item.identification_id) if item.identification_id is not None else None,
        [pair.ruling.relation for pair in around],
        is_mine,
        seen_text({identity.id: identity.version for identity in comparison.together}),
    )


def _near(session: Session, item: Task) -> tuple[Near, ...]:
    """Look for the persons near to what a task is about.

    The nearest to what was read on a document, or to an identity compared with too few; the rivals of the candidate.
    """
    traits, model = item.left.traits, runtime().registrar.model
    if item.state is not TaskState.OPEN:
        return ()
    if item.kind in (TaskKind.LIMITED, TaskKind.DOCUMENT):
        matches = search.nearest(session, traits, model, but=item.left.person_id)
    elif item.kind is TaskKind.MARGIN:
        compared = {item.left.person_id, item.right.person_id}
        matches = [
            near for near in search.near_matches(session, traits, model) if near.person.person_id not in compared
        ]
    else:
        return ()
    found = near_persons(matches)
    for near in found:
        record(session, "person.shown", Subject("person", near.person.person_id))
    return found


def _officers(item: Task, proposed: Operation | None) -> list[int | None]:
    return [item.decided_by, item.claimed_by, proposed.proposed_by if proposed else None]


_SAME_WORDS = {
    TaskKind.CHANGED: lazy_gettext("le changement est accepté, l'identité n'est plus retenue."),
    TaskKind.COLLISION: lazy_gettext("c'est bien une seule personne ; ses identités ne sont plus retenues."),
}
_DIFFERENT_WORDS = {
    TaskKind.CHANGED: lazy_gettext("l'identité reste retenue ; aucun document ne part."),
    TaskKind.COLLISION: lazy_gettext("les identités choisies ont quitté cette personne."),
}


def _done(settled: Settled) -> str:
    item = settled.task
    if settled.operation is not None and settled.operation.state is State.PROPOSED:
        words: object = _("votre décision attend un second agent.")
    elif item.state is TaskState.SAME:
        words = _SAME_WORDS.get(item.kind) or _("les deux identités sont réunies sous une seule personne.")
    else:
        words = _DIFFERENT_WORDS.get(item.kind) or _("ce sont deux personnes ; la paire ne sera plus proposée.")
    told = _("Tâche %(number)d : %(words)s", number=item.id, words=words)
    if settled.next_task is None:
        return told
    return told + " " + _("Une autre personne lui ressemble : tâche %(number)d.", number=settled.next_task)
