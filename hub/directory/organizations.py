"""Register and find structures."""

import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.directory.tables import Organization
from hub.directory.values import OrganizationKind, Structure
from hub.errors import Conflict, Invalid, NotFound
from identity.normalise import match_key
from identity.survivorship import USUAL_TRUST

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
_FINESS = re.compile(r"(\d{2}|2[AB])\d{7}")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStructure:
    """What is needed to register a structure; `domain_oid` only for one that has its own patient numbers."""

    code: str
    name: str
    kind: OrganizationKind = OrganizationKind.CARE
    finess: str | None = None
    domain_oid: str | None = None
    town: str | None = None
    mssante: str | None = None
    trust: int = USUAL_TRUST


def check_mssante(address: str, domains: tuple[str, ...]) -> str:
    """Return the address in lower case; raise `Invalid` unless it ends with a domain of the trust space."""
    lowered = address.strip().lower()
    domain = lowered.rpartition("@")[2]
    if not _ADDRESS.fullmatch(lowered):
        raise Invalid("L'adresse MSSanté n'a pas la forme nom@domaine.", "mssante")
    if not any(domain == allowed or domain.endswith("." + allowed) for allowed in domains):
        raise Invalid("L'adresse n'est pas dans l'espace de confiance MSSanté (voir HUB_MSSANTE_DOMAINS).", "mssante")
    return lowered


def add(session: Session, new: NewStructure, mssante_domains: tuple[str, ...]) -> Structure:
    """Register a structure; raise `Invalid` or, when its code or domain exists, `Conflict`."""
    if not _CODE.fullmatch(new.code):
        raise Invalid("Le code d'une structure s'écrit en lettres, chiffres, « . », « _ » ou « - ».", "code")
    if not new.name.strip():
        raise Invalid("Le nom de la structure manque.", "name")
    if new.finess and not _FINESS.fullmatch(new.finess):
        raise Invalid("Un numéro FINESS compte 9 caractères.", "finess")
    oid = new.domain_oid.removeprefix("urn:oid:") if new.domain_oid else None
    if oid and not _OID.fullmatch(oid):
        raise Invalid("L'OID du domaine d'identification est mal formé.", "domain_oid")
    if oid and oid.startswith("1.2.250.1.213.1.4."):
        raise Invalid("Cet OID est celui d'un identifiant national, pas celui d'une structure.", "domain_oid")
    if not 0 <= new.trust <= 9:
        raise Invalid("La confiance accordée à une structure va de 0 à 9.", "trust")
    values = {
        "code": new.code,
        "kind": new.kind.value,
        "name": new.name.strip(),
        "finess": new.finess,
        "domain_oid": oid,
        "town": new.town,
        "mssante": check_mssante(new.mssante, mssante_domains) if new.mssante else None,
        "search_key": match_key(f"{new.name} {new.town or ''}")[:320],
        "trust": new.trust,
        "created_at": db.now(session),
    }
    taken = sa.select(Organization.id).where(Organization.domain_oid == oid)
    if oid and session.scalar(taken) is not None:
        raise Conflict("Une autre structure a déjà ce domaine d'identification.")
    if not db.insert_once(session, Organization, values, ["code"]):
        raise Conflict(f"Une structure porte déjà le code « {new.code} ».")
    return by_code(session, new.code)


def by_code(session: Session, code: str) -> Structure:
    """Return the structure with this code; raise `NotFound`."""
    row = session.scalar(sa.select(Organization).where(Organization.code == code))
    if row is None:
        raise NotFound(f"Aucune structure ne porte le code « {code} ». Créez-la avec : hub organization add.")
    return as_value(row)


def by_id(session: Session, organization_id: int) -> Structure:
    """Return a structure; raise `NotFound`."""
    row = session.get(Organization, organization_id)
    if row is None:
        raise NotFound("Cette structure n'existe pas.")
    return as_value(row)


def all_with_domain(session: Session) -> dict[str, Structure]:
    """Return every structure that feeds identities, by code."""
    rows = session.scalars(sa.select(Organization).where(Organization.domain_oid.is_not(None)))
    return {row.code: as_value(row) for row in rows}


def as_value(row: Organization) -> Structure:
    """Make the value of a row."""
    return Structure(
        row.id, row.code, OrganizationKind(row.kind), row.name, row.finess,
        f"urn:oid:{row.domain_oid}" if row.domain_oid else None, row.town, row.mssante,
    )  # fmt: skip


def trusts(session: Session) -> dict[int, int]:
    """Return the trust in each structure of which it is not the usual one."""
    query = sa.select(Organization.id, Organization.trust).where(Organization.trust != USUAL_TRUST)
    return dict(session.execute(query).all())


def set_trust(session: Session, organization_id: int, trust: int) -> None:
    """Say how far the identities of a structure are trusted, 0 to 9; raise `Invalid`."""
    if not 0 <= trust <= 9:
        raise Invalid("La confiance accordée à une structure va de 0 à 9.", "trust")
    session.execute(sa.update(Organization).where(Organization.id == organization_id).values(trust=trust))
