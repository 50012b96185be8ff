"""Synthetic structures, people, documents and browsers for tests over HTTP."""

import html
import io
import itertools
import re
from dataclasses import dataclass

import pyotp
from flask import Flask, url_for
from flask.testing import FlaskClient
from reportlab.pdfgen.canvas import Canvas

from hub import db
from hub.accounts import staff
from hub.accounts.sessions import Space
from hub.accounts.staff import NewStaff, Role
from hub.directory import correspondents, organizations
from hub.directory.correspondents import NewProfessional
from hub.directory.organizations import NewStructure
from hub.directory.values import OrganizationKind, Structure
from hub.runtime import Runtime

# OIDs of the tests' structures, under an arc that no real structure has.
DOMAINS = "1.2.250.1.999.2"
_numbers = itertools.count(1)


def parts_of(app: Flask) -> Runtime:
    """Return the parts of the application's process."""
    found: Runtime = app.extensions["hub"]
    return found


def make_structure(
    app: Flask, name: str = "Cabinet des Lilas", kind: OrganizationKind = OrganizationKind.CARE
) -> Structure:
    """Register a structure with a domain and an address of its own."""
    number = next(_numbers)
    new = NewStructure(
        code=f"structure-{number}",
        name=name,
        kind=kind,
        domain_oid=f"{DOMAINS}.{number}" if kind is OrganizationKind.CARE else None,
        town="Lyon",
        mssante=f"structure{number}@lyon.mssante.example",
    )
    with app.app_context(), db.transaction() as session:
        return organizations.add(session, new, parts_of(app).settings.mssante_domains)


@dataclass(frozen=True, slots=True)
class Credential:
    """A registered member of staff, with what they type to log in."""

    id: int
    login: str
    password: str
    totp_secret: str


def make_staff(app: Flask, structure: Structure | None, name: str = "Claire Martin") -> Credential:
    """Register somebody of a structure, or an officer when there is none. One per test: a code serves once."""
    login = f"membre{next(_numbers)}@test.example"
    password = "une phrase assez longue"
    secret = pyotp.random_base32()
    role = Role.PRACTICE if structure else Role.OFFICER
    new = NewStaff(
        login=login,
        name=name,
        role=role,
        organization_id=structure.id if structure else None,
        password=password,
        totp_secret=secret,
    )
    with app.app_context(), db.transaction() as session:
        member = staff.add(session, new, parts_of(app).vault, parts_of(app).passwords)
    return Credential(member.id, login, password, secret)


def log_in(client: FlaskClient, member: Credential, space: Space) -> None:
    """Fill in the log-in form as somebody would."""
    with client.application.test_request_context():
        path = url_for(f"{space.value}.log_in")
    form = {
        "csrf_token": token_of(client.get(path).text),
        "login": member.login,
        "password": member.password,
        "code": pyotp.TOTP(member.totp_secret).now(),
    }
    answer = client.post(path, data=form)
    assert answer.status_code == 302, answer.text


def token_of(page: str) -> str:
    """Return the form token of a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the page holds no form"
    return html.unescape(found[1])


def seen_of(client: FlaskClient, path: str) -> dict[str, str]:
    """Return what a sending's summary page says was seen, to send it with the form."""
    found = re.search(r'name="seen" value="([0-9a-f]*)"', client.get(path).text)
    return {"seen": found[1]} if found else {}


def sample_pdf(text: str = "Compte rendu de test") -> bytes:
    """Make a one-page PDF, the same bytes each time."""
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=True)
    canvas.drawString(72, 770, text)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def make_professional(app: Flask, given: str = "Paul", family: str = "KERVADEC") -> int:
    """Register a cardiologist of Lyon who has a MSSanté address."""
    number = next(_numbers)
    new = NewProfessional(
        rpps=f"{10_000_000_000 + number}",
        family=family,
        given=given,
        profession="10",
        speciality="Cardiologie",
        town="Lyon",
        mssante=f"docteur{number}@lyon.mssante.example",
    )
    with app.app_context(), db.transaction() as session:
        return correspondents.add_professional(session, new, parts_of(app).settings.mssante_domains)
