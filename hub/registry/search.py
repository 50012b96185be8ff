"""Search the index the RNIV way: birth date first, then at most three letters of a name (EXI SI, search rules).

Also the near matches shown before an identity is created (M2), ranked by the same model that links, and the
structure-scoped look-up that practice software uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.directory import organizations
from hub.registry import candidates, identities
from hub.registry.tables import SourceIdentity
from hub.registry.values import PersonView, StoredIdentity
from identity import linkage
from identity.linkage import PersonScore
from identity.model import Model
from identity.normalise import match_key
from identity.search import SearchCriteria
from identity.status import Attribute
from identity.traits import Traits
from identity.widespread import without

MOST_PERSONS = 50
MOST_NEAR = 10
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
    trusts = organizations.trusts(session)
    persons = sorted((identities.view(group, trusts) for group in groups.values()), key=_by_name)
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
    found = candidates.find(session, traits, every=True)
    ranked = linkage.rank(without(traits, found.widespread), found.persons, model)
    return _matches(session, [item for item in ranked if item.score.total >= model.thresholds.review])


def nearest(session: Session, traits: Traits, model: Model, but: int) -> list[NearMatch]:
    """Return the persons nearest to the traits, however far, best first, at most 10; `but` is a person left out."""
    found = candidates.find(session, traits, every=True)
    others = [person for person in found.persons if person.person_id != str(but)]
    return _matches(session, linkage.rank(without(traits, found.widespread), others, model, far=True))


def _matches(session: Session, ranked: Sequence[PersonScore]) -> list[NearMatch]:
    near = ranked[:MOST_NEAR]
    # One that was merged since it was found is left out: its survivor is found the next time.
    groups = identities.of_persons(session, [int(item.person_id) for item in near])
    trusts = organizations.trusts(session)
    shown = ((item, groups.get(int(item.person_id))) for item in near)
    return [NearMatch(identities.view(group, trusts), item) for item, group in shown if group]


class NameMode(StrEnum):
    """How a text is compared, after folding case, accents, hyphens and apostrophes (`exact` does not fold)."""

    STARTS = "starts"
    EXACT = "exact"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True)
class TextTest:
    """One condition on a text: any of the values, compared one way."""

    values: tuple[str, ...]
    mode: NameMode = NameMode.STARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnQuery:
    """What a structure looks for among its own identities. Items of a tuple are all required; `None` asks nothing.

    `numbers` and `ids` hold groups of alternatives; `birth_dates` are inclusive intervals.
    """

    organization_id: int
    ids: tuple[tuple[int, ...], ...] = ()
    numbers: tuple[tuple[tuple[str | None, str | None], ...], ...] = ()
    birth_dates: tuple[tuple[date | None, date | None], ...] = ()
    family: tuple[TextTest, ...] = ()
    given: tuple[TextTest, ...] = ()
    name: tuple[TextTest, ...] = ()
    postcode: tuple[TextTest, ...] = ()
    city: tuple[TextTest, ...] = ()
    contacts: tuple[tuple[str, ...], ...] = ()
    sexes: tuple[tuple[str, ...], ...] = ()
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a structure's identities, and how many there are in all."""

    total: int
    items: Sequence[StoredIdentity]


def own_identities(session: Session, query: OwnQuery, offset: int, limit: int) -> Page:
    """Return the structure's identities that satisfy every condition, oldest first."""
    table = SourceIdentity
    conditions: list[sa.ColumnElement[bool]] = [table.organization_id == query.organization_id]
    conditions += [table.id.in_(group) for group in query.ids]
    conditions += [sa.or_(sa.false(), *[_number(*number) for number in group]) for group in query.numbers]
    for start, end in query.birth_dates:
        if start is not None:
            conditions.append(table.birth_date >= start.isoformat())
        if end is not None:
            conditions.append(table.birth_date <= end.isoformat())
    conditions += [table.sex.in_(group) for group in query.sexes]
    if query.active is not None:
        conditions.append(table.active.is_(query.active))
    rows = sa.select(table).where(*conditions).order_by(table.id).limit(_MOST_ROWS)
    kept = [item for item in identities.select_values(session, rows) if _fits(item.traits, query)]
    return Page(len(kept), kept[offset : offset + limit])


def _number(system: str | None, value: str | None) -> sa.ColumnElement[bool]:
    table = SourceIdentity
    own: list[sa.ColumnElement[bool]] = []
    ins: list[sa.ColumnElement[bool]] = []
    if system is not None:
        own.append(table.domain == system)
        ins.append(table.ins_oid == system.removeprefix("urn:oid:"))
    if value is not None:
        own.append(table.value == value)
        ins.append(table.ins_matricule == value)
    return sa.or_(sa.and_(sa.true(), *own), sa.and_(table.ins_matricule.is_not(None), *ins))


def _fits(traits: Traits, query: OwnQuery) -> bool:
    families = [name for name in (traits.birth_name, traits.used_name) if name]
    givens = [name for name in (*traits.given_names, traits.used_given_name) if name]
    address = traits.address
    postcodes = [address.postcode] if address and address.postcode else []
    cities = [address.city] if address and address.city else []
    contacts = {contact for contact in (traits.phone, traits.email) if contact}
    return (
        _all(families, query.family)
        and _all(givens, query.given)
        and _all([*families, *givens], query.name)
        and _all(postcodes, query.postcode)
        and _all(cities, query.city)
        and all(contacts & set(group) for group in query.contacts)
    )


def _all(texts: Sequence[str], tests: Sequence[TextTest]) -> bool:
    return all(any(_passes(text, value, test.mode) for text in texts for value in test.values) for test in tests)


def _passes(text: str, value: str, mode: NameMode) -> bool:
    if mode is NameMode.EXACT:
        return text == value
    folded, wanted = match_key(text), match_key(value)
    return wanted in folded if mode is NameMode.CONTAINS else folded.startswith(wanted)
