"""Search the index the RNIV way: birth date first, then at most three letters of a name (EXI SI, search rules).

Also the near matches shown before an identity is created (M2), ranked by the same model that links, and the
structure-scoped look-up that practice software uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import candidates, identities
from hub.registry.tables import SourceIdentity
from hub.registry.values import PersonView, StoredIdentity
from identity import linkage
from identity.blocking import blocking_keys
from identity.linkage import PersonScore
from identity.model import Model
from identity.normalise import match_key
from identity.search import SearchCriteria
from identity.status import Attribute
from identity.traits import Traits

MOST_PERSONS = 50
_MOST_ROWS = 3000


@dataclass(frozen=True, slots=True)
class Found:
    """Persons found, by name; `cut` tells that more exist than are shown."""

    persons: tuple[PersonView, ...]
    cut: bool


def search(session: Session, criteria: SearchCriteria) -> Found:
    """Return the persons born that day whose birth name, used name or a given name begins with the letters."""
    query = (
        sa.select(SourceIdentity)
        .where(SourceIdentity.birth_date == criteria.birth_date.iso(), SourceIdentity.active.is_(True))
        .limit(_MOST_ROWS)
    )
    hits = [item for item in identities.select_values(session, query) if _begins(item.traits, criteria.letters)]
    hits = [item for item in hits if Attribute.FICTITIOUS not in item.attributes]
    groups = identities.of_persons(session, {item.person_id for item in hits})
    persons = sorted((identities.view(group) for group in groups.values()), key=_by_name)
    return Found(tuple(persons[:MOST_PERSONS]), len(persons) > MOST_PERSONS)


def _begins(traits: Traits, letters: str) -> bool:
    names = [traits.birth_name, traits.used_name, traits.used_given_name, *traits.given_names]
    return any(match_key(name).startswith(letters) for name in names if name)


def _by_name(person: PersonView) -> tuple[str, str]:
    return (person.traits.birth_name or "", " ".join(person.traits.given_names))


@dataclass(frozen=True, slots=True)
class NearMatch:
    """A person who may be the one about to be created, with the score explained."""

    person: PersonView
    assessment: PersonScore


def near_matches(session: Session, traits: Traits, model: Model) -> list[NearMatch]:
    """Return the persons that resemble the traits, best first, at most 10; shown before a creation."""
    found = candidates.find(session, blocking_keys(traits))
    ranked = linkage.rank(traits, found.persons, model)
    near = [item for item in ranked if item.score.total >= model.review_threshold][:10]
    return [NearMatch(identities.view(found.groups[int(item.person_id)]), item) for item in near]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnQuery:
    """What a structure looks for among its own identities. Names match by their beginning, folded."""

    organization_id: int
    ids: tuple[int, ...] | None = None
    numbers: tuple[tuple[str | None, str | None], ...] | None = None
    birth_dates: tuple[tuple[date | None, date | None], ...] = ()
    family: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    exact_names: bool = False
    sexes: tuple[str, ...] | None = None
    active: bool | None = None
    postcode: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a structure's identities, and how many there are in all."""

    total: int
    items: Sequence[StoredIdentity]


def own_identities(session: Session, query: OwnQuery, offset: int, limit: int) -> Page:
    """Return the structure's identities that satisfy every condition, oldest first."""
    table = SourceIdentity
    conditions = [table.organization_id == query.organization_id]
    if query.ids is not None:
        conditions.append(table.id.in_(query.ids))
    if query.numbers is not None:
        conditions.append(sa.or_(sa.false(), *[_number(system, value) for system, value in query.numbers]))
    for start, end in query.birth_dates:
        if start is not None:
            conditions.append(table.birth_date >= start.isoformat())
        if end is not None:
            conditions.append(table.birth_date <= end.isoformat())
    if query.sexes is not None:
        conditions.append(table.sex.in_(query.sexes))
    if query.active is not None:
        conditions.append(table.active.is_(query.active))
    if query.postcode is not None:
        conditions.append(table.postcode.startswith(query.postcode, autoescape=True))
    found = identities.select_values(
        session, sa.select(table).where(*conditions).order_by(table.id).limit(_MOST_ROWS)
    )
    kept = [item for item in found if _fits(item.traits, query)]
    return Page(len(kept), kept[offset : offset + limit])


def _number(system: str | None, value: str | None) -> sa.ColumnElement[bool]:
    ins = SourceIdentity.ins_oid, SourceIdentity.ins_matricule
    own = SourceIdentity.domain, SourceIdentity.value
    choices = []
    for domain, number in (own, ins):
        wanted = []
        if system is not None:
            wanted.append(domain == (system.removeprefix("urn:oid:") if domain is ins[0] else system))
        if value is not None:
            wanted.append(number == value)
        choices.append(sa.and_(*wanted) if wanted else sa.false())
    return sa.or_(*choices)


def _fits(traits: Traits, query: OwnQuery) -> bool:
    families = [match_key(name) for name in (traits.birth_name, traits.used_name) if name]
    givens = [match_key(name) for name in (*traits.given_names, traits.used_given_name) if name]
    city = match_key(traits.address.city) if traits.address and traits.address.city else ""
    return (
        all(_has(families, wanted, query.exact_names) for wanted in query.family)
        and all(_has(givens, wanted, query.exact_names) for wanted in query.given)
        and (query.city is None or city.startswith(match_key(query.city)))
    )


def _has(names: Sequence[str], wanted: str, exact: bool) -> bool:
    key = match_key(wanted)
    return key in names if exact else any(name.startswith(key) for name in names)
