"""Real processes that die: a worker killed in the middle of a message, PostgreSQL stopped under load."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
import sqlalchemy as sa

from hub import db, schema
from hub.registry.tables import SourceIdentity
from hub.routing.values import DeliveryState
from tests import live, postgres, stories
from tests.conformance import software
from tests.factories import make_staff, make_structure
from tests.relay import Relay, running_relay

COLLEAGUE = "paul.confrere@lyon.mssante.example"


@pytest.fixture
def relay() -> Iterator[Relay]:
    with running_relay() as server:
        yield server


def test_a_worker_killed_in_the_middle_of_a_message_loses_nothing(variables: dict[str, str], relay: Relay) -> None:
    there = variables | {
        "HUB_SMTP_URL": relay.url,
        "HUB_MSSANTE_SMTP_URL": relay.url,
        "HUB_LEASE_SECONDS": "1",
        "HUB_POLL_SECONDS": "0.05",
    }
    with live.opened(there) as app:
        structure = make_structure(app)
        member = make_staff(app, structure)
        identity = stories.know(app, structure)
        relay.mode = "hold"
        sent = stories.send(app, structure, member, identity, colleague=stories.add_colleague(app))

        with live.work(there, concurrency=1) as process:
            assert relay.holding.wait(30)
            process.kill()
            process.wait()
        relay.mode = "ok"
        relay.released.set()
        with live.work(there, concurrency=1):
            live.until(
                lambda: stories.see(app, structure, sent).deliveries[0].state is DeliveryState.SENT, "the delivery"
            )

    received = relay.to(COLLEAGUE)
    assert len(received) == 2
    assert len({message["Message-ID"] for message in received}) == 1


def test_a_database_stopped_under_load_loses_no_acknowledged_identity(tmp_path: Path) -> None:
    with postgres.running() as server:
        server.execute("CREATE DATABASE hub")
        url = f"{server.url}/hub"
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        schema.upgrade(engine)
        engine.dispose()
        with live.serve(live.make_variables(url, tmp_path)) as hub:
            with live.opened(hub.variables) as app:
                structure = make_structure(app)
                feed = software.register(app, structure)
            acknowledged, statuses = _feed_through_a_restart(hub, feed, server)
            with live.opened(hub.variables) as app, app.app_context(), db.reading() as session:
                stored = set(session.scalars(sa.select(SourceIdentity.value)))

    assert acknowledged <= stored
    assert len(acknowledged) == 60
    assert statuses <= {200, 201, 503}
    assert 503 in statuses


def _feed_through_a_restart(
    hub: live.LiveHub, feed: software.Software, server: postgres.Server
) -> tuple[set[str], set[int]]:
    """Send 60 identities from 4 threads while the server crashes and comes back; a refused one is sent again."""
    answer = httpx.post(f"{hub.url}/oauth/token", data=software.token_form(feed))
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Content-Type": software.FHIR}
    acknowledged: set[str] = set()
    statuses: set[int] = set()
    lock = threading.Lock()
    down, up = threading.Event(), threading.Event()

    def send(start: int) -> None:
        with httpx.Client(timeout=30) as http:
            for number in range(start, 60, 4):
                value = f"P{number}"

                def once(value: str = value, number: int = number) -> bool:
                    patient = software.patient_of(feed, value, birthDate=f"19{number + 20}-05-11")
                    query = {"identifier": f"{feed.domain}|{value}"}
                    answer = http.put(f"{hub.url}/fhir/Patient", params=query, json=patient, headers=headers)
                    with lock:
                        statuses.add(answer.status_code)
                        if answer.is_success:
                            acknowledged.add(value)
                    return answer.is_success

                if number >= 20:
                    down.wait(30)
                if number >= 40:
                    up.wait(60)
                live.until(once, value, 60)

    threads = [threading.Thread(target=send, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    live.until(lambda: len(acknowledged) >= 20, "the first identities")
    server.stop()
    down.set()
    live.until(lambda: 503 in statuses, "a refusal while the database is away")
    server.start()
    up.set()
    for thread in threads:
        thread.join()
    return acknowledged, statuses
