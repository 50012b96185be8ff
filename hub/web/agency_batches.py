"""Easy cases of one shape, decided together: each keeps its own verdict, and a refused one stops no other.

Easy: same reasons, a high probability, no veto but a lack of evidence, every strict trait the same or missing. RNIV
2: nothing is ticked beforehand, what each will do is shown first, the reason is mandatory.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hub import db
from hub.audit.trail import Subject
from hub.errors import Conflict, HubError, Invalid, NotFound
from hub.registry import identities, intake, review, worklist
from hub.registry.operations import State
from hub.registry.review import Comparison, Verdict
from hub.registry.tasks import Task, TaskKind, TaskState
from hub.registry.worklist import Filter
from hub.vigilance import consequences
from hub.vigilance.consequences import Merged
from hub.web import agency_proof
from hub.web.agency_comparison import is_easy, percent, reason_words
from hub.web.agency_space import blueprint, ids_of, officers_only, record, structure_names, typed_text
from hub.web.context import current_staff, runtime
from identity import linkage
from identity.model import Model

MOST = 20
_MOST_PAGES = 6
_BOUNDS = (0.9, 0.95, 0.99)
_NO_FORM: MultiDict[str, str] = MultiDict()
Shape = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Easy:
    """An easy case on one line."""

    task: Task
    percent: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision would do or did to one task; `refused` says why it would not or did not."""

    task: Task | None
    task_id: int
    merged: Merged | None = None
    refused: str | None = None
    waits: bool = False


@blueprint.get("/cas-faciles")
@officers_only
def batches() -> str:
    """List up to 20 easy cases of one shape, with none ticked."""
    return _page(_NO_FORM)


@blueprint.post("/cas-faciles")
@officers_only
def batches_submit() -> str | tuple[str, int]:
    """Show what each decision would do, then make them one by one."""
    chosen = _chosen()
    if not chosen:
        return _page(request.form, invalid=_("Cochez au moins un cas."), field="taches"), 422
    try:
        reason = worklist.cleaned_reason(typed_text("comment"))
    except Invalid as error:
        return _page(request.form, invalid=error.message, field="comment"), 422
    if request.form.get("etape") != "appliquer":
        return _result("agency/batch_preview.html", [_preview(*item) for item in chosen.items()])
    if (asked := agency_proof.demand()) is not None:
        return asked
    return _result("agency/batch_done.html", [_apply(*item, reason) for item in chosen.items()])


def _chosen() -> dict[int, int]:
    """Return the version of each task ticked: `12:3`, 20 at most."""
    found = {}
    for text in request.form.getlist("taches")[:MOST]:
        pair = ids_of(text.split(":", 1)) if text.count(":") == 1 else []
        number, _sign, version = text.partition(":")
        if pair:
            found[int(number)] = int(version)
    return found


def _preview(task_id: int, version: int) -> Outcome:
    try:
        with db.transaction() as session:
            comparison = review.compare(session, task_id, runtime().registrar.model)
            item = comparison.task
            record(session, "review.preview", Subject("review_task", task_id))
            if item.state is not TaskState.OPEN or item.version != version:
                raise Conflict(_("Cette tâche a changé ou a été traitée : elle ne serait pas décidée."))
            _check(comparison)
            groups = identities.of_persons(session, {item.left.person_id, item.right.person_id})
            return Outcome(item, task_id, consequences.of_merge(session, groups) if len(groups) > 1 else None)
    except (Conflict, NotFound) as error:
        return Outcome(None, task_id, refused=error.message)


def _apply(task_id: int, version: int, reason: str) -> Outcome:
    """Make one decision in a transaction of its own."""
    verdict = Verdict(
        task_id=task_id, version=version, state=TaskState.SAME, comment=reason, staff_id=current_staff().member.id
    )
    try:
        with db.transaction() as session:
            comparison = review.compare(session, task_id, runtime().registrar.model)
            if comparison.task.state is TaskState.OPEN:
                _check(comparison)
            settled = intake.settle(session, verdict, runtime().registrar, current_staff().actor)
    except HubError as error:
        return Outcome(None, task_id, refused=error.message)
    waits = settled.operation is not None and settled.operation.state is State.PROPOSED
    return Outcome(settled.task, task_id, waits=waits)


def _result(template: str, outcomes: Sequence[Outcome]) -> str:
    with db.reading() as session:
        people = [side for item in outcomes if item.task for side in (item.task.left, item.task.right)]
        merged = [side for item in outcomes if item.merged for side in item.merged.together.identities]
        structures = structure_names(session, [*people, *merged])
    done = sum(item.refused is None for item in outcomes)
    told = ngettext("%(num)d décision", "%(num)d décisions", done)
    return render_template(
        template, outcomes=outcomes, structures=structures, typed=request.form, done=done, told=told
    )


def _page(typed: MultiDict[str, str], **problem: str | None) -> str:
    bound = request.args.get("seuil", _BOUNDS[1], type=float)
    bound = bound if bound in _BOUNDS else _BOUNDS[1]
    with db.transaction() as session:
        found = _easy(session, bound)
        shapes = Counter(item.shape for item in found).most_common()
        wanted = tuple(request.args.get("forme", "").split(","))
        shape = wanted if wanted in dict(shapes) else (shapes[0][0] if shapes else ())
        shown = [item for item in found if item.shape == shape][:MOST]
        people = [side for item in shown for side in (item.task.left, item.task.right)]
        structures: Mapping[int, str] = structure_names(session, people)
        record(session, "review.list_easy", None, shown=len(shown))
    return render_template(
        "agency/batches.html", shown=shown, shapes=shapes, shape=shape, bounds=_BOUNDS, bound=bound, typed=typed,
        structures=structures, reason_words=reason_words, problem=problem,
    )  # fmt: skip


def _easy(session: Session, bound: float) -> list[Easy]:
    """Return the easy cases among the most urgent tasks that nobody else has taken."""
    model = runtime().registrar.model
    found = []
    for kind in (TaskKind.DUPLICATE, TaskKind.MARGIN):
        for number in range(1, _MOST_PAGES + 1):
            page = worklist.listed(session, Filter(kind=kind), number)
            found += [line for task in page if (line := _line(task, bound, model)) is not None]
            if len(page) < worklist.PAGE:
                break
    return found


def _line(task: Task, bound: float, model: Model) -> Easy | None:
    """Return a task as an easy case, or None when it is not one or another officer has it."""
    is_free = task.claimed_by is None or task.claimed_by == current_staff().member.id
    if not is_free or task.left.person_id == task.right.person_id or task.left.held or task.right.held:
        return None
    left, right = task.left.as_record(), task.right.as_record()
    assessment = linkage.compare_records(left, right, model)
    if assessment.score.probability < bound or not is_easy(left, right, assessment):
        return None
    return Easy(task, percent(assessment.score.probability), tuple(sorted(task.reasons)))


def _check(comparison: Comparison) -> None:
    """Raise `Conflict` when a case may not be decided with others."""
    if comparison.obstacle is not None:
        raise Conflict(comparison.obstacle)
    if not is_easy(comparison.left, comparison.right, comparison.assessment):
        raise Conflict(_("Ce cas n'est plus un cas facile : décidez-le à part."))
