"""Professionals and pharmacies that a document can be sent to.

Addresses come from the directory only, by RPPS or FINESS, never from free text (MSSanté mis-addressing); an entry
without an address of the trust space is not offered.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.directory.organizations import check_mssante
from hub.directory.tables import Organization, Professional
from hub.directory.values import Correspondent, CorrespondentKind, OrganizationKind
from hub.errors import Conflict, Invalid, NotFound
from identity.normalise import match_key

MOST_RESULTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProfessional:
    """A professional to register. `profession` is a code of TRE_G15."""

    rpps: str
    family: str
    given: str
    profession: str
    speciality: str | None = None
    organization_id: int | None = None
    town: str | None = None
    mssante: str | None = None


def add_professional(session: Session, new: NewProfessional, mssante_domains: tuple[str, ...]) -> int:
    """Register a professional; return the id; raise `Invalid` or `Conflict` (RPPS known)."""
    if len(new.rpps) != 11 or not new.rpps.isascii() or not new.rpps.isdigit():
        raise Invalid("Un numéro RPPS compte 11 chiffres.", "rpps")
    key = match_key(f"{new.family} {new.given} {new.speciality or ''} {new.town or ''}")
    values = {
        "rpps": new.rpps,
        "family": new.family,
        "given": new.given,
        "profession": new.profession,
        "speciality": new.speciality,
        "organization_id": new.organization_id,
        "town": new.town,
        "mssante": check_mssante(new.mssante, mssante_domains) if new.mssante else None,
        "search_key": key[:320],
        "created_at": db.now(session),
    }
    if not db.insert_once(session, Professional, values, ["rpps"]):
        raise Conflict("Un professionnel porte déjà ce numéro RPPS.")
    return session.scalars(sa.select(Professional.id).where(Professional.rpps == new.rpps)).one()


def search(session: Session, kind: CorrespondentKind, text: str) -> list[Correspondent]:
    """Find correspondents whose name, speciality or town hold every word typed; at most 20, by name."""
    words = match_key(text).split()
    if kind is CorrespondentKind.PROFESSIONAL:
        query = sa.select(Professional).where(Professional.mssante.is_not(None))
        if text.strip().isdigit() and len(text.strip()) == 11:
            query = query.where(Professional.rpps == text.strip())
        else:
            query = query.where(*[Professional.search_key.contains(word, autoescape=True) for word in words])
        rows = session.scalars(query.order_by(Professional.family, Professional.given).limit(MOST_RESULTS))
        return [_professional(row) for row in rows]
    pharmacies = (
        sa.select(Organization)
        .where(Organization.kind == OrganizationKind.PHARMACY.value, Organization.mssante.is_not(None))
        .where(*[Organization.search_key.contains(word, autoescape=True) for word in words])
        .order_by(Organization.name)
        .limit(MOST_RESULTS)
    )
    return [_pharmacy(row) for row in session.scalars(pharmacies)]


def find(session: Session, kind: CorrespondentKind, correspondent_id: int) -> Correspondent:
    """Return one correspondent that can receive; raise `NotFound`."""
    if kind is CorrespondentKind.PROFESSIONAL:
        professional = session.get(Professional, correspondent_id)
        if professional is not None and professional.mssante:
            return _professional(professional)
    else:
        pharmacy = session.get(Organization, correspondent_id)
        if pharmacy is not None and pharmacy.mssante and pharmacy.kind == OrganizationKind.PHARMACY.value:
            return _pharmacy(pharmacy)
    raise NotFound("Ce correspondant n'est pas dans l'annuaire, ou n'a pas d'adresse MSSanté.")


def still_there(session: Session, kind: CorrespondentKind, correspondent_id: int) -> Correspondent | None:
    """Return a correspondent chosen earlier, or None when it has left the directory since."""
    try:
        return find(session, kind, correspondent_id)
    except NotFound:
        return None


def _professional(row: Professional) -> Correspondent:
    detail = " · ".join(part for part in (row.speciality, row.town) if part)
    return Correspondent(
        CorrespondentKind.PROFESSIONAL, row.id, f"{row.given} {row.family}", detail, row.mssante or ""
    )


def _pharmacy(row: Organization) -> Correspondent:
    return Correspondent(CorrespondentKind.PHARMACY, row.id, row.name, row.town or "", row.mssante or "")
