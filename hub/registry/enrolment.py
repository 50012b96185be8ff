"""Identities made by a person in front of a screen: creation after near matches were seen (M2), or choice (M1).

The number in the structure's domain is made here: these structures have no software of their own that numbers.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from hub import db
from hub.audit import trail
from hub.audit.trail import Actor, Entry, Subject
from hub.directory.values import Structure
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import identities, intake
from hub.registry.intake import Registrar
from hub.registry.tables import InformationNotice
from hub.registry.values import Channel, IncomingIdentity, Intake, StoredIdentity
from identity.completeness import missing_strict_traits
from identity.status import IdentityStatus
from identity.traits import Traits

# The text the professional attests when creating an identity; its version is kept with each creation.
NOTICE_VERSION = "information-index-2026-1"
NOTICE_TEXT = (
    "J'ai informé le patient de l'enregistrement de son identité dans l'index régional, "
    "de sa finalité et de ses droits, et il ne s'y oppose pas."
)
# How long a person that a search showed may be chosen: no longer than a session lasts.
_SHOWN_FOR = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Staff:
    """The professional at the screen, for the structure they work in."""

    id: int
    structure: Structure


def _new_number() -> str:
    return "HUB-" + secrets.token_hex(6).upper()


def _domain(staff: Staff) -> str:
    if staff.structure.domain is None:
        raise Invalid("Votre structure n'a pas de domaine d'identification : demandez-le à l'agence régionale.")
    return staff.structure.domain


def create(
    session: Session,
    traits: Traits,
    staff: Staff,
    registrar: Registrar,
    actor: Actor,
    *,
    informed: bool,
    told_apart: frozenset[int] = frozenset(),
) -> Intake:
    """Create a provisional identity; raise `Invalid` when a strict trait or the attestation is missing.

    `told_apart` are the near matches that the professional saw and set aside: none is linked by itself.
    """
    missing = missing_strict_traits(traits)
    if missing:
        raise Invalid(missing[0].message, missing[0].field)
    if not informed:
        raise Invalid("Attestez que le patient a été informé et ne s'oppose pas.", "informed")
    if traits.ins is not None:
        raise Invalid("Un matricule INS ne se saisit pas à la main.", "ins")
    incoming = IncomingIdentity(
        organization_id=staff.structure.id,
        domain=_domain(staff),
        value=_new_number(),
        traits=traits,
        told_apart=told_apart,
        channel=Channel.WEB,
    )
    result = intake.receive(session, incoming, registrar, actor)
    _keep_notice(session, result.identity.id, staff)
    return result


def choose(session: Session, person_id: int, staff: Staff, registrar: Registrar, actor: Actor) -> StoredIdentity:
    """Return the structure's own identity of a person found by search, making it when there is none (M1).

    The copy is provisional, without INS: each structure qualifies in its own base (RNIV). Somebody whom no search
    showed to this professional does not exist for them: ids that are tried one after the other read nobody.
    """
    if not trail.was_seen(session, actor, "person.shown", Subject("person", person_id), _SHOWN_FOR):
        raise NotFound("Cette personne n'existe pas dans l'index régional.")
    db.serialise(session, f"choose:{staff.structure.id}|{person_id}")
    view = identities.person(session, person_id)
    own = view.known_to(staff.structure.id)
    if own is not None:
        return own
    source = view.traits
    copied = replace(source, ins=None, address=None, phone=None, email=None, death_date=None)
    incoming = IncomingIdentity(
        organization_id=staff.structure.id,
        domain=_domain(staff),
        value=_new_number(),
        traits=copied,
        status=IdentityStatus.PROVISIONAL,
        channel=Channel.WEB,
    )
    return intake.link_by_choice(session, incoming, person_id, registrar, actor).identity


def keep_contact(
    session: Session,
    identity: StoredIdentity,
    email: str | None,
    phone: str | None,
    registrar: Registrar,
    actor: Actor,
) -> None:
    """Remember the contact details on the structure's own identity only (L11: never shared with another one)."""
    if identity.organization_id != actor.organization_id:
        raise Conflict("Cette identité n'est pas celle de votre structure.")
    # What the structure's software sent meanwhile must not be undone.
    db.serialise(session, f"number:{identity.domain}|{identity.value}")
    identity = identities.by_id(session, identity.id)
    if not identity.active:
        raise Conflict("Cette identité n'est plus active dans votre structure : cherchez de nouveau le patient.")
    if (identity.traits.email, identity.traits.phone) == (email, phone):
        return
    changed = IncomingIdentity(
        organization_id=identity.organization_id,
        domain=identity.domain,
        value=identity.value,
        traits=replace(identity.traits, email=email, phone=phone),
        status=identity.status,
        attributes=identity.attributes,
        channel=Channel.WEB,
    )
    intake.receive(session, changed, registrar, actor)


def _keep_notice(session: Session, identity_id: int, staff: Staff) -> None:
    session.add(
        InformationNotice(
            source_identity_id=identity_id,
            text_version=NOTICE_VERSION,
            staff_id=staff.id,
            recorded_at=db.now(session),
        )
    )


def viewed(session: Session, person_ids: list[int], registrar: Registrar, actor: Actor, *, letters: bool) -> None:
    """Record a search: who looked, and which persons were shown."""
    detail: dict[str, str | int | bool | None] = {"results": len(person_ids), "letters": letters}
    registrar.trail.record(session, Entry(actor, "person.search", None, detail))
    for person_id in person_ids:
        registrar.trail.record(session, Entry(actor, "person.shown", Subject("person", person_id)))
