"""What the index keeps when a status or an INS changes, by a feed or by somebody's act."""

from dataclasses import replace

import pytest
from flask import Flask

from hub import db
from hub.audit.trail import SYSTEM
from hub.errors import Conflict, Invalid
from hub.registry import status_history, statuses
from hub.registry.status_history import PastIns, StatusStep
from hub.registry.statuses import Act
from hub.registry.tables import LinkageDecision, SourceIdentityRevision, StatusChange
from hub.registry.values import Intake, StatusCause, StoredIdentity
from identity.evidence import Evidence, Proof
from identity.ins import Ins, InsOid
from identity.ins_answer import ReportedIdentity
from identity.status import Attribute, IdentityStatus
from identity.transitions import Event
from tests.factories import make_structure, parts_of
from tests.hub.registry.people import INS_ONE, INS_TWO, SOLENE, incoming, qualified, rows, send, stored

PASSPORT = Proof(Evidence.PASSPORT)


def apply(
    app: Flask,
    known: Intake,
    event: Event,
    *,
    proof: Proof | None = None,
    reported: ReportedIdentity | None = None,
    seen: int | None = None,
) -> StoredIdentity:
    """Apply an act to the identity as it is now."""
    now = stored(app, known)
    act = Act(identity_id=now.id, seen=seen or now.version, cause=StatusCause(event, proof), reported=reported)
    with app.app_context(), db.transaction() as session:
        return statuses.apply(session, act, parts_of(app).registrar, SYSTEM)


def history(app: Flask, known: Intake) -> list[StatusStep]:
    with app.app_context(), db.reading() as session:
        return status_history.steps(session, known.identity.id)


def past(app: Flask, known: Intake) -> list[PastIns]:
    with app.app_context(), db.reading() as session:
        return status_history.former_ins(session, known.identity.id)


def reported(ins: Ins = INS_ONE, *former: Ins) -> ReportedIdentity:
    return ReportedIdentity(ins, SOLENE, former)


def test_a_feed_says_any_status_and_each_change_is_kept(app: Flask) -> None:
    structure = make_structure(app)
    known = send(app, incoming(structure))
    for status in (IdentityStatus.VALIDATED, IdentityStatus.PROVISIONAL):
        send(app, incoming(structure, status=status))

    assert [(step.from_status.value, step.to_status.value, step.event) for step in history(app, known)] == [
        ("VALI", "PROV", None),
        ("PROV", "VALI", None),
    ]
    assert {row.event for row in rows(app, StatusChange)} == {"feed"}


def test_a_feed_that_changes_only_an_address_is_no_change_of_status(app: Flask) -> None:
    structure = make_structure(app)
    known = send(app, incoming(structure))

    send(app, incoming(structure, traits=replace(SOLENE, phone="+33639980002")))

    assert history(app, known) == []


@pytest.mark.parametrize("oid", [InsOid.NIR_DEMO, InsOid.NIA], ids=["demonstration", "nia"])
def test_a_feed_that_replaces_a_number_keeps_the_former_one(app: Flask, oid: InsOid) -> None:
    structure = make_structure(app)
    waiting = Ins(INS_ONE.matricule, oid)
    known = send(app, qualified(structure, "1", SOLENE, waiting))

    send(app, qualified(structure, "1", SOLENE, INS_TWO))
    send(app, qualified(structure, "1", SOLENE, INS_TWO))

    assert [(item.ins, item.is_invalid) for item in past(app, known)] == [(waiting, False)]


def test_a_feed_that_takes_the_number_away_invalidates_it(app: Flask) -> None:
    structure = make_structure(app)
    known = send(app, qualified(structure, "1", SOLENE, INS_ONE))

    send(app, incoming(structure))

    assert [(item.ins, item.is_invalid) for item in past(app, known)] == [(INS_ONE, True)]


def test_an_act_is_versioned_and_filed_like_any_change(app: Flask) -> None:
    structure = make_structure(app)
    known = send(app, incoming(structure))

    after = apply(app, known, Event.INSI_ACCEPTED, reported=reported())

    assert (after.status, after.traits.ins, after.version) == (IdentityStatus.RETRIEVED, INS_ONE, 2)
    (revision,) = rows(app, SourceIdentityRevision)
    assert (revision.channel, revision.content["ins_matricule"]) == ("web", None)


def test_an_ins_that_is_accepted_has_the_link_decided_again(app: Flask) -> None:
    other = replace(SOLENE, birth_name="MERCIER", given_names=("CLAIRE",), phone=None, address=None)
    elsewhere = send(app, qualified(make_structure(app), "9", other, INS_ONE))
    known = send(app, incoming(make_structure(app)))
    assert known.identity.person_id != elsewhere.identity.person_id

    apply(app, known, Event.INSI_ACCEPTED, reported=reported())

    # The decision is taken again with the INS, and says so.
    assert len(rows(app, LinkageDecision, LinkageDecision.source_identity_id == known.identity.id)) == 2


def test_further_evidence_is_kept_though_nothing_else_changes(app: Flask) -> None:
    known = send(app, incoming(make_structure(app), status=IdentityStatus.VALIDATED))

    after = apply(app, known, Event.EVIDENCE_CHECKED, proof=PASSPORT)

    assert after.version == 1
    assert [step.evidence for step in history(app, known)] == [Evidence.PASSPORT]


def test_what_the_matrix_refuses_changes_nothing(app: Flask) -> None:
    known = send(app, incoming(make_structure(app), attributes=frozenset({Attribute.DOUBTFUL})))

    with pytest.raises(Invalid, match="levez d'abord"):
        apply(app, known, Event.INSI_ACCEPTED, reported=reported())

    assert stored(app, known).traits.ins is None
    assert rows(app, StatusChange) == []


def test_evidence_for_minors_is_refused_for_an_adult(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))

    with pytest.raises(Invalid) as told:
        apply(app, known, Event.EVIDENCE_CHECKED, proof=Proof(Evidence.CIRCULATION_DOCUMENT))

    assert told.value.field == "evidence"


def test_an_act_on_what_has_changed_comes_too_late(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))

    with pytest.raises(Conflict):
        apply(app, known, Event.HOMONYM_SET, seen=7)


def test_the_numbers_that_insi_tells_of_are_kept_once(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))
    for _ in range(2):
        with app.app_context(), db.transaction() as session:
            status_history.keep_reported(session, known.identity.id, [INS_TWO, INS_TWO])

    assert [(item.ins, item.is_invalid) for item in past(app, known)] == [(INS_TWO, False)]
