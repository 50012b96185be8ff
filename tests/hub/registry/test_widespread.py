"""A reception's telephone that hundreds bear: it joins nobody, floods no officer, and is said."""

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.audit.trail import SYSTEM
from hub.registry import filing, history, intake, review, search
from hub.registry.doubles import Ground
from hub.registry.tables import CrowdedKey, LinkageDecision, ReviewTask
from hub.registry.values import Intake
from identity.decision import Outcome
from identity.traits import Traits
from identity.widespread import MOST_BEARERS
from tests.factories import make_structure, parts_of
from tests.hub.registry.people import PAUL, incoming, rows, send
from tests.identity.factories import make_traits

PHONE = "+33472119900"
LOUISE = make_traits("BAUDRILLARD", "LOUISE", place=None, phone=PHONE)
RECEPTION = make_traits(
    "BAUDRILLARD",
    "LOUISE MARTHE",
    used_name="MOREAU",
    used_given="MARTHE",
    line="5 place d'Arsonval",
    postcode="69003",
    phone=PHONE,
    email="region@sante.example",
)


def _fill(app: Flask, bearers: int) -> Intake:
    """Receive LOUISE, then strangers who bear the same telephone until so many do."""
    structure = make_structure(app, "CH Régional")
    known = send(app, incoming(structure, "L", LOUISE))
    signs = "BCDFGHJKLM"
    strangers = []
    for rank in range(bearers - 1):
        name = "".join(signs[int(digit)] + "OU" for digit in f"{rank:03d}")
        traits = make_traits(name, "ZOE", f"19{20 + rank % 80}-03-{1 + rank % 28:02d}", place=None, phone=PHONE)
        strangers.append(incoming(structure, f"S-{rank}", traits))
    with app.app_context(), db.transaction() as session:
        intake.receive_all(session, strangers, parts_of(app).registrar, SYSTEM)
    return known


def _crowd(app: Flask, traits: Traits) -> None:
    """Make what `identity.widespread` may leave out of these traits crowded."""
    with app.app_context(), db.transaction() as session:
        for key, _ in filing._contacts(traits):
            db.insert_once(session, CrowdedKey, {"key": key, "crowded_at": db.now(session)}, ["key"])


@pytest.mark.parametrize(
    ("bearers", "outcome"), [(MOST_BEARERS - 1, Outcome.LINK), (MOST_BEARERS + 1, Outcome.REVIEW)]
)
def test_a_telephone_confirms_nobody_once_too_many_bear_it(app: Flask, bearers: int, outcome: Outcome) -> None:
    known = _fill(app, bearers)

    arrived = send(app, incoming(make_structure(app, "Clinique"), "C-1", LOUISE))

    decision = rows(app, LinkageDecision)[-1]
    codes = [reason["code"] for reason in decision.explanation["reasons"]]
    assert (decision.outcome, "widespread-phone" in codes) == (outcome, outcome is Outcome.REVIEW)
    assert (arrived.identity.person_id == known.identity.person_id) is (outcome is Outcome.LINK)
    assert not decision.limited
    with app.app_context(), db.reading() as session:
        model = parts_of(app).model.shipped
        replayed = history.replay(session, decision.id, {model.version: model}.__getitem__)
    assert replayed.is_same


def test_an_officer_sees_the_score_without_it(app: Flask) -> None:
    known = send(app, incoming(make_structure(app), "L", LOUISE))
    _crowd(app, LOUISE)
    send(app, incoming(make_structure(app, "Clinique"), "C-1", LOUISE))

    (task,) = rows(app, ReviewTask)
    with app.app_context(), db.reading() as session:
        compared = review.compare(session, task.id, parts_of(app).model.shipped)
        found = search.near_matches(session, LOUISE, parts_of(app).model.shipped)

    levels = {part.trait: part.level for part in compared.assessment.score.contributions}
    assert (levels["phone"], compared.left.traits.phone) == ("missing", PHONE)
    assert task.score == compared.assessment.score.total
    assert "widespread-phone" in task.reasons
    assert [item.assessment.score.total for item in found if item.person.person_id == known.identity.person_id] == [
        task.score
    ]


def test_a_new_patient_of_a_reception_whose_contacts_all_bear_is_no_task(app: Flask) -> None:
    """With three crowded keys beside those of two surnames and two given names, more pairs than are looked by."""
    send(app, incoming(make_structure(app), "1", PAUL))
    _crowd(app, RECEPTION)

    send(app, incoming(make_structure(app, "Clinique"), "2", RECEPTION))

    decision = rows(app, LinkageDecision)[-1]
    assert (decision.outcome, decision.limited) == (Outcome.NEW, False)
    assert {reason["code"] for reason in decision.explanation["reasons"]} >= {
        f"widespread-{trait}" for trait in ("phone", "email", "address")
    }
    assert rows(app, ReviewTask) == []


def test_the_deduplication_of_the_index_leaves_it_out_too(app: Flask) -> None:
    one = send(app, incoming(make_structure(app), "1", RECEPTION)).identity
    _crowd(app, RECEPTION)

    with app.app_context(), db.reading() as session:
        ground = Ground(session, [one.id])
        member = ground.identity(one.id)
        assert member is not None
        found = ground.candidates([one.person_id], member)

    assert found.widespread == {"phone", "email", "address"}


def test_a_decision_kept_before_is_taken_again_on_all_its_traits(app: Flask) -> None:
    send(app, incoming(make_structure(app), "L", LOUISE))
    send(app, incoming(make_structure(app, "Clinique"), "C-1", LOUISE))
    _crowd(app, LOUISE)
    model = parts_of(app).model.shipped

    with app.app_context(), db.transaction() as session:
        row = session.scalars(sa.select(LinkageDecision).order_by(LinkageDecision.id.desc())).first()
        assert row is not None
        inputs = {name: value for name, value in row.explanation["inputs"].items() if name != "left_out"}
        row.explanation = row.explanation | {"inputs": inputs}
        session.flush()
        replayed = history.replay(session, row.id, {model.version: model}.__getitem__)

    assert replayed.kept[0] == "link"
    assert replayed.is_same
