"""An officer's browser, and what it types on the pages of the agency."""

import html
import re
import time

import pyotp
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub import db
from hub.accounts.sessions import Space
from hub.accounts.tables import BrowserSession
from tests.factories import Credential, log_in, make_staff, token_of

REASON = "Pièces vues avec la structure"


def new_officer(app: Flask, name: str = "Hélène Garnier", *, proven: bool = True) -> FlaskClient:
    """Open a browser in which a new officer is logged in, and has proved again who they are unless told otherwise."""
    client = app.test_client()
    log_in(client, make_staff(app, None, name), Space.AGENCY)
    if proven:
        with app.app_context(), db.transaction() as session:
            session.execute(sa.update(BrowserSession).values(proven_at=db.now(session)))
    return client


def next_code(member: Credential) -> str:
    """Return the authenticator's code of the next step: the present one served to log in."""
    totp = pyotp.TOTP(member.totp_secret)
    return totp.at(int(time.time()) + totp.interval)


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"the page has no {name}"
    return html.unescape(found[1])


def open_task(officer: FlaskClient, task_id: int) -> str:
    """Open a task."""
    return officer.get(f"/agence/taches/{task_id}").text


def decide(
    officer: FlaskClient, page: str, task_id: int, decision: str, comment: str = REASON, **more: str | list[str]
) -> TestResponse:
    """Send the form of a task as its page holds it."""
    form: dict[str, str | list[str]] = {
        "csrf_token": token_of(page),
        "version": hidden(page, "version"),
        "seen": hidden(page, "seen"),
        "decision": decision,
        "comment": comment,
        **more,
    }
    return officer.post(f"/agence/taches/{task_id}", data=form)


def send_form(officer: FlaskClient, path: str, page: str, **fields: str | list[str]) -> TestResponse:
    """Send fields to a path with the form token of a page."""
    return officer.post(path, data={"csrf_token": token_of(page), **fields})
