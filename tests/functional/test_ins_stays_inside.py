"""The INS leaves the hub with a qualified identity only: every way out is looked at, those of tomorrow too.

Each situation is stored as it is, even one that no rule allows: what leaves is decided at the door. Every page that
exists is asked for with every id by everybody but an officer; every job is done; every table and log is read.
"""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.accounts.sessions import Space
from hub.audit.trail import Actor, ActorKind
from hub.db import Base
from hub.registry import intake
from hub.registry.values import Channel, IncomingIdentity, StoredIdentity
from identity.ins import Ins, InsOid, nir_key
from identity.status import Attribute, IdentityStatus
from tests import stories
from tests.conformance.software import FHIR, register, token_of
from tests.factories import log_in, make_professional, make_staff, make_structure, parts_of
from tests.functional.intruders import patient_browser
from tests.functional.practice_pages import Desk
from tests.relay import Relay, running_relay

INS = Ins("2460358194991" + nir_key("2460358194991"), InsOid.NIR_TEST)
PROV, RECUP = IdentityStatus.PROVISIONAL, IdentityStatus.RETRIEVED
VALI, QUAL = IdentityStatus.VALIDATED, IdentityStatus.QUALIFIED
SITUATIONS = [
    pytest.param(PROV, frozenset(), id="provisional"),
    pytest.param(RECUP, frozenset(), id="retrieved"),
    pytest.param(VALI, frozenset(), id="validated"),
    pytest.param(PROV, frozenset({Attribute.DOUBTFUL}), id="doubtful"),
    pytest.param(PROV, frozenset({Attribute.FICTITIOUS}), id="fictitious"),
    pytest.param(QUAL, frozenset({Attribute.DOUBTFUL}), id="qualified-and-doubtful"),
    pytest.param(QUAL, frozenset({Attribute.FICTITIOUS}), id="qualified-and-fictitious"),
]
# The hub's own memory of an INS. A table that is not here and holds one is a way out that nobody thought of.
MEMORY = {"source_identity", "source_identity_revision", "former_ins", "insi_call"}
IDS = range(1, 4)


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One engine is enough: what is said does not depend on it."""
    shutil.copy(sqlite_template, tmp_path / "hub.sqlite3")
    return f"sqlite:///{tmp_path}/hub.sqlite3"


@pytest.fixture
def relay() -> Iterator[Relay]:
    with running_relay() as server:
        yield server


@pytest.fixture
def variables(variables: dict[str, str], relay: Relay) -> dict[str, str]:
    return variables | {"HUB_SMTP_URL": relay.url, "HUB_MSSANTE_SMTP_URL": relay.url, "HUB_LOG_LEVEL": "debug"}


def receive(app: Flask, identity: IncomingIdentity) -> StoredIdentity:
    actor = Actor(ActorKind.SOFTWARE, "logiciel-test", identity.organization_id)
    with app.app_context(), db.transaction() as session:
        return intake.receive(session, identity, parts_of(app).registrar, actor).identity


def everything_said(app: Flask, relay: Relay, status: IdentityStatus, attributes: frozenset[Attribute]) -> str:
    """Play a patient's life in two structures; return all that anybody but an officer was told."""
    first, second = make_structure(app), make_structure(app, "Clinique du Parc")
    member = make_staff(app, first)
    incoming = IncomingIdentity(
        organization_id=first.id,
        domain=first.domain or "",
        value="IPP-1",
        traits=stories.jeanne(ins=INS, email=stories.EMAIL),
        status=status,
        attributes=attributes,
        channel=Channel.FHIR,
    )
    identity = receive(app, incoming)
    stories.know(app, second, value="IPP-2")
    account = stories.open_account(app, first, member, identity)
    stories.activate(app, account)
    stories.send(app, first, member, identity, copy=True, colleague=make_professional(app))
    stories.work(app, now=True)

    said = []
    softwares = [register(app, first), register(app, second)]
    for browser, headers in [
        (app.test_client(), {}),
        (logged_in(app, member), {}),
        (logged_in(app, make_staff(app, second)), {}),
        (patient_browser(app, account), {}),
        *((app.test_client(), bearer(app, software)) for software in softwares),
    ]:
        said += [answer_of(browser, path, headers) for path in every_path(app)]
        said += searches(app, browser, headers)
    said += [str(message) for message in relay.messages]
    said += [part.get_payload() for message in relay.messages for part in message.walk() if not part.is_multipart()]
    return "\n".join(map(str, said))


def logged_in(app: Flask, member: Any) -> FlaskClient:
    browser = app.test_client()
    log_in(browser, member, Space.PRACTICE)
    return browser


def bearer(app: Flask, software: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(app.test_client(), software)}", "Accept": FHIR}


def every_path(app: Flask) -> list[str]:
    """Return every address that can be read, with every id."""
    paths = []
    adapter = app.url_map.bind("127.0.0.1")
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint.endswith("static"):
            continue
        names = sorted(rule.arguments - set(rule.defaults or ()))
        for ids in itertools.product(IDS, repeat=len(names)):
            values = {name: "fr" if name == "language" else number for name, number in zip(names, ids, strict=True)}
            paths.append(adapter.build(rule.endpoint, values))
    return sorted(set(paths))


def answer_of(browser: FlaskClient, path: str, headers: dict[str, str]) -> str:
    answer = browser.get(path, headers=headers)
    return f"{path} {dict(answer.headers)} {answer.get_data().decode('latin-1')}"


def searches(app: Flask, browser: FlaskClient, headers: dict[str, str]) -> list[str]:
    """Search as each space can, by what is not the INS."""
    if headers:
        found = browser.post(
            "/fhir/Patient/_search", data={"birthdate": "1946-03-14", "family": "durand"}, headers=headers
        )
        listed = browser.get("/fhir/Patient?birthdate=1946-03-14&family=durand", headers=headers)
        return [found.text, listed.text]
    if browser.get("/pratique/").status_code != 200:
        return []
    desk = Desk(app, browser, make_structure(app))
    form = {"birth_name": "Durand", "given_names": "Jeanne Marie", "birth_date": "14/03/1946", "sex": "F"}
    near = desk.post("/pratique/patients/nouveau", **form, born="unknown", informed="oui")
    return [desk.post("/pratique/patients", birth_date="14/03/1946", letters="dur").text, near.text]


def memory_of(app: Flask) -> dict[str, str]:
    """Return all rows as texts, by table."""
    with app.app_context(), db.reading() as session:
        return {
            table.name: str([tuple(row) for row in session.execute(sa.select(table))])
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize(("status", "attributes"), SITUATIONS)
def test_an_ins_that_may_not_leave_is_said_to_nobody(
    app: Flask,
    relay: Relay,
    capfd: pytest.CaptureFixture[str],
    status: IdentityStatus,
    attributes: frozenset[Attribute],
) -> None:
    said = everything_said(app, relay, status, attributes)

    assert "DURAND" in said
    assert INS.matricule not in said
    assert INS.matricule not in "".join(capfd.readouterr())
    assert {name for name, text in memory_of(app).items() if INS.matricule in text} <= MEMORY


def test_a_qualified_ins_is_said_to_its_structure_and_written_nowhere_else(
    app: Flask, relay: Relay, capfd: pytest.CaptureFixture[str]
) -> None:
    said = everything_said(app, relay, QUAL, frozenset())

    # The crawl sees what there is to see: the other test would tell nothing otherwise.
    telling = {line.split(" ")[0] for line in said.split("\n") if INS.matricule in line and line.startswith("/")}
    assert INS.matricule in said
    assert telling >= {"/fhir/Patient/1"}
    assert INS.matricule not in "".join(capfd.readouterr())
    assert not any(INS.matricule in str(message) for message in relay.messages)
    assert {name for name, text in memory_of(app).items() if INS.matricule in text} <= MEMORY
