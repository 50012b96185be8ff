"""Read source identities and persons: rows to values and back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.directory import organizations
from hub.errors import NotFound
from hub.registry.tables import Person, SourceIdentity
from hub.registry.values import Member, PersonView, StoredIdentity
from identity import survivorship
from identity.ins import Ins, InsOid
from identity.linkage import IdentityRecord
from identity.status import Attribute, IdentityStatus
from identity.survivorship import USUAL_TRUST, Source
from identity.traits import Address, BirthDate, Sex, Traits

_COLUMNS: tuple[Any, ...] = tuple(
    attribute for name, attribute in sa.inspect(SourceIdentity).all_orm_descriptors.items() if name != "blocking_keys"
)
_WHOLE_DATE = len("AAAA-MM-JJ")
# SQLite takes 32,766 parameters at most.
_MOST_IDS = 10_000
_TRAITS = (
    "birth_name, used_name, given_names, used_given_name, birth_date, birth_date_presumed, sex, birth_place, "
    "ins_matricule, ins_oid, address_line, postcode, city, phone, email, death_date"
)
# For the driver itself: a decision reads dozens of rows, and naming their columns one by one would cost more.
_AROUND = """
    SELECT i.id, person_id, regional_id, version, active, held, domain, status, attributes, TRAITS
    FROM source_identity i JOIN person p ON p.id = person_id
    WHERE person_id IN (PERSONS) ORDER BY i.id
""".replace("TRAITS", _TRAITS)
_AROUND_SQLITE = _AROUND.replace(
    "PERSONS", "SELECT person_id FROM source_identity WHERE id IN (SELECT value FROM json_each(?))"
)
_AROUND_POSTGRESQL = _AROUND.replace("PERSONS", "SELECT persons_of(CAST(%s AS bigint[]))")


def by_id(session: Session, identity_id: int) -> StoredIdentity:
    """Return a source identity; raise `NotFound`."""
    found = _read(session, sa.select(SourceIdentity).where(SourceIdentity.id == identity_id))
    if not found:
        raise NotFound("Cette identité n'existe pas.")
    return found[0]


def by_number(session: Session, domain: str, value: str) -> StoredIdentity | None:
    """Return the source identity that has this number in this domain, if any."""
    query = sa.select(SourceIdentity).where(SourceIdentity.domain == domain, SourceIdentity.value == value)
    found = _read(session, query)
    return found[0] if found else None


def of_persons(session: Session, person_ids: Iterable[int]) -> dict[int, tuple[StoredIdentity, ...]]:
    """Return every source identity of the persons, by person."""
    groups: dict[int, list[StoredIdentity]] = {person_id: [] for person_id in person_ids}
    if groups:
        query = sa.select(SourceIdentity).where(SourceIdentity.person_id.in_(groups)).order_by(SourceIdentity.id)
        for identity in _read(session, query):
            groups[identity.person_id].append(identity)
    return {person_id: tuple(identities) for person_id, identities in groups.items() if identities}


def person(session: Session, person_id: int) -> PersonView:
    """Return a person with all its source identities; raise `NotFound` when none is linked to it any more."""
    group = of_persons(session, [person_id]).get(person_id)
    if not group:
        raise NotFound("Cette personne n'existe pas dans l'index régional.")
    return view(group, organizations.trusts(session))


def view(identities: Sequence[StoredIdentity], trusts: Mapping[int, int]) -> PersonView:
    """Compose the person that a group of source identities shows; `trusts` says how far each structure is trusted."""
    live = [identity for identity in identities if identity.active] or list(identities)
    best = max(live, key=lambda identity: identity.status.rank)
    composed = survivorship.compose(
        [
            Source(
                identity.as_record(),
                trusts.get(identity.organization_id, USUAL_TRUST),
                identity.updated_at.timestamp(),
            )
            for identity in live
        ]
    )
    return PersonView(
        identities[0].person_id,
        identities[0].regional_id,
        composed.traits,
        best.status,
        tuple(identities),
        {trait: int(record_id) for trait, record_id in composed.origins.items()},
    )


def select_values(session: Session, query: sa.Select[SourceIdentity]) -> list[StoredIdentity]:
    """Run a query on source identities and return values."""
    return _read(session, query)


def _read(session: Session, query: sa.Select[SourceIdentity]) -> list[StoredIdentity]:
    # Columns and not objects: what another transaction committed while this one waited for a lock is seen.
    columns: sa.Select[Any] = query.with_only_columns(*_COLUMNS, Person.regional_id, maintain_column_froms=True)
    found = session.execute(columns.join(Person, Person.id == SourceIdentity.person_id))
    return [as_value(row, row.regional_id) for row in found]


def around(session: Session, identity_ids: Iterable[int]) -> dict[int, tuple[Member, ...]]:
    """Return every source identity of the persons that hold these identities, by person."""
    ids = sorted(identity_ids)
    groups: dict[int, dict[int, Member]] = {}
    session.flush()  # read below the session, which would have done it
    for start in range(0, len(ids), _MOST_IDS):
        for row in _around(session, ids[start : start + _MOST_IDS]):
            member = _member(*row)
            groups.setdefault(member.person_id, {})[member.id] = member
    return {person_id: tuple(group.values()) for person_id, group in groups.items()}


def _around(session: Session, ids: list[int]) -> list[tuple[Any, ...]]:
    if db.is_postgresql(session):
        return db.rows(session.connection(), _AROUND_POSTGRESQL, (ids,))
    return db.rows(session.connection(), _AROUND_SQLITE, (json.dumps(ids),))


def _member(
    identity_id: int,
    person_id: int,
    regional_id: str,
    version: int,
    active: bool,
    held: bool,
    domain: str,
    status: str,
    attributes: str,
    *traits: Any,
) -> Member:
    record = IdentityRecord(
        record_id=str(identity_id),
        domain=domain,
        traits=_traits(*traits),
        status=_STATUSES[status],
        attributes=_attributes(attributes),
    )
    return Member(identity_id, person_id, regional_id, version, bool(active), bool(held), record)


def as_value(row: Any, regional_id: str) -> StoredIdentity:
    """Make the value of a row."""
    return StoredIdentity(
        id=row.id,
        organization_id=row.organization_id,
        domain=row.domain,
        value=row.value,
        person_id=row.person_id,
        regional_id=regional_id,
        traits=_traits_of(row),
        status=_STATUSES[row.status],
        attributes=_attributes(row.attributes),
        active=row.active,
        held=row.held,
        replaced_by_id=row.replaced_by_id,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


@lru_cache(maxsize=64)
def _attributes(codes: str) -> frozenset[Attribute]:
    return frozenset(Attribute(code) for code in codes.split(",") if code)


@lru_cache(maxsize=65_536)
def _birth_date(text: str, presumed: bool) -> BirthDate:
    if len(text) == _WHOLE_DATE:
        # What the index holds was checked when it came.
        return BirthDate(int(text[:4]), int(text[5:7]), int(text[8:]), presumed)
    return BirthDate.parse(text, presumed=presumed)


_STATUSES = {status.value: status for status in IdentityStatus}
_SEXES = {sex.value: sex for sex in Sex}
_OIDS = {oid.value: oid for oid in InsOid}
_in_order = attrgetter(*_TRAITS.split(", "))


def _traits_of(row: Any) -> Traits:
    return _traits(*_in_order(row))


def _traits(
    birth_name: str | None,
    used_name: str | None,
    given_names: str,
    used_given_name: str | None,
    birth_date: str | None,
    birth_date_presumed: bool,
    sex: str,
    birth_place: str | None,
    ins_matricule: str | None,
    ins_oid: str | None,
    address_line: str | None,
    postcode: str | None,
    city: str | None,
    phone: str | None,
    email: str | None,
    death_date: str | None,
) -> Traits:
    """Make the traits of a row, given its columns in the order of `_TRAITS`."""
    return Traits(
        birth_name=birth_name,
        used_name=used_name,
        given_names=tuple(given_names.split(" ")) if given_names else (),
        used_given_name=used_given_name,
        birth_date=_birth_date(birth_date, bool(birth_date_presumed)) if birth_date else None,
        sex=_SEXES[sex],
        birth_place=birth_place,
        ins=Ins(ins_matricule, _OIDS[ins_oid]) if ins_matricule and ins_oid else None,
        address=Address(address_line, postcode, city) if address_line or postcode or city else None,
        phone=phone,
        email=email,
        death_date=date.fromisoformat(death_date) if death_date else None,
    )


def columns(traits: Traits, status: IdentityStatus, attributes: frozenset[Attribute]) -> dict[str, Any]:
    """Return the column values that hold these traits."""
    return {
        "birth_name": traits.birth_name,
        "used_name": traits.used_name,
        "given_names": " ".join(traits.given_names),
        "used_given_name": traits.used_given_name,
        "birth_date": traits.birth_date.iso() if traits.birth_date else None,
        "birth_date_presumed": traits.birth_date.presumed if traits.birth_date else False,
        "sex": traits.sex.value,
        "birth_place": traits.birth_place,
        "ins_matricule": traits.ins.matricule if traits.ins else None,
        "ins_oid": traits.ins.oid.value if traits.ins else None,
        "address_line": traits.address.line if traits.address else None,
        "postcode": traits.address.postcode if traits.address else None,
        "city": traits.address.city if traits.address else None,
        "phone": traits.phone,
        "email": traits.email,
        "death_date": traits.death_date.isoformat() if traits.death_date else None,
        "status": status.value,
        "attributes": ",".join(sorted(attribute.value for attribute in attributes)),
    }


def record_of(content: dict[str, Any], record_id: str, domain: str) -> IdentityRecord:
    """Rebuild what a revision held, to compare it."""
    row = SourceIdentity(**content)
    return IdentityRecord(
        record_id=record_id,
        domain=domain,
        traits=_traits_of(row),
        status=_STATUSES[row.status],
        attributes=_attributes(row.attributes),
    )
