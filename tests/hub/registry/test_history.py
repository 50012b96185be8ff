"""What the index knew at a moment, and decisions taken again."""

from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.errors import Conflict, NotFound
from hub.linkage import texts
from hub.registry import history
from hub.registry.tables import LinkageDecision, SourceIdentity
from tests.factories import make_structure, parts_of
from tests.hub.registry import regions
from tests.hub.registry.people import SOLENE, doubtful_pair, incoming, rows, send


def _now(app: Flask) -> object:
    with app.app_context(), db.reading() as session:
        return db.now(session)


def test_a_person_is_told_as_it_was_known_then(app: Flask) -> None:
    first, second = make_structure(app), make_structure(app, "Clinique du Parc")
    one = send(app, incoming(first)).identity
    alone = _now(app)
    other = send(app, incoming(second, "B-1", SOLENE)).identity
    together = _now(app)
    send(app, incoming(first, traits=replace(SOLENE, used_name="DURAND")))
    renamed = _now(app)
    regions.part(app, one.person_id, [other.id])

    with app.app_context(), db.reading() as session:
        told = [history.person_at(session, one.person_id, moment) for moment in (alone, together, renamed)]  # type: ignore[arg-type]
        present = history.person_at(session, one.person_id, db.now(session))

    assert [[item.id for item in then] for then in told] == [[one.id], [one.id, other.id], [one.id, other.id]]
    assert [then[0].record.traits.used_name for then in told] == [None, None, "DURAND"]
    assert [item.id for item in present] == [one.id]


def test_every_decision_of_the_matching_comes_out_the_same_again(app: Flask) -> None:
    pair = doubtful_pair(app)
    structure = make_structure(app, "Laboratoire")
    send(app, incoming(structure, "L-1", SOLENE))
    send(app, incoming(structure, "L-1", replace(SOLENE, used_name="DURAND")))
    send(app, incoming(structure, "L-2", replace(SOLENE, birth_name="TOUT-AUTRE")))
    model = parts_of(app).model.shipped

    with app.app_context(), db.reading() as session:
        ids = list(session.scalars(sa.select(LinkageDecision.id)))
        replayed = [history.replay(session, decision_id, {model.version: model}.__getitem__) for decision_id in ids]

    assert len(replayed) >= 4
    assert all(item.is_same and item.has_same_rules for item in replayed)
    assert pair.task.id


def test_a_decision_on_other_inputs_comes_out_otherwise(app: Flask) -> None:
    doubtful_pair(app)
    model = parts_of(app).model.shipped
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(SourceIdentity).values(given_names="SOLENE MARTHE"))
        latest = session.scalars(sa.select(LinkageDecision).order_by(LinkageDecision.id.desc())).first()
        assert latest is not None
        assert not history.replay(session, latest.id, {model.version: model}.__getitem__).is_same


def test_what_cannot_be_taken_again_says_why(app: Flask) -> None:
    send(app, incoming(make_structure(app)))
    (decision,) = rows(app, LinkageDecision)

    with app.app_context(), db.reading() as session:
        with pytest.raises(NotFound):
            history.replay(session, 999, partial(texts.find, session))
        with pytest.raises(Conflict, match="modèle"):
            history.replay(session, decision.id, partial(texts.find, session))
