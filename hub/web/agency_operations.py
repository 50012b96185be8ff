"""Operations on persons: those that wait for a second officer, each in full, and its undoing at any later time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from hub import db
from hub.audit.trail import Subject
from hub.errors import Conflict, Invalid
from hub.registry import identities, intake, operations
from hub.registry.distinct import Relation
from hub.registry.operations import Changed, Kind, Operation, Order, State
from hub.registry.values import StoredIdentity
from hub.vigilance import consequences, persons
from hub.vigilance.consequences import Belongings, DeliveryMade, Merged
from hub.web import agency_proof
from hub.web.agency_space import (
    blueprint,
    known,
    names_of_structures,
    officer_names,
    officers_only,
    read_seen,
    record,
    seen_text,
    structure_names,
    typed_text,
)
from hub.web.context import current_staff, runtime

_LATEST = 25
_NO_FORM: MultiDict[str, str] = MultiDict()


@dataclass(frozen=True, slots=True)
class Crossing:
    """A delivery made since an operation, and whether its reader was on the other side of what is undone."""

    delivery: DeliveryMade
    crossed: bool


@dataclass(frozen=True, slots=True)
class Undoing:
    """What undoing an operation would do."""

    moved: Mapping[int, int]
    leaving: Belongings
    staying: Belongings
    deliveries: Sequence[Crossing]
    seen: str


@dataclass(frozen=True, slots=True)
class Detail:
    """An operation ready to be shown."""

    operation: Operation
    identities: Sequence[StoredIdentity]
    regional_ids: Mapping[int, str]
    structures: Mapping[int, str]
    officers: Mapping[int, str]
    merged: Merged | None
    leaving: Belongings | None
    undoing: Undoing | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why an act on an operation was not done."""

    act: str = ""
    invalid: str | None = None
    refused: str | None = None
    changes: Sequence[str] = ()


@blueprint.get("/operations")
@officers_only
def operations_waiting() -> str:
    """List the operations that wait for a second officer, and the last ones done."""
    with db.transaction() as session:
        waiting = operations.waiting(session)
        latest = operations.latest(session, _LATEST)
        everyone = [*waiting, *latest]
        numbers = persons.regional_ids(session, {item.person_id for item in everyone})
        officers = officer_names(session, [who for item in everyone for who in (item.proposed_by, item.approved_by)])
        record(session, "operation.list", None, waiting=len(waiting))
    return render_template(
        "agency/operations.html", waiting_list=waiting, latest=latest, regional_ids=numbers, officers=officers
    )


@blueprint.get("/operations/<int:operation_id>")
@officers_only
def operation(operation_id: int) -> str:
    """Show an operation: what it would do or did, and what undoing it would do."""
    return _page(operation_id, Stopped(), _NO_FORM)


@blueprint.post("/operations/<int:operation_id>/valider")
@officers_only
def approve(operation_id: int) -> Response | tuple[str, int]:
    """Do an operation that another officer proposed."""
    _check_exists(operation_id)
    if (asked := agency_proof.demand()) is not None:
        return asked
    try:
        with db.transaction() as session:
            staff_id, actor = current_staff().member.id, current_staff().actor
            intake.approve(session, known(operation_id), staff_id, runtime().registrar, actor)
    except Conflict as error:
        return _page(operation_id, _stopped("valider", error), request.form), 409
    flash(_("L'opération n° %(number)d est validée et faite.", number=operation_id), "success")
    return redirect(url_for("agency.operations_waiting"))


@blueprint.post("/operations/<int:operation_id>/refuser")
@officers_only
def refuse(operation_id: int) -> Response | tuple[str, int]:
    """Turn down a proposed operation, or withdraw one's own."""
    _check_exists(operation_id)
    if (asked := agency_proof.demand()) is not None:
        return asked
    try:
        with db.transaction() as session:
            staff_id, actor = current_staff().member.id, current_staff().actor
            text = typed_text("answer")
            operations.refuse(session, known(operation_id), staff_id, text, runtime().trail, actor)
    except Invalid as error:
        return _page(operation_id, Stopped("refuser", invalid=error.message), request.form), 422
    except Conflict as error:
        return _page(operation_id, _stopped("refuser", error), request.form), 409
    flash(_("L'opération n° %(number)d est refusée.", number=operation_id), "success")
    return redirect(url_for("agency.operations_waiting"))


@blueprint.post("/operations/<int:operation_id>/defaire")
@officers_only
def undo(operation_id: int) -> Response | tuple[str, int]:
    """Undo an operation, if what was shown is still so."""
    _check_exists(operation_id)
    if typed_text("comment").strip() and (asked := agency_proof.demand()) is not None:
        return asked
    try:
        with db.transaction() as session:
            undone = operations.by_id(session, operation_id)
            order, four_eyes = _order_of_undoing(undone), runtime().registrar.four_eyes
            done = operations.carry_out(session, order, four_eyes, runtime().trail, current_staff().actor)
    except Invalid as error:
        return _page(operation_id, Stopped("defaire", invalid=error.message), request.form), 422
    except Conflict as error:
        return _page(operation_id, _stopped("defaire", error), request.form), 409
    flash(_("L'opération n° %(number)d est défaite.", number=operation_id), "success")
    return redirect(url_for("agency.operation", operation_id=done.id))


def _check_exists(operation_id: int) -> None:
    """Raise `NotFound` before anything is asked of the officer."""
    with db.reading() as session:
        operations.by_id(session, known(operation_id))


def _order_of_undoing(undone: Operation) -> Order:
    relation = request.form.get("relation", "")
    return Order(
        kind=Kind.UNDO,
        person_id=undone.person_id,
        undoes_id=undone.id,
        seen=read_seen(request.form.get("seen", "")),
        remembers=undone.kind is Kind.MERGE and "retenir" in request.form,
        relation=Relation(relation) if relation in set(Relation) else Relation.OTHER,
        reason=typed_text("comment"),
        staff_id=current_staff().member.id,
    )


def _stopped(act: str, error: Conflict) -> Stopped:
    return Stopped(act, refused=error.message, changes=error.changes if isinstance(error, Changed) else ())


def _page(operation_id: int, stopped: Stopped, typed: MultiDict[str, str]) -> str:
    with db.transaction() as session:
        detail = _detail(session, known(operation_id))
        record(session, "operation.read", Subject("person", detail.operation.person_id), operation=operation_id)
    own = detail.operation.proposed_by == current_staff().member.id
    return render_template(
        "agency/operation.html", detail=detail, operation=detail.operation, own=own, stopped=stopped, typed=typed
    )


def _detail(session: Session, operation_id: int) -> Detail:
    found = operations.by_id(session, operation_id)
    undoing = _undoing(session, found) if found.state is State.DONE and found.kind is not Kind.UNDO else None
    concerned = _concerned(session, found)
    everyone = [
        *concerned,
        *(undoing.leaving.identities if undoing else ()),
        *(undoing.staying.identities if undoing else ()),
    ]
    merged = leaving = None
    if found.state is State.PROPOSED and found.absorbed_id is not None:
        groups = identities.of_persons(session, [found.person_id, found.absorbed_id])
        if len(groups) == 2:
            merged = consequences.of_merge(session, groups)
            everyone += merged.together.identities
    elif found.state is State.PROPOSED:
        leaving = consequences.belongings(session, concerned)
    places = {item.person_id for item in everyone} | set(undoing.moved.values() if undoing else ())
    places |= {number for number in (found.person_id, found.absorbed_id, found.to_person_id) if number is not None}
    structures = structure_names(session, everyone)
    if undoing is not None:
        structures |= names_of_structures(session, [item.delivery.organization_id for item in undoing.deliveries])
    return Detail(
        found,
        concerned,
        persons.regional_ids(session, places),
        structures,
        officer_names(session, [found.proposed_by, found.approved_by]),
        merged,
        leaving,
        undoing,
    )


def _concerned(session: Session, found: Operation) -> list[StoredIdentity]:
    """Return the identities that an operation moved or would move, as they are now."""
    if found.state is State.PROPOSED and found.absorbed_id is not None:
        return list(identities.of_persons(session, [found.absorbed_id]).get(found.absorbed_id, ()))
    return [identities.by_id(session, identity_id) for identity_id in found.identity_ids]


def _undoing(session: Session, found: Operation) -> Undoing:
    moved = operations.undo_preview(session, found.id)
    groups = operations.concerned_by_undo(session, found.id)
    everyone = [item for group in groups.values() for item in group]
    leaving = [item for item in everyone if item.id in moved]
    places = {item.id: moved.get(item.id, item.person_id) for item in everyone}
    since = found.done_at or found.proposed_at
    made = consequences.deliveries_since(session, list(places), since)
    return Undoing(
        moved,
        consequences.belongings(session, leaving),
        consequences.belongings(session, [item for item in everyone if item.id not in moved]),
        [Crossing(item, _is_crossed(item, places)) for item in made],
        seen_text(operations.seen_of(groups)),
    )


def _is_crossed(item: DeliveryMade, places: Mapping[int, int]) -> bool:
    """Tell whether the account that received was, once undone, another person's than the document's."""
    if item.account_identity_id is None:
        return False
    return places.get(item.account_identity_id, -1) != places[item.identity_id]
