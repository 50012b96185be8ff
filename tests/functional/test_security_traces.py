"""What leaves by the side door: headers, errors, metrics, logs, jobs and the audit trail hold nobody's data."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub import config, db, logs
from hub.accounts import portal_accounts
from hub.accounts.sessions import Space
from hub.app import create_app
from hub.audit.tables import AuditEvent
from hub.config import Settings, from_mapping
from hub.db import database
from hub.errors import Invalid
from hub.oidc import clients, keys
from hub.outbox.tables import OutboxJob
from hub.registry.tables import SourceIdentity
from hub.routing.channels.mssante import Letter, compose
from hub.routing.tables import Delivery, Notice
from tests import stories
from tests.factories import log_in, make_staff, make_structure, parts_of, sample_pdf
from tests.functional.intruders import form_token, patient_browser, type_code, type_password
from tests.functional.practice_pages import sit_down
from tests.hub.registry.people import rows
from tests.relay import Relay, running_relay
from tests.traces import told


@pytest.fixture
def relay() -> Iterator[Relay]:
    with running_relay() as server:
        yield server


@pytest.fixture
def settings(variables: dict[str, str], relay: Relay) -> Settings:
    relays = {"HUB_SMTP_URL": relay.url, "HUB_MSSANTE_SMTP_URL": relay.url, "HUB_PUBLIC_URL": "http://localhost"}
    return from_mapping(variables | relays | {"HUB_LOG_LEVEL": "info", "HUB_METRICS_TOKEN": "jeton des mesures"})


@pytest.fixture
def log(app: Flask) -> Iterator[io.StringIO]:
    """Gather what the process writes on standard error, logs at their default level included."""
    stream = io.StringIO()
    with redirect_stderr(stream):
        logs.configure("info")
        yield stream
    logs.configure("warning")


def _pages(app: Flask) -> list[str]:
    with app.test_request_context():
        rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
        known = [url_for(rule.endpoint) for rule in rules]
    missing = ["/nulle-part", "/d/inconnu", "/activation/inconnu", "/pratique/envois/1", "/fhir/Patient/1", "/%00"]
    return [*known, *missing]


def _check(answer: TestResponse) -> None:
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in headers["Cache-Control"] or headers["Cache-Control"].startswith("no-cache")
    assert "Traceback" not in answer.text


def test_every_page_carries_the_headers_logged_in_or_not(app: Flask, client: FlaskClient) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    account = stories.open_account(app, structure, member, stories.know(app, structure))
    stories.activate(app, account)
    everybody = patient_browser(app, account)
    log_in(everybody, member, Space.PRACTICE)
    log_in(everybody, make_staff(app, None), Space.AGENCY)

    for browser in (client, everybody):
        for path in _pages(app):
            answer = browser.get(path)
            assert answer.status_code < 500, path
            _check(answer)
    for path in ("/pratique/connexion", "/oidc/connexion", "/oauth/token", "/fhir/Patient", "/portail/retour"):
        _check(client.post(path, data={"a": "b"}))


def test_a_forged_host_does_not_change_the_links(app: Flask, client: FlaskClient, relay: Relay) -> None:
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}

    pages = [client.get(path, headers=evil) for path in ("/", "/portail/", "/portail/connexion", "/pratique/")]
    told = [
        client.get(path, headers=evil).text
        for path in ("/.well-known/openid-configuration", "/fhir/.well-known/smart-configuration", "/fhir/metadata")
    ]

    assert not any("evil.example" in page.text + page.headers.get("Location", "") for page in pages)
    assert not any("evil.example" in text for text in told)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"Authorization": "Bearer jeton"}, 404),
        ({"Authorization": "Bearer é"}, 404),
        ({"Authorization": "Bearer jeton des mesures"}, 200),
    ],
    ids=["none", "wrong", "strange", "right"],
)
def test_the_metrics_want_their_token(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert client.get("/metrics", headers=headers).status_code == status


def test_without_a_token_the_metrics_are_for_loopback_alone(variables: dict[str, str]) -> None:
    app = create_app(config.from_mapping(variables))
    client = app.test_client()
    statuses = [
        client.get("/metrics").status_code,
        client.get("/metrics", environ_base={"REMOTE_ADDR": "198.51.100.7"}).status_code,
        client.get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"}).status_code,
        client.get(
            "/metrics", headers={"X-Forwarded-For": "127.0.0.1"}, environ_base={"REMOTE_ADDR": "198.51.100.7"}
        ).status_code,
    ]
    with app.app_context():
        database.session.remove()
        database.engine.dispose()

    assert statuses == [200, 404, 404, 404]


def test_health_tells_states_and_nothing_else(client: FlaskClient) -> None:
    assert client.get("/health/live").json == {"status": "ok"}
    assert set(client.get("/health/ready").json or {}) <= {"status", "problems"}


def test_an_error_of_ours_shows_no_inside(app: Flask, client: FlaskClient, log: io.StringIO) -> None:
    desk = sit_down(app, client)
    identity_id = desk.create()
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(SourceIdentity).values(birth_date="SECRETDATE"))

    answer = client.get(f"/pratique/patients/{identity_id}")

    assert answer.status_code == 500
    _check(answer)
    logged = log.getvalue()
    assert "request.failed" in logged
    for text in (answer.text, logged):
        assert "SECRETDATE" not in text
        assert "TISSERAND" not in text
    assert not app.debug
    assert not app.testing


def test_a_whole_story_leaves_nobody_s_data_in_logs_jobs_or_trail(
    app: Flask, client: FlaskClient, relay: Relay, log: io.StringIO
) -> None:
    with app.app_context(), db.transaction() as session:
        keys.ensure(session, parts_of(app).vault)
        clients.ensure_portal(session, "http://localhost")
    desk = sit_down(app, client)
    identity_id = desk.create()
    contact = {"email": stories.EMAIL, "mobile": stories.MOBILE, "signatory": "holder", "channel": "telephone"}
    desk.post(f"/pratique/patients/{identity_id}/espace-sante", consented="oui", **contact)
    desk.post("/pratique/patients", birth_date="15/06/1955", letters="tis")
    file = desk.upload("Fond d'oeil SOLENE.pdf", sample_pdf(), f"?patient={identity_id}")
    sending_id = file.location.split("/")[3]
    desk.post(f"/pratique/envois/{sending_id}/document", title="Sérologie positive", type="57833-6")
    colleague = stories.add_colleague(app)
    desk.post(f"/pratique/envois/{sending_id}/destinataires", act=f"add:professional:{colleague}")
    desk.post(f"/pratique/envois/{sending_id}/resume", act="copy", copy="oui")
    desk.post(f"/pratique/envois/{sending_id}/resume", act="send", copy="oui")
    stories.work(app)
    with app.app_context(), db.reading() as session:
        account = portal_accounts.by_id(session, rows(app, Delivery, Delivery.account_id.is_not(None))[0].account_id)
    stories.activate(app, account)
    patient = app.test_client()
    type_password(patient, account, "ce n'est pas le bon")
    type_password(patient, account)
    code = stories.code_of(app, account)
    type_code(patient, code)
    stories.work(app)
    token = relay_token(relay)
    patient.get(f"/d/{token}")
    answer = patient.get("/portail/")
    while answer.status_code == 302:
        answer = patient.get(answer.location)
    assert "Sérologie positive" in answer.text
    delivery = rows(app, Delivery, Delivery.account_id.is_not(None))[0].id
    patient.get(f"/portail/documents/{delivery}")
    patient.get(f"/portail/documents/{delivery}/fichier")
    patient.post("/oidc/connexion", data={"csrf_token": form_token(patient), "email": "autre@example.org"})

    logged = "\n".join(told(log.getvalue()))
    jobs = json.dumps([[job.kind, job.payload, job.dedupe_key, job.last_error] for job in rows(app, OutboxJob)])
    trail = json.dumps(
        [[event.action, event.subject_id, event.detail, event.actor_id] for event in rows(app, AuditEvent)]
    )
    cookies = [cookie.value for cookie in patient._cookies.values()]
    secrets = [
        "TISSERAND", "SOLENE", "Solène", "1955", stories.EMAIL, "jeanne.essai", "639980001", "06 39 98", code, token,
        "Sérologie", "Fond d", stories.PASSWORD, "autre@example.org", "confrere", "CONFRERE", "membre", *cookies,
        account.subject, parts_of(app).settings.pepper,
    ]  # fmt: skip
    assert logged.count("request.done") > 20
    for where, text in (("log", logged), ("jobs", jobs), ("trail", trail)):
        found = [secret for secret in secrets if secret.casefold() in text.casefold()]
        assert found == [], where
    assert len(rows(app, Notice)) == 1


def relay_token(relay: Relay) -> str:
    """Return the token of the link in the notice of a document."""
    (body,) = [
        message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        for message in relay.to(stories.EMAIL)
        if "document" in message["Subject"]
    ]
    return str(body.partition("/d/")[2].split()[0])


BAD_ADDRESSES = [
    "a@example.org\r\nBcc: b@evil.example", "a@example.org\nb@evil.example", "a@example.org,b@evil.example",
    "a(b)@example.org", "a:b@example.org", "x@y@evil.example", "a@[127.0.0.1]", "é@example.org", "a\x00@example.org",
    "a@exa\x0bmple.org", "<a@example.org>", "a@example", "a%0d%0a@", "a\\b@example.org",
]  # fmt: skip


@pytest.mark.parametrize("email", BAD_ADDRESSES)
def test_an_address_that_a_header_could_misread_is_refused(app: Flask, email: str) -> None:
    with pytest.raises(Invalid) as refused:
        portal_accounts.check_contact(email, stories.MOBILE, parts_of(app).settings)

    assert refused.value.field == "email"


@pytest.mark.parametrize(
    "mobile",
    ["+1 555 123 4567", "+44 7700 900123", "+882 1234 5678", "0033 1 42 68 53 00", "01 42 68 53 00", "3630",
     "+33 6 39 98 00 01\r\n+44 7700 900123", "+979 123 456 789", "0899 123 456"],
)  # fmt: skip
def test_a_code_goes_to_no_other_country_nor_to_a_line_that_reads_no_sms(app: Flask, mobile: str) -> None:
    with pytest.raises(Invalid) as refused:
        portal_accounts.check_contact(stories.EMAIL, mobile, parts_of(app).settings)

    assert refused.value.field == "mobile"


@pytest.mark.parametrize("field", ["sender_name", "subject", "reply_to", "recipient", "sender", "file_name"])
def test_no_header_of_a_letter_can_be_broken_by_what_it_quotes(field: str) -> None:
    values = {
        "sender": "hub@region.mssante.example", "reply_to": "cabinet@lyon.mssante.example", "sender_name": "Cabinet",
        "recipient": "paul@lyon.mssante.example", "reference": "delivery-1-1", "subject": "Objet", "text": "Bonjour",
        "file_name": "x.pdf", "content_type": "application/pdf", "content": b"%PDF-",
    }  # fmt: skip
    values[field] = f"{values[field]}\r\nBcc: voleur@evil.example\r\n\r\ncorps"

    try:
        message = compose(Letter(**values))  # type: ignore[arg-type]
    except ValueError:
        return

    assert message["Bcc"] is None
    assert b"\nBcc:" not in message.as_bytes().replace(b"\r", b"")
