"""Whole situations made through the services: a patient known, an account open, a document on its way."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask

from hub import db, worker
from hub.accounts import portal_accounts
from hub.accounts.portal_accounts import Account, Opening, Signatory
from hub.accounts.tables import OneTimeCode
from hub.audit.trail import SYSTEM, Actor, ActorKind
from hub.directory import correspondents
from hub.directory.correspondents import NewProfessional
from hub.directory.values import CorrespondentKind, Structure
from hub.documents import deposit
from hub.oidc import clients, keys
from hub.outbox.tables import OutboxJob
from hub.registry import intake
from hub.registry.values import Channel, IncomingIdentity, StoredIdentity
from hub.routing import sendings
from hub.routing.sendings import SentView
from identity.traits import BirthDate, Sex, Traits
from tests.factories import Credential, parts_of, sample_pdf

PASSWORD = "quatre mots tout simples"
EMAIL = "jeanne.essai@example.org"
MOBILE = "06 39 98 00 01"


def actor_of(structure: Structure, member: Credential) -> Actor:
    """Return the member acting for the structure."""
    return Actor(ActorKind.STAFF, str(member.id), structure.id)


def jeanne(**changes: object) -> Traits:
    """The patient of these stories."""
    values: dict[str, object] = {
        "birth_name": "DURAND",
        "used_name": "MOREL",
        "given_names": ("JEANNE", "MARIE"),
        "birth_date": BirthDate(1946, 3, 14),
        "sex": Sex.FEMALE,
        "birth_place": "58194",
    }
    return Traits(**(values | changes))  # type: ignore[arg-type]


def know(app: Flask, structure: Structure, traits: Traits | None = None, value: str = "IPP-1") -> StoredIdentity:
    """Let a structure's software send a patient."""
    incoming = IncomingIdentity(
        organization_id=structure.id,
        domain=structure.domain or "",
        value=value,
        traits=traits or jeanne(),
        channel=Channel.FHIR,
    )
    actor = Actor(ActorKind.SOFTWARE, "logiciel-test", structure.id)
    with app.app_context(), db.transaction() as session:
        return intake.receive(session, incoming, parts_of(app).registrar, actor).identity


def open_account(
    app: Flask, structure: Structure, member: Credential, identity: StoredIdentity, email: str = EMAIL
) -> Account:
    """Open the patient's account, as a professional does."""
    opening = Opening(
        source_identity_id=identity.id, email=email, mobile=MOBILE, signatory=Signatory.HOLDER, consented=True,
        staff_id=member.id,
    )  # fmt: skip
    parts = parts_of(app)
    with app.app_context(), db.transaction() as session:
        keys.ensure(session, parts.vault)
        clients.ensure_portal(session, parts.settings.public_url)
        return portal_accounts.open_account(
            session, opening, parts.settings, parts.trail, actor_of(structure, member)
        )


def activate(app: Flask, account: Account, password: str = PASSWORD) -> None:
    """Make the account active, as if the patient had typed password and code."""
    with app.app_context(), db.transaction() as session:
        portal_accounts.choose_password(session, account.id, password, parts_of(app).passwords)
        portal_accounts.activate(session, account.id, parts_of(app).trail)


def add_colleague(app: Flask, address: str = "paul.confrere@lyon.mssante.example") -> int:
    """Put a colleague into the directory."""
    new = NewProfessional(rpps="99900000017", family="CONFRERE", given="Paul", profession="10", mssante=address)
    with app.app_context(), db.transaction() as session:
        return correspondents.add_professional(session, new, parts_of(app).settings.mssante_domains)


def begin_sending(
    app: Flask,
    structure: Structure,
    member: Credential,
    title: str = "Compte rendu",
    *,
    content: bytes | None = None,
) -> int:
    """Deposit a document, named and typed, whose patient is not chosen yet; return the sending's id."""
    parts = parts_of(app)
    with app.app_context():
        stored = deposit.store_file(
            "Compte rendu.pdf", content or sample_pdf(), structure.id, parts.store, parts.vault, 50_000_000
        )
        with db.transaction() as session:
            sending_id = sendings.open_draft(session, stored, structure.id, member.id)
            item = sendings.draft(session, sending_id, structure.id)
            sendings.describe_document(session, item, title, "11488-4")
    return sending_id


def send(
    app: Flask,
    structure: Structure,
    member: Credential,
    identity: StoredIdentity,
    *,
    copy: bool = False,
    colleague: int | None = None,
    content: bytes | None = None,
) -> SentView:
    """Deposit and send a document."""
    parts = parts_of(app)
    sending_id = begin_sending(app, structure, member, content=content)
    with app.app_context():
        with db.transaction() as session:
            item = sendings.draft(session, sending_id, structure.id)
            sendings.set_patient(session, item, identity, parts.trail, SYSTEM)
            sendings.set_copy(session, item, copy)
            if colleague is not None:
                sendings.add_recipient(session, item, CorrespondentKind.PROFESSIONAL, colleague)
        with db.transaction() as session:
            sendings.send(session, sending_id, structure.id, parts.trail, actor_of(structure, member))
        with db.reading() as session:
            return sendings.sent_one(session, sending_id, structure.id)


def work(app: Flask, *, now: bool = False) -> int:
    """Do every due job; with `now`, also those that wait for a later try. Return how many were done."""
    done = 0
    with app.app_context():
        if now:
            with db.transaction() as session:
                waiting = sa.update(OutboxJob).where(OutboxJob.state == "ready")
                session.execute(waiting.values(run_after=datetime.now(UTC) - timedelta(seconds=5)))
        while worker.work_once(parts_of(app)):
            done += 1
    return done


def see(app: Flask, structure: Structure, sent: SentView) -> SentView:
    """Return the sending as its sender sees it now."""
    with app.app_context(), db.reading() as session:
        return sendings.sent_one(session, sent.id, structure.id)


def code_of(app: Flask, account: Account) -> str:
    """Return the six digits that the SMS of the latest code holds."""
    from hub.accounts import codes

    with app.app_context(), db.reading() as session:
        latest = sa.select(OneTimeCode.id).where(OneTimeCode.account_id == account.id).order_by(OneTimeCode.id.desc())
        code_id = session.scalars(latest.limit(1)).one()
        found = codes.code_to_send(session, code_id, parts_of(app).vault)
    assert found is not None
    return found[1]
