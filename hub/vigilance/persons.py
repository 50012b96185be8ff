"""Persons by their regional identifier, and those that a merge emptied."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.errors import NotFound
from hub.registry import operations
from hub.registry.tables import Person

_LENGTH = 16


def regional_ids(session: Session, person_ids: Iterable[int]) -> dict[int, str]:
    """Return the regional identifiers of persons, emptied ones included."""
    query = sa.select(Person.id, Person.regional_id).where(Person.id.in_(set(person_ids)))
    return dict(session.execute(query).all())


def by_regional_id(session: Session, text: str) -> int | None:
    """Return the person that has this regional identifier, however it was typed, if any."""
    cleaned = "".join(text.upper().split()).replace("-", "")
    if len(cleaned) != _LENGTH or not cleaned.isascii():
        return None
    return session.scalar(sa.select(Person.id).where(Person.regional_id == cleaned))


def present_place(session: Session, person_id: int) -> int:
    """Return the person that holds now what this one held; raise `NotFound`."""
    if session.scalar(sa.select(Person.id).where(Person.id == person_id)) is None:
        raise NotFound("Cette personne n'existe pas dans l'index régional.")
    return operations.root(session, person_id)
