"""Seed what an officer's day needs: twenty tasks of every kind, documents delivered, an account, a second officer."""

from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.tables import Consent, PortalAccount
from hub.directory.values import Structure
from hub.documents.tables import Document
from hub.registry import death_checks, tasks
from hub.registry.tables import ReviewTask, SourceIdentity
from hub.registry.tasks import TaskKind
from hub.registry.values import Intake
from hub.routing.tables import Delivery, Sending
from identity.traits import Sex, Traits
from tests.factories import Credential, make_staff, make_structure
from tests.hub.registry.people import incoming, send
from tests.identity.factories import make_traits

_NAMES = (
    "BAUDRILLARD", "KERVADEC", "LEMOINE", "TANGUY", "ROUDAUT", "MARCHADIER", "DELAUNAY", "PERROTIN", "GUEGUEN",
    "VASSEUR", "CHAUVIN", "BRIZARD", "FOUQUET", "LANGLADE", "MOREAU",
)  # fmt: skip
_GIVEN = ("SOLENE MARTHE", "PAUL", "ANTOINE", "CLAIRE", "JEAN PIERRE", "MATHILDE", "HUGO", "NOEMIE", "YANN", "ELISE")


@dataclass(frozen=True, slots=True)
class Region:
    """What was seeded: two structures, two officers, the pair of a collision."""

    hospital: Structure
    practice: Structure
    officer: Credential
    second: Credential
    collision: int
    merged: int


def seed(app: Flask) -> Region:
    """Make twenty open tasks; return what tests name."""
    hospital, practice = make_structure(app, "Hôpital de la Haute-Allière"), make_structure(app, "Cabinet du Moulin")
    secretary = make_staff(app, hospital)
    officer, second = make_staff(app, None, "Hélène Garnier"), make_staff(app, None, "Bruno Aubert")
    pairs = [_pair(app, hospital, practice, rank) for rank in range(len(_NAMES))]
    (merged,) = _tasks(app, pairs[0])
    _documents(app, pairs[0], secretary.id)
    return Region(hospital, practice, officer, second, _others(app, hospital, practice), merged)


def _person(rank: int) -> Traits:
    born = date(1940 + 3 * rank, 1 + rank % 12, 3 + rank).isoformat()
    sex = Sex.MALE if rank % 2 else Sex.FEMALE
    given = _GIVEN[rank % len(_GIVEN)]
    return make_traits(_NAMES[rank], given, born, sex, phone=f"+3363998{1000 + rank}", line=f"{rank + 1} RUE HAUTE")


def _pair(app: Flask, hospital: Structure, practice: Structure, rank: int) -> tuple[Intake, Intake]:
    """Send somebody twice, the second time with a given name that a slip of the pen explains."""
    person = _person(rank)
    known = send(app, incoming(hospital, f"H-{rank}", person))
    slip = replace(person, given_names=("MARIN" + person.given_names[0][:2],), phone=None)
    return known, send(app, incoming(practice, f"M-{rank}", slip))


def _tasks(app: Flask, pair: tuple[Intake, Intake]) -> list[int]:
    """Return the task of a pair."""
    ids = [item.identity.id for item in pair]
    with app.app_context(), db.reading() as session:
        return list(session.scalars(sa.select(ReviewTask.id).where(ReviewTask.source_identity_id.in_(ids))))


def _others(app: Flask, hospital: Structure, practice: Structure) -> int:
    """Open a collision, a change, an INS, two deaths and a task of another kind; return the collision's task."""
    twin = make_traits("ORHAN", "LOUISE", "2001-04-09", phone="+33639984001")
    one = send(app, incoming(hospital, "C-1", twin)).identity
    two = send(app, incoming(practice, "C-2", twin)).identity
    assert one.person_id == two.person_id
    changed = make_traits("GALLAND", "MARC", "1966-02-02", Sex.MALE)
    send(app, incoming(hospital, "G-1", changed))
    send(app, incoming(hospital, "G-1", make_traits("PETITJEAN", "ODETTE", "1931-11-30", Sex.FEMALE)))
    late = replace(make_traits("SABLON", "RENE", "1929-05-06", Sex.MALE), death_date=date(2026, 3, 1))
    dead = send(app, incoming(practice, "D-1", late)).identity
    alone = send(app, incoming(hospital, "I-1", make_traits("VERDIER", "LISE", "1990-07-07"))).identity
    with app.app_context(), db.transaction() as session:
        for identity_id in (one.id, two.id):
            session.get_one(SourceIdentity, identity_id).held = True
        collision = tasks.open_collision(session, (one.id, two.id), -6.4, ["twins"])
        tasks.open_alone(session, TaskKind.INS, alone.id, reasons=["insi-refused"])
        tasks.open_alone(session, TaskKind.DEATH, dead.id, reasons=["changed-after-death"])
        death_checks.ask_undated(session, alone)
        _margin(session, one.id, alone.id)
    return collision


def _margin(session: Session, left: int, right: int) -> None:
    tasks._open(session, TaskKind.MARGIN, (left, right), 3.2, ["margin"], {})


def _documents(app: Flask, pair: tuple[Intake, Intake], staff_id: int) -> None:
    """Give the first of a pair two documents, one delivered, and an account."""
    known, other = (item.identity for item in pair)
    with app.app_context(), db.transaction() as session:
        moment = db.now(session)
        account = PortalAccount(
            source_identity_id=other.id, email="solene@example.org", mobile="+33639981000", state="active",
            subject="s" * 32, created_by=staff_id, created_at=moment,
        )  # fmt: skip
        documents = [
            Document(
                organization_id=known.organization_id, source_identity_id=known.id, title=f"Titre secret {number}",
                type_code="11488-4", content_type="application/pdf", size=10, pages=1, sha256="0" * 64,
                store_key=f"documents/seed/{number}", kek_id="k1", wrapped_key=b"x", deposited_by=staff_id,
                created_at=moment,
            )
            for number in range(2)
        ]  # fmt: skip
        session.add_all([account, *documents])
        session.flush()
        given = {"signatory": "holder", "channel": "test", "staff_id": staff_id, "given_at": moment}
        session.add(Consent(account_id=account.id, text_version="1", text_digest="0" * 64, **given))
        sent = {"staff_id": staff_id, "state": "sent", "created_at": moment, "sent_at": moment}
        sending = Sending(organization_id=known.organization_id, document_id=documents[0].id, **sent)
        session.add(sending)
        session.flush()
        session.add(
            Delivery(
                sending_id=sending.id, document_id=documents[0].id, channel="mssante", recipient_kind="professional",
                recipient_id=1, recipient_name="Docteur", account_id=None, state="sent", queued_at=moment,
            )
        )  # fmt: skip
