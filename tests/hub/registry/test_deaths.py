"""Deaths held of persons: told, confirmed, refuted, followed through links; contradictions as officers' tasks."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.audit.tables import AuditEvent
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import death_checks, deaths, links
from hub.registry.deaths import DeathKey
from hub.registry.tables import RecordedDeath, ReviewTask, SourceIdentity
from hub.registry.values import Channel, Intake
from identity.deaths import DeathDate, DeathState, Teller, ToldDeath
from identity.traits import Traits
from tests.factories import make_structure
from tests.hub.registry.people import PAUL, SOLENE, incoming, rows, rule_death, send
from tests.hub.test_deaths_load import fixed, load, write

DEAD = replace(SOLENE, death_date=date(2026, 3, 1))


def held(app: Flask, result: Intake) -> ToldDeath | None:
    with app.app_context(), db.reading() as session:
        person_id = session.scalars(
            sa.select(SourceIdentity.person_id).where(SourceIdentity.id == result.identity.id)
        ).one()
        return deaths.held(session, person_id)


def reasons(app: Flask) -> list[str]:
    """Return the reasons of every open task about a death."""
    found = rows(app, ReviewTask, ReviewTask.kind == "death", ReviewTask.state == "open")
    return sorted(reason for task in found for reason in task.reasons)


def check(app: Flask) -> int:
    with app.app_context(), db.transaction() as session:
        return death_checks.examine(session, death_checks.persons_after(session, 0, 100))


def flag(app: Flask, tmp_path: Path, died: str = "20260301") -> None:
    assert load(app, write(tmp_path / f"{died}.txt", fixed(died=died))).flagged == 1


def key_of(result: Intake, teller: Teller = Teller.FILE, when: str = "2026-03-01") -> DeathKey:
    return DeathKey(result.identity.id, teller, DeathDate.parse(when))


def change(app: Flask, result: Intake, traits: Traits) -> Intake:
    known = result.identity
    item = incoming_again(known.organization_id, known.domain, known.value, traits)
    return send(app, item)


def incoming_again(organization_id: int, domain: str, value: str, traits: Traits):  # type: ignore[no-untyped-def]
    from hub.registry.values import IncomingIdentity

    return IncomingIdentity(
        organization_id=organization_id, domain=domain, value=value, traits=traits, channel=Channel.FHIR
    )


def test_a_death_that_a_feed_tells_is_held_and_is_a_fact(app: Flask) -> None:
    result = send(app, incoming(make_structure(app), traits=DEAD))

    found = held(app, result)

    assert found is not None
    assert (found.teller, found.state, found.is_fact) == (Teller.FEED, DeathState.FLAGGED, True)


def test_a_death_of_the_file_is_held_but_no_fact_until_confirmed(app: Flask, tmp_path: Path) -> None:
    result = send(app, incoming(make_structure(app)))
    flag(app, tmp_path)
    flagged = held(app, result)

    rule_death(app, "confirm", key_of(result))

    confirmed = held(app, result)
    assert flagged is not None
    assert not flagged.is_fact
    assert confirmed is not None
    assert confirmed.is_fact
    (event,) = rows(app, AuditEvent, AuditEvent.action == "death.confirm")
    assert event.detail == {"person": result.identity.person_id, "teller": "file"}


@pytest.mark.parametrize("teller", list(Teller))
def test_a_refuted_death_is_held_no_more_even_told_again(app: Flask, tmp_path: Path, teller: Teller) -> None:
    is_feed = teller is Teller.FEED
    result = send(app, incoming(make_structure(app), traits=DEAD if is_feed else SOLENE))
    if not is_feed:
        flag(app, tmp_path)

    is_alive = rule_death(app, "refute", key_of(result, teller))
    load(app, write(tmp_path / "again.txt", fixed("INCONNUE*TOUT/"), fixed(act="43")))

    assert is_alive is True
    assert held(app, result) is None
    states = {(row.teller, row.state) for row in rows(app, RecordedDeath)}
    assert (teller.value, "refuted") in states
    assert ("file", "flagged") not in states


def test_a_decision_needs_a_reason_and_a_death_that_is_told(app: Flask, tmp_path: Path) -> None:
    result = send(app, incoming(make_structure(app)))
    flag(app, tmp_path)

    with pytest.raises(Invalid, match="fonde"):
        rule_death(app, "confirm", key_of(result), "  ")
    with pytest.raises(NotFound):
        rule_death(app, "confirm", key_of(result, when="2026-03-02"))
    with pytest.raises(NotFound):
        rule_death(app, "refute", key_of(result, Teller.FEED))
    with pytest.raises(NotFound):
        rule_death(app, "refute", replace(key_of(result), identity_id=987_654))


@pytest.mark.parametrize("act", ["confirm", "refute"])
def test_a_death_of_another_person_is_not_settled(app: Flask, act: str) -> None:
    dead = send(app, incoming(make_structure(app), traits=DEAD))
    other = send(app, incoming(make_structure(app), "P-1", PAUL))

    with pytest.raises(Conflict, match="autre personne"):
        rule_death(app, act, key_of(dead, Teller.FEED), person_id=other.identity.person_id)

    assert rows(app, RecordedDeath) == []


def test_two_dates_are_not_both_confirmed(app: Flask, tmp_path: Path) -> None:
    result = send(app, incoming(make_structure(app)))
    flag(app, tmp_path)
    flag(app, tmp_path, "20260309")
    rule_death(app, "confirm", key_of(result))

    with pytest.raises(Conflict, match="autre date"):
        rule_death(app, "confirm", key_of(result, when="2026-03-09"))


_NO_KEYS = ["", "1", "1:file", "1:file:", "1:feed", "1:file:hier", "1:rumeur:2026-03-01", "²:file:2026-03-01"]


@pytest.mark.parametrize("text", [*_NO_KEYS, f"{10**19}:feed:"])
def test_a_key_that_names_nothing_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        DeathKey.parse(text)


@pytest.mark.parametrize("key", [DeathKey(12, Teller.FILE, DeathDate(2026, 3)), DeathKey(12, Teller.FEED, None)])
def test_a_key_is_read_as_it_was_written(key: DeathKey) -> None:
    assert DeathKey.parse(str(key)) == key


def test_a_death_follows_its_identity_when_links_move(app: Flask, tmp_path: Path) -> None:
    result = send(app, incoming(make_structure(app)))
    other = send(app, incoming(make_structure(app, "Clinique du Parc")))
    assert other.identity.person_id == result.identity.person_id
    flag(app, tmp_path)

    with app.app_context(), db.transaction() as session:
        session.get_one(SourceIdentity, other.identity.id).person_id = links.new_person(session)

    assert held(app, result) is not None
    assert held(app, other) is None


def test_two_dates_become_one_task(app: Flask, tmp_path: Path) -> None:
    send(app, incoming(make_structure(app), traits=DEAD))

    flag(app, tmp_path, "20260309")

    assert reasons(app) == ["death-dates-differ"]
    assert check(app) == 0


def test_an_identity_created_after_the_death_is_seen_by_the_check(app: Flask, tmp_path: Path) -> None:
    send(app, incoming(make_structure(app), traits=replace(SOLENE, death_date=date(2026, 3, 1))))
    with app.app_context(), db.transaction() as session:
        # As a structure's software does; a load by the agency says nothing of somebody alive.
        session.execute(sa.text("UPDATE linkage_decision SET decided_by = 'software:1'"))
    newcomer = send(app, incoming(make_structure(app, "Clinique du Parc")))
    with app.app_context(), db.transaction() as session:
        session.execute(sa.text("UPDATE linkage_decision SET decided_by = 'software:1'"))

    opened = check(app)

    assert newcomer.decision is not None
    assert opened == 1
    assert reasons(app) == ["created-after-death"]


def test_a_change_after_the_death_is_told_at_once(app: Flask) -> None:
    send(app, incoming(make_structure(app), traits=DEAD))
    other = send(app, incoming(make_structure(app, "Clinique du Parc")))

    change(app, other, replace(SOLENE, phone="+33639980077"))

    assert reasons(app) == ["changed-after-death"]


def test_a_structure_that_tells_the_death_contradicts_nothing(app: Flask) -> None:
    result = send(app, incoming(make_structure(app)))

    change(app, result, DEAD)

    assert held(app, result) is not None
    assert reasons(app) == []


def test_a_death_that_a_feed_takes_back_is_told_and_held_no_more(app: Flask) -> None:
    result = send(app, incoming(make_structure(app), traits=DEAD))

    change(app, result, SOLENE)

    assert held(app, result) is None
    assert reasons(app) == ["death-withdrawn"]


def test_a_task_that_an_officer_decided_is_not_opened_again_by_the_same_facts(app: Flask, tmp_path: Path) -> None:
    send(app, incoming(make_structure(app), traits=DEAD))
    flag(app, tmp_path, "20260309")
    decided = datetime.now(UTC) + timedelta(seconds=5)
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(ReviewTask).values(state="same", decided_at=decided))

    assert check(app) == 0
    assert reasons(app) == []


def test_a_document_that_leaves_long_after_the_death_is_told(app: Flask) -> None:
    result = send(app, incoming(make_structure(app), traits=DEAD))

    with app.app_context(), db.transaction() as session:
        death_checks.note_document(session, result.identity.id, result.identity.person_id)

    assert reasons(app) == ["document-after-death"]


@pytest.mark.parametrize("trait", ["held", "attributes"])
def test_what_a_doubtful_identity_tells_is_not_believed(app: Flask, trait: str) -> None:
    result = send(app, incoming(make_structure(app), traits=DEAD))
    value = True if trait == "held" else "DOUT"

    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(SourceIdentity).values({trait: value}))

    assert held(app, result) is None


def test_an_identity_under_verification_is_asked_and_not_flagged(app: Flask, tmp_path: Path) -> None:
    result = send(app, incoming(make_structure(app)))
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(SourceIdentity).values(held=True))

    load(app, write(tmp_path / "deces.txt", fixed()))

    assert held(app, result) is None
    assert "held" in reasons(app)
