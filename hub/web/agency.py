"""Pages of the identity-vigilance officers: the pairs to decide, each side by side with its score explained.

RNIV 2: the cell decides, says why, and sees traits, never documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hub import db
from hub.accounts import staff
from hub.accounts.sessions import Space
from hub.accounts.staff import Role
from hub.audit.trail import Entry, Subject
from hub.directory import organizations
from hub.documents import deposit
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import intake, review
from hub.registry.places import read_places
from hub.registry.review import Comparison, Task, TaskKind, TaskState, Verdict
from hub.registry.values import StoredIdentity
from hub.web.agency_comparison import Explanation, TraitRow, explain, reason_words, trait_rows
from hub.web.context import current_staff, runtime, staff_only
from hub.web.staff_login import add_login

blueprint = Blueprint("agency", __name__, url_prefix="/agence")
add_login(blueprint, Space.AGENCY, Role.OFFICER, "agency.tasks")
_CHOICES = {"meme": TaskState.SAME, "differentes": TaskState.DIFFERENT}


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of tasks with the names it needs, and how many tasks there are in each state."""

    tasks: Sequence[Task]
    structures: dict[int, str]
    officers: dict[int, str]
    waiting: int
    decided: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison ready to be shown."""

    comparison: Comparison
    rows: tuple[TraitRow, ...]
    explanation: Explanation
    structures: dict[int, str]
    officer: str | None
    documents: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Typed:
    """What the officer typed, and what is wrong with it."""

    comment: str = ""
    invalid: str | None = None
    refused: str | None = None


@blueprint.get("/")
@staff_only(Space.AGENCY)
def tasks() -> str:
    """List the open tasks by risk, or the decided ones."""
    page = max(1, min(request.args.get("page", 1, type=int), 100_000))
    is_decided = request.args.get("etat") == "traitees"
    with db.transaction() as session:
        found = review.decided_tasks(session, page) if is_decided else review.open_tasks(session, page)
        shown = Listing(
            found,
            _structures(session, [item for task in found for item in (task.left, task.right)]),
            staff.names(session, {task.decided_by for task in found if task.decided_by is not None}),
            review.count_open(session),
            review.count_decided(session),
        )
        entry = Entry(current_staff().actor, "review.list", None, {"decided": is_decided, "shown": len(found)})
        runtime().trail.record(session, entry)
    pages = max(1, ceil((shown.decided if is_decided else shown.waiting) / review.PAGE))
    return render_template(
        "agency/tasks.html", listing=shown, is_decided=is_decided, page=page, pages=pages, reason_words=reason_words
    )


@blueprint.get("/taches/<int:task_id>")
@staff_only(Space.AGENCY)
def task(task_id: int) -> str:
    """Show both sides, the score and the two decisions."""
    return _page(task_id, Typed())


@blueprint.post("/taches/<int:task_id>")
@staff_only(Space.AGENCY)
def decide(task_id: int) -> Response | str | tuple[str, int]:
    """Apply a decision, then go to the next task."""
    comment = request.form.get("comment", "").replace("\r\n", "\n")
    state = _CHOICES.get(request.form.get("decision", ""), TaskState.OPEN)
    version = request.form.get("version", -1, type=int)
    verdict = Verdict(task_id, version, state, comment, current_staff().member.id)
    try:
        with db.transaction() as session:
            decided = intake.settle(session, verdict, runtime().registrar, current_staff().actor)
            following = review.next_open(session)
    except Invalid as error:
        return _page(task_id, Typed(comment, invalid=error.message)), 422
    except Conflict as error:
        return _page(task_id, Typed(comment, refused=error.message)), 409
    flash(_done(decided), "success")
    if following is None:
        return redirect(url_for("agency.tasks"))
    return redirect(url_for("agency.task", task_id=following))


def _page(task_id: int, typed: Typed) -> str:
    parts = runtime()
    if task_id >= 2**63:
        raise NotFound(_("Cette tâche n'existe pas."))
    with db.transaction() as session:
        comparison = review.compare(session, task_id, parts.registrar.model)
        item = comparison.task
        officers = staff.names(session, {item.decided_by}) if item.decided_by is not None else {}
        compared = Compared(
            comparison,
            trait_rows(comparison, read_places(parts.settings.data_dir)),
            explain(comparison.assessment, parts.registrar.model),
            _structures(session, [item.left, item.right, *comparison.together]),
            next(iter(officers.values()), None),
            deposit.count_of_identities(session, [identity.id for identity in comparison.together]),
            review.count_open(session),
        )
        detail: dict[str, str | int | bool | None] = {"left": item.left.id, "right": item.right.id}
        entry = Entry(current_staff().actor, "review.compare", Subject("review_task", item.id), detail)
        parts.trail.record(session, entry)
    return render_template("agency/task.html", shown=compared, typed=typed, reason_words=reason_words)


@blueprint.app_template_filter("age")
def age(since: datetime) -> str:
    """Say for how many days something has waited."""
    days = (datetime.now(UTC) - since).days
    return ngettext("%(num)d jour", "%(num)d jours", days) if days > 0 else _("aujourd'hui")


def _structures(session: Session, shown: Sequence[StoredIdentity]) -> dict[int, str]:
    ids = {identity.organization_id for identity in shown}
    return {organization_id: organizations.by_id(session, organization_id).name for organization_id in ids}


def _done(item: Task) -> str:
    same = item.state is TaskState.SAME
    if item.kind is TaskKind.CHANGED:
        if same:
            return _("Tâche %(number)d : le changement est accepté, l'identité n'est plus retenue.", number=item.id)
        return _("Tâche %(number)d : l'identité reste retenue ; aucun document ne part.", number=item.id)
    if same:
        return _("Tâche %(number)d : les deux identités sont réunies sous une seule personne.", number=item.id)
    return _("Tâche %(number)d : ce sont deux personnes ; la paire ne sera plus proposée.", number=item.id)
