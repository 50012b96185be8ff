"""A person in full: its identities and what ties them, its story, what follows it, who looked; separate and move."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from hub import db
from hub.audit.trail import Subject
from hub.errors import Conflict, Invalid
from hub.registry import deaths, distinct, history, identities, operations
from hub.registry.deaths import DeathView
from hub.registry.distinct import Apart, Relation
from hub.registry.history import IdentityAt
from hub.registry.operations import Changed, Kind, Operation, Order, State
from hub.registry.values import PersonView, StoredIdentity
from hub.vigilance import consequences, persons, ties, timeline
from hub.vigilance.consequences import Belongings
from hub.vigilance.ties import Tie
from hub.vigilance.timeline import Look, Step
from hub.web import agency_proof
from hub.web.agency_comparison import trait_lines
from hub.web.agency_space import (
    blueprint,
    ids_of,
    known,
    names_of_structures,
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
from hub.web.formats import PARIS

_NO_FORM: MultiDict[str, str] = MultiDict()
_MIDDLE, _RADIUS, _EDGE = 210, 150, 40


@dataclass(frozen=True, slots=True)
class Node:
    """An identity on the graph, where it is drawn and where its number is written."""

    identity: StoredIdentity
    x: int
    y: int
    text_y: int


@dataclass(frozen=True, slots=True)
class Full:
    """A person ready to be shown."""

    person: PersonView
    nodes: Sequence[Node]
    ties: Sequence[Tie]
    steps: Sequence[Step]
    operations: Sequence[Operation]
    belongings: Belongings
    deaths: Sequence[DeathView]
    apart: Sequence[Apart]
    others: Mapping[int, StoredIdentity]
    looks: Sequence[Look]
    structures: Mapping[int, str]
    officers: Mapping[int, str]
    seen: str


@dataclass(frozen=True, slots=True)
class Then:
    """What the index knew of a person on a day."""

    day: date
    identities: Sequence[tuple[IdentityAt, tuple[tuple[str, str], ...]]]


@dataclass(frozen=True, slots=True)
class Parting:
    """A separation or a move about to be done: what leaves, what stays, what it joins, what forbids it."""

    leaving: Belongings
    staying: Belongings
    target: PersonView | None
    obstacle: str | None
    form: MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why a separation, a move or a merge was not done."""

    invalid: str | None = None
    field: str | None = None
    refused: str | None = None
    changes: Sequence[str] = ()


@blueprint.get("/personnes/<int:person_id>")
@officers_only
def person(person_id: int) -> str | Response:
    """Show a person, or lead to the one that it was merged into."""
    with db.reading() as session:
        place = persons.present_place(session, known(person_id))
    if place != person_id:
        flash(_("Cette personne a été réunie à celle-ci."), "info")
        return redirect(url_for("agency.person", person_id=place))
    return person_page(person_id, Stopped(), _NO_FORM)


@blueprint.post("/personnes/<int:person_id>/operation")
@officers_only
def part(person_id: int) -> Response | str | tuple[str, int]:
    """Show what separating or moving identities would do, then do it."""
    known(person_id)
    is_preview = request.form.get("etape") != "appliquer"
    try:
        with db.reading() as session:
            shown = _parting(session, person_id)
        if is_preview:
            return _preview(person_id, shown, Stopped())
        if typed_text("comment").strip() and (asked := agency_proof.demand()) is not None:
            return asked
        with db.transaction() as session:
            order = _order(session, person_id)
            four_eyes = runtime().registrar.four_eyes
            done = operations.carry_out(session, order, four_eyes, runtime().trail, current_staff().actor)
    except Invalid as error:
        stopped = Stopped(invalid=error.message, field=error.field)
        if error.field == "comment":
            return _preview(person_id, shown, stopped), 422
        return person_page(person_id, stopped, request.form), 422
    except Conflict as error:
        changes = error.changes if isinstance(error, Changed) else ()
        return person_page(person_id, Stopped(refused=error.message, changes=changes), request.form), 409
    if done.state is State.PROPOSED:
        flash(_("L'opération n° %(number)d attend un second agent.", number=done.id), "success")
    else:
        flash(_("L'opération n° %(number)d est faite.", number=done.id), "success")
    return redirect(url_for("agency.operation", operation_id=done.id))


def _target(session: Session) -> int | None:
    """Return the person that identities go to, None for a new one."""
    if request.form.get("cible") != "autre":
        return None
    found = persons.by_regional_id(session, request.form.get("vers", ""))
    if found is None:
        raise Invalid(_("Aucune personne n'a ce numéro régional : 16 caractères, copiés de sa fiche."), "vers")
    return found


def _chosen(group: Sequence[StoredIdentity]) -> list[StoredIdentity]:
    ids = ids_of(request.form.getlist("identites"))
    found = [item for item in group if item.id in ids]
    if not found:
        raise Invalid(_("Cochez les identités qui partent."), "identites")
    return found


def _order(session: Session, person_id: int) -> Order:
    target = _target(session)
    relation = request.form.get("relation", "")
    return Order(
        kind=Kind.SPLIT if target is None else Kind.MOVE,
        person_id=person_id,
        to_person_id=target,
        identity_ids=tuple(sorted(ids_of(request.form.getlist("identites")))),
        seen=read_seen(request.form.get("seen", "")),
        remembers="retenir" in request.form,
        relation=Relation(relation) if relation in set(Relation) else Relation.OTHER,
        reason=typed_text("comment"),
        staff_id=current_staff().member.id,
    )


def _parting(session: Session, person_id: int) -> Parting:
    group = identities.person(session, person_id).identities
    leaving = _chosen(group)
    target = _target(session)
    joined = identities.person(session, target) if target is not None else None
    obstacle = None
    if target == person_id:
        obstacle = _("Ces identités sont déjà celles de cette personne.")
    elif joined is not None:
        obstacle = operations.obstacle(session, leaving, joined.identities)
    elif len(leaving) == len(group):
        obstacle = _("Laissez au moins une identité à cette personne.")
    form = request.form.copy()
    if not form.get("seen") or form.get("etape") != "appliquer":
        shown = {person_id: group} | ({target: joined.identities} if joined and target is not None else {})
        form["seen"] = _seen_with(form.get("seen", ""), operations.seen_of(shown), joined)
    return Parting(
        consequences.belongings(session, leaving),
        consequences.belongings(session, [item for item in group if item not in leaving]),
        joined,
        obstacle,
        form,
    )


def _seen_with(text: str, present: Mapping[int, int], joined: PersonView | None) -> str:
    """Keep what the person's page showed, and add the target that the preview shows."""
    seen = read_seen(text) or dict(present)
    return seen_text(seen | {item.id: item.version for item in (joined.identities if joined else ())})


def _preview(person_id: int, shown: Parting, stopped: Stopped) -> str:
    with db.transaction() as session:
        view = identities.person(session, person_id)
        everyone = [*view.identities, *(shown.target.identities if shown.target else ())]
        structures = structure_names(session, everyone)
        record(session, "person.read", Subject("person", person_id))
    return render_template(
        "agency/parting.html", person=view, shown=shown, typed=shown.form, structures=structures, stopped=stopped
    )


def person_page(person_id: int, stopped: Stopped, typed: MultiDict[str, str]) -> str:
    """Show a person in full, with why nothing was done and what was typed; raise `NotFound`."""
    with db.transaction() as session:
        full = _full(session, person_id)
        then, wrong_day = _then(session, person_id)
        structures = dict(full.structures)
        if then is not None:
            structures |= names_of_structures(session, [item.organization_id for item, _lines in then.identities])
        record(session, "person.read", Subject("person", person_id))
    return render_template(
        "agency/person.html", full=full, person=full.person, then=then, wrong_day=wrong_day, typed=typed,
        stopped=stopped, structures=structures, width=2 * _MIDDLE, height=_height(full.person.identities),
        types={item.code: item.plain for item in runtime().types.ordered},
    )  # fmt: skip


def _full(session: Session, person_id: int) -> Full:
    view = identities.person(session, person_id)
    group = view.identities
    ids = {item.id for item in group}
    apart = distinct.around(session, ids)
    other_ids = {number for pair in apart for number in (pair.low_id, pair.high_id)} - ids
    others = {number: identities.by_id(session, number) for number in sorted(other_ids)[:50]}
    steps = timeline.of_person(session, group)
    looks = timeline.looks(session, group)
    found = operations.of_identities(session, ids)
    follows = consequences.belongings(session, group)
    structures = {*(item.organization_id for item in (*group, *others.values()))}
    structures |= {item.organization_id for item in follows.documents}
    structures |= {item.organization_id for item in looks if item.organization_id is not None}
    who = [int(look.actor_id) for look in looks if look.actor_kind == "staff" and look.actor_id.isdigit()]
    who += [int(step.by.partition(":")[2]) for step in steps if step.by.startswith("staff:")]
    return Full(
        view,
        _nodes(group),
        ties.of_group(session, group),
        steps,
        found,
        follows,
        deaths.told_of(session, [person_id]).get(person_id, ()),
        apart,
        others,
        looks,
        names_of_structures(session, structures),
        officer_names(session, [*who, *(item.proposed_by for item in found)]),
        seen_text(operations.seen_of({person_id: group})),
    )


def _nodes(group: Sequence[StoredIdentity]) -> list[Node]:
    """Place identities around a circle, the first on the left."""
    nodes = []
    middle = _height(group) // 2
    for rank, item in enumerate(group):
        angle = math.pi + 2 * math.pi * rank / len(group)
        x = round(_MIDDLE + _RADIUS * math.cos(angle))
        y = round(middle + (middle - _EDGE) * math.sin(angle))
        nodes.append(Node(item, x, y, y + 5))
    return nodes


def _height(group: Sequence[StoredIdentity]) -> int:
    """Return how high the graph is: two identities stand on one line."""
    return 3 * _EDGE if len(group) < 3 else 2 * _MIDDLE


def _then(session: Session, person_id: int) -> tuple[Then | None, str | None]:
    """Read the day asked for in the address, and what was known at its end."""
    text = request.args.get("le", "")
    if not text:
        return None, None
    try:
        day = date.fromisoformat(text)
        moment = datetime.combine(day, time(), PARIS) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None, _("Cette date n'existe pas : choisissez-en une autre.")
    table = places()
    found = history.person_at(session, person_id, moment)
    record(session, "person.read_past", Subject("person", person_id))
    return Then(day, [(item, trait_lines(item.record, table)) for item in found]), None
