"""The officers' pages: their work list here, one module for each other group of pages.

RNIV 2: the cell decides, says why, and sees traits, never documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hub import db
from hub.directory import organizations
from hub.errors import Invalid
from hub.registry import worklist
from hub.registry.tasks import Task, TaskKind
from hub.registry.worklist import Filter, Moment
from hub.web import (
    agency_batches,
    agency_merging,
    agency_models,
    agency_operations,
    agency_persons,
    agency_quality,
    agency_search,
    agency_tasks,
)
from hub.web.agency_choice import filter_of_request, known_arguments, query_of
from hub.web.agency_comparison import reason_words
from hub.web.agency_space import (
    blueprint,
    known,
    officer_names,
    officers_only,
    page_number,
    record,
    structure_names,
)
from hub.web.context import current_staff

__all__ = [
    "agency_batches",
    "agency_merging",
    "agency_models",
    "agency_operations",
    "agency_persons",
    "agency_quality",
    "agency_search",
    "agency_tasks",
    "blueprint",
]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of tasks with the names it needs, how many there are of each kind, and the choices offered."""

    choice: Filter
    tasks: Sequence[Task]
    structures: Mapping[int, str]
    officers: Mapping[int, str]
    total: int
    by_kind: Mapping[TaskKind, int]
    filters: Sequence[tuple[int, str, dict[str, str]]]
    offered: Mapping[int, str]


@blueprint.get("/")
@officers_only
def tasks() -> str:
    """List the tasks chosen: by risk then age, or the decided ones, latest first."""
    return _list(filter_of_request())


def _list(choice: Filter, name: str = "", problem: str | None = None) -> str:
    page = page_number()
    with db.transaction() as session:
        found = worklist.listed(session, choice, page)
        shown = _listing(session, choice, found)
        decided = choice.moment is Moment.DECIDED
        record(session, "review.list", None, decided=decided, shown=len(found))
    return render_template(
        "agency/tasks.html",
        listing=shown,
        choice=choice,
        arguments=query_of(choice),
        query_of=query_of,
        changed=lambda **values: query_of(replace(choice, **values)),
        page=page,
        pages=max(1, ceil(shown.total / worklist.PAGE)),
        reason_words=reason_words,
        name=name,
        problem=problem,
    )


def _listing(session: Session, choice: Filter, found: Sequence[Task]) -> Listing:
    by_kind = worklist.count_by_kind(session, replace(choice, kind=None))
    people = [item for task in found for item in (task.left, task.right)]
    offered = {item.id: item.name for item in organizations.all_with_domain(session).values()}
    saved = worklist.saved_filters(session, current_staff().member.id)
    return Listing(
        choice,
        found,
        structure_names(session, people),
        officer_names(session, [staff_id for task in found for staff_id in (task.decided_by, task.claimed_by)]),
        sum(by_kind.values()) if choice.kind is None else by_kind[choice.kind],
        by_kind,
        [(filter_id, name, known_arguments(query)) for filter_id, name, query in saved],
        dict(sorted(offered.items(), key=lambda item: item[1])),
    )


@blueprint.post("/filtres")
@officers_only
def save_filter() -> Response | tuple[str, int]:
    """Keep the choice shown under a name."""
    choice = filter_of_request()
    name = request.form.get("name", "")
    query = "&".join(f"{key}={value}" for key, value in query_of(choice).items())
    try:
        with db.transaction() as session:
            worklist.save_filter(session, current_staff().member.id, name, query)
    except Invalid as error:
        return _list(choice, name, error.message), 422
    flash(_("Filtre gardé : « %(name)s ».", name=name.strip()), "success")
    return redirect(url_for("agency.tasks", **query_of(choice)))


@blueprint.post("/filtres/<int:filter_id>/oublier")
@officers_only
def drop_filter(filter_id: int) -> Response:
    """Forget a filter."""
    with db.transaction() as session:
        worklist.drop_filter(session, current_staff().member.id, known(filter_id))
    flash(_("Filtre oublié."), "success")
    return redirect(url_for("agency.tasks"))
