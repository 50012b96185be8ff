"""What the security tests share: browsers of strangers, what the database held before and after, drafts."""

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub import db
from hub.accounts import sessions
from hub.accounts.portal_accounts import Account
from hub.accounts.sessions import Level, Space
from hub.audit.trail import SYSTEM
from hub.db import Base
from hub.directory.values import Structure
from hub.registry import identities
from hub.routing import sendings
from tests import stories
from tests.factories import Credential, parts_of, token_of
from tests.stories import begin_sending

# What reading a page may write: who looked, and that the session was used.
_TRACES = {"audit_event", "audit_head", "browser_session", "attempt_counter"}


def snapshot(app: Flask) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table but the traces of reading."""
    with app.app_context(), db.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(sa.select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
            if table.name not in _TRACES
        }


def patient_browser(app: Flask, account: Account) -> FlaskClient:
    """Give a browser in which a patient is logged in to the portal."""
    browser = app.test_client()
    with app.app_context(), db.transaction() as session:
        token = sessions.start(session, parts_of(app).settings, Space.PORTAL, account.id, Level.FULL)
    browser.set_cookie("hub_portal", token)
    return browser


def form_token(browser: FlaskClient) -> str:
    """Return the form token of this browser."""
    return token_of(browser.get("/oidc/connexion").text)


def make_draft(app: Flask, structure: Structure, member: Credential, identity_id: int, *, copy: bool = True) -> int:
    """Prepare a sending with its copy to the patient, ready to leave; return its id."""
    sending_id = begin_sending(app, structure, member)
    with app.app_context(), db.transaction() as session:
        item = sendings.draft(session, sending_id, structure.id)
        sendings.set_patient(session, item, identities.by_id(session, identity_id), parts_of(app).trail, SYSTEM)
        sendings.set_copy(session, item, copy)
    return sending_id


def type_password(
    browser: FlaskClient, account: Account, password: str = stories.PASSWORD, **headers: str
) -> TestResponse:
    """Do the first step of a patient's log-in."""
    form = {"csrf_token": form_token(browser), "email": account.email, "password": password}
    return browser.post("/oidc/connexion", data=form, headers=headers)


def type_code(browser: FlaskClient, code: str) -> TestResponse:
    """Do the second step of a patient's log-in."""
    return browser.post("/oidc/code", data={"csrf_token": form_token(browser), "code": code})


def same_browser(browser: FlaskClient) -> FlaskClient:
    """Give another window of a browser: the same cookies, to be used from another thread."""
    window = browser.application.test_client()
    for cookie in browser._cookies.values():
        window.set_cookie(cookie.key, cookie.value)
    return window
