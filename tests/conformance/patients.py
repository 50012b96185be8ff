"""A patient with an active account, and the browser in which they log in."""

import itertools
import os
import secrets
import string
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx2 as httpx
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.accounts import codes, portal_accounts
from hub.accounts.portal_accounts import Opening, Signatory
from hub.accounts.tables import OneTimeCode
from hub.audit.trail import SYSTEM
from tests.factories import make_staff, make_structure, parts_of, token_of
from tests.hub.registry.people import incoming, send
from tests.identity.factories import make_traits

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Patient:
    """Whose account, with what they type to log in."""

    account_id: int
    subject: str
    email: str
    password: str


def make_patient_account(app: Flask) -> Patient:
    """Open an account as a practice does, and activate it as the patient does."""
    structure = make_structure(app)
    member = make_staff(app, structure)
    # A person of their own: one has one account.
    name = "".join(secrets.choice(string.ascii_uppercase) for _ in range(12))
    born = f"{1930 + secrets.randbelow(60)}-{1 + secrets.randbelow(12):02d}-{1 + secrets.randbelow(28):02d}"
    identity = send(app, incoming(structure, "P-1", make_traits(name, name[::-1], born))).identity
    # Test workers share the limits of a mobile when they share a database: each account has a number of its own.
    number = f"06399{os.getpid() % 1000:03d}{next(_numbers):02d}"
    opening = Opening(
        source_identity_id=identity.id,
        email=f"patient{number}@test.example",
        mobile=number,
        signatory=Signatory.HOLDER,
        consented=True,
        staff_id=member.id,
    )
    password = "quatre mots assez longs"
    parts = parts_of(app)
    with app.app_context(), db.transaction() as session:
        account = portal_accounts.open_account(session, opening, parts.settings, parts.trail, SYSTEM)
        portal_accounts.choose_password(session, account.id, password, parts.passwords)
        portal_accounts.activate(session, account.id, parts.trail)
    return Patient(account.id, account.subject, account.email, password)


def code_of(app: Flask, patient: Patient) -> str:
    """Return the code that the worker would send by SMS."""
    with app.app_context(), db.reading() as session:
        newest = sa.select(sa.func.max(OneTimeCode.id)).where(OneTimeCode.account_id == patient.account_id)
        found = codes.code_to_send(session, session.scalars(newest).one(), parts_of(app).vault)
    assert found, "no code is live"
    return found[1]


class Browser:
    """What a patient sees: pages, forms with their token, redirections followed within the hub only."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._http = httpx.Client(timeout=30)

    def close(self) -> None:
        """Forget everything."""
        self._http.close()

    def open(self, url: str) -> httpx.Response:
        """Go to an address and follow redirections until a page, or a redirection to elsewhere."""
        return self._follow(self._http.get(url))

    def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Fill in the form of a page and send it."""
        form = {"csrf_token": token_of(page.text), "suite": page.url.params["suite"], **fields}
        return self._follow(self._http.post(page.url.copy_with(query=None), data=form))

    def log_in(self, app: Flask, url: str, patient: Patient) -> str:
        """Log in where the application sent the browser; return the address that it is sent back to."""
        page = self.submit(self.open(url), email=patient.email, password=patient.password)
        answer = self.submit(page, code=code_of(app, patient))
        assert answer.is_redirect, answer.text
        return answer.headers["Location"]

    def _follow(self, answer: httpx.Response) -> httpx.Response:
        while answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["Location"])
            if not target.startswith(f"{self._base}/"):
                break
            answer = self._http.get(target)
        return answer
