"""Merge two persons that an officer chose, without any task: both compared, all that it concerns, who stays, why.

RNIV 2: only the cell merges, with a reason. What was shown is what is merged: anything that changed since is told.
"""

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
from hub.registry import deaths, identities, operations
from hub.registry.deaths import DeathView
from hub.registry.operations import Changed, Kind, Operation, Order, State
from hub.registry.values import PersonView, StoredIdentity
from hub.vigilance import consequences, persons
from hub.vigilance.consequences import Belongings, Merged
from hub.web import agency_proof
from hub.web.agency_comparison import Explanation, TraitRow, explain, trait_rows
from hub.web.agency_persons import Stopped, person_page
from hub.web.agency_space import (
    blueprint,
    ids_of,
    known,
    officers_only,
    places,
    read_seen,
    record,
    seen_text,
    structure_names,
    typed_text,
)
from hub.web.context import current_staff, runtime
from identity import linkage
from identity.linkage import IdentityRecord, PairAssessment
from identity.model import Model

_NO_FORM: MultiDict[str, str] = MultiDict()


@dataclass(frozen=True, slots=True)
class Pair:
    """An identity of each person, and what the matching says of them."""

    left: IdentityRecord
    right: IdentityRecord
    assessment: PairAssessment


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two persons: which of its identities is compared, what follows it, the deaths told of it."""

    person: PersonView
    compared: StoredIdentity
    belongings: Belongings
    deaths: Sequence[DeathView]


@dataclass(frozen=True, slots=True)
class Union:
    """Two persons about to be one: compared, what they make together, and what forbids it."""

    left: Side
    right: Side
    rows: tuple[TraitRow, ...]
    explanation: Explanation
    merged: Merged
    obstacle: str | None
    proposed: Operation | None
    needs_two: bool
    structures: Mapping[int, str]
    seen: str

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both persons, as they are shown."""
        return self.left, self.right


@blueprint.post("/personnes/<int:person_id>/autre")
@officers_only
def choose_other(person_id: int) -> Response | tuple[str, int]:
    """Find the other person by its regional identifier, and lead to the comparison."""
    with db.reading() as session:
        here = persons.present_place(session, known(person_id))
        typed = persons.by_regional_id(session, request.form.get("numero", ""))
        other = persons.present_place(session, typed) if typed is not None else None
        refused = _refusal(session, here, typed, other)
    if other is None or refused is not None:
        return person_page(here, Stopped(invalid=refused, field="numero"), request.form), 422
    if other != typed:
        flash(_("La personne de ce numéro a été réunie à une autre ; celle qui demeure est montrée."), "info")
    return redirect(url_for("agency.merging", person_id=here, other_id=other))


def _refusal(session: Session, here: int, typed: int | None, other: int | None) -> str | None:
    """Say why the person typed cannot be compared with this one."""
    if other is None:
        return _("Aucune personne n'a ce numéro régional : 16 caractères, copiés de sa fiche.")
    if typed == here:
        return _("C'est le numéro de cette personne même : écrivez celui de l'autre.")
    if other == here:
        return _("La personne de ce numéro a déjà été réunie à celle-ci.")
    if not identities.of_persons(session, [other]).get(other):
        return _("La personne de ce numéro n'a plus aucune identité : il n'y a rien à réunir.")
    return None


@blueprint.get("/personnes/<int:person_id>/reunion/<int:other_id>")
@officers_only
def merging(person_id: int, other_id: int) -> Response | str:
    """Show both persons side by side and what merging them would make, or lead to those that stay."""
    here, there = _present(person_id, other_id)
    if here == there:
        flash(_("Ces deux numéros mènent à une seule et même personne : celle-ci."), "info")
        return redirect(url_for("agency.person", person_id=here))
    if (here, there) != (person_id, other_id):
        flash(_("Une de ces personnes a été réunie à une autre ; celle qui demeure est montrée."), "info")
        return redirect(url_for("agency.merging", person_id=here, other_id=there))
    return _page(here, there, Stopped(), _NO_FORM)


@blueprint.post("/personnes/<int:person_id>/reunion/<int:other_id>")
@officers_only
def merge(person_id: int, other_id: int) -> Response | tuple[str, int]:
    """Merge both persons, or propose it to a second officer."""
    is_ready = _present(person_id, other_id) == (person_id, other_id) and typed_text("comment").strip()
    if is_ready and (asked := agency_proof.demand()) is not None:
        return asked
    try:
        with db.transaction() as session:
            order = _order(session, person_id, other_id)
            four_eyes = runtime().registrar.four_eyes
            done = operations.carry_out(session, order, four_eyes, runtime().trail, current_staff().actor)
    except Invalid as error:
        return _stopped(person_id, other_id, Stopped(invalid=error.message, field=error.field)), 422
    except Conflict as error:
        changes = error.changes if isinstance(error, Changed) else ()
        return _stopped(person_id, other_id, Stopped(refused=error.message, changes=changes)), 409
    if done.state is State.PROPOSED:
        flash(_("L'opération n° %(number)d attend un second agent.", number=done.id), "success")
    else:
        flash(_("L'opération n° %(number)d est faite.", number=done.id), "success")
    return redirect(url_for("agency.operation", operation_id=done.id))


def _present(person_id: int, other_id: int) -> tuple[int, int]:
    with db.reading() as session:
        return persons.present_place(session, known(person_id)), persons.present_place(session, known(other_id))


def _order(session: Session, person_id: int, other_id: int) -> Order:
    chosen = ids_of([request.form.get("demeure", "")])
    if not chosen or chosen[0] not in (person_id, other_id):
        raise Invalid(_("Choisissez la personne qui demeure."), "demeure")
    return Order(
        kind=Kind.MERGE,
        person_id=chosen[0],
        absorbed_id=other_id if chosen[0] == person_id else person_id,
        seen=read_seen(request.form.get("seen", "")),
        reason=typed_text("comment"),
        staff_id=current_staff().member.id,
    )


def _already(proposed: Operation) -> str:
    return _("Déjà proposée : l'opération n° %(number)d attend un second agent.", number=proposed.id)


def _stopped(person_id: int, other_id: int, stopped: Stopped) -> str:
    """Show the comparison as it is now, or the person that stays when one of both was merged meanwhile."""
    here, there = _present(person_id, other_id)
    if (here, there) == (person_id, other_id) and here != there:
        return _page(here, there, stopped, request.form)
    return person_page(there if there != other_id else here, stopped, request.form)


def _page(person_id: int, other_id: int, stopped: Stopped, typed: MultiDict[str, str]) -> str:
    with db.transaction() as session:
        union = _union(session, person_id, other_id)
        for side in union.sides:
            record(session, "person.read", Subject("person", side.person.person_id))
    return render_template("agency/merging.html", union=union, stopped=stopped, typed=typed)


def _union(session: Session, person_id: int, other_id: int) -> Union:
    views = [identities.person(session, number) for number in (person_id, other_id)]
    groups = {view.person_id: view.identities for view in views}
    told = deaths.told_of(session, list(groups))
    model = runtime().registrar.model
    pair, compared = _pair(views[0], views[1], model)
    left, right = (
        Side(view, item, consequences.belongings(session, view.identities), told.get(view.person_id, ()))
        for view, item in zip(views, compared, strict=True)
    )
    proposed = operations.proposed_merge(session, (person_id, other_id))
    obstacle = operations.obstacle(session, groups[person_id], groups[other_id])
    return Union(
        left,
        right,
        trait_rows(pair, places()),
        explain(pair.assessment, model),
        consequences.of_merge(session, groups),
        _already(proposed) if proposed else obstacle,
        proposed,
        operations.needs_two(groups, runtime().registrar.four_eyes),
        structure_names(session, [item for group in groups.values() for item in group]),
        seen_text(operations.seen_of(groups)),
    )


def _pair(left: PersonView, right: PersonView, model: Model) -> tuple[Pair, tuple[StoredIdentity, StoredIdentity]]:
    """Compare the identities asked for, by default those that each person shows its strict traits of."""
    one = _asked(left, "gauche")
    other = _asked(right, "droite")
    assessment = linkage.compare_records(one.as_record(), other.as_record(), model)
    return Pair(one.as_record(), other.as_record(), assessment), (one, other)


def _asked(person: PersonView, name: str) -> StoredIdentity:
    by_id = {item.id: item for item in person.identities}
    wanted = [number for number in ids_of([request.values.get(name, "")]) if number in by_id]
    shown = [number for trait in ("birth_name", "birth_date") if (number := person.origins.get(trait)) in by_id]
    chosen = next(iter([*wanted, *shown]), None)
    return by_id[chosen] if chosen is not None else person.identities[0]
