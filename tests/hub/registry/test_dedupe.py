"""The index compared with itself: doubles that no intake saw, asked or linked once, whatever happens meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.audit.tables import AuditEvent
from hub.audit.trail import SYSTEM
from hub.db import Base
from hub.errors import Conflict
from hub.linkage.decided import decided_pairs
from hub.registry import dedupe, history, intake, region
from hub.registry.dedupe import Options, Summary
from hub.registry.intake import Registrar
from hub.registry.tables import DedupeRun, LinkageDecision, LinkEvent, ReviewTask, SourceIdentity
from hub.registry.tasks import TaskState
from hub.registry.values import IncomingIdentity, Intake
from identity.bulk.engine import Stage
from identity.bulk.records import COLUMNS
from identity.status import Attribute
from identity.traits import BirthDate
from tests.factories import make_structure, parts_of
from tests.hub.registry.people import (
    INS_ONE,
    INS_TWO,
    PAUL,
    SOLENE,
    at_once,
    doubtful_pair,
    incoming,
    open_tasks,
    qualified,
    rows,
    send,
    settle,
    stored,
)
from tests.identity.factories import make_traits

_TWIN = replace(SOLENE, given_names=("MARINE", "MARTHE"), phone=None)
LINKING = Options(joins=True)


def _unseen(app: Flask, *items: IncomingIdentity) -> list[Intake]:
    """Receive identities that find nobody and that nobody finds, as when the keys were limited."""
    results = []
    for item in items:
        results.append(send(app, item))
        _hide(app)
    return results


def _hide(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(SourceIdentity).values(blocking_keys=None))


def _double(app: Flask, traits: Any = SOLENE) -> list[Intake]:
    return _unseen(app, incoming(make_structure(app), traits=traits), incoming(make_structure(app), traits=traits))


_PEOPLE = (
    make_traits("KERVADEC", "PAUL", "1951-11-02", place="29019", phone="+33639980002"),
    make_traits("ROUSSILLON", "AGATHE", "1978-03-21", place="13055", phone="+33639980003"),
    make_traits("BENHAMOU", "SAMUEL", "1990-07-09", place="31555", phone="+33639980004"),
    make_traits("OSTERMANN", "LUCIE", "1964-01-27", place="67482", phone="+33639980005"),
    make_traits("ETCHEVERRY", "MAITE", "2001-08-14", place="64102", phone="+33639980006"),
)


def _doubles(app: Flask, count: int) -> None:
    """Make people who look like nobody else, each twice."""
    for traits in _PEOPLE[:count]:
        _double(app, traits)


def _run(
    app: Flask, options: Options | None = None, report: Callable[[Stage, int, int], None] | None = None
) -> Summary:
    with app.app_context():
        return dedupe.run(lambda: parts_of(app).registrar, SYSTEM, options or Options(), report or (lambda *_: None))


def _rehearse(app: Flask, options: Options | None = None) -> Summary:
    with app.app_context():
        return dedupe.rehearse(lambda: parts_of(app).registrar, options or Options(), lambda *_: None)


def _registrar(app: Flask) -> Registrar:
    with app.app_context():
        return parts_of(app).registrar


def _persons(app: Flask, items: Sequence[Intake]) -> list[int]:
    return [stored(app, item).person_id for item in items]


def _counts(app: Flask) -> dict[str, int]:
    tables: tuple[type[Base], ...] = (ReviewTask, LinkageDecision, LinkEvent, AuditEvent, DedupeRun)
    return {table.__tablename__: len(rows(app, table)) for table in tables}


def test_a_double_that_no_intake_saw_is_proposed_to_an_officer(app: Flask) -> None:
    first, second = _double(app)

    summary = _run(app)

    (task,) = open_tasks(app)
    assert (summary.identities, summary.counts.filed, summary.counts.linked) == (2, 1, 0)
    assert (task.left.id, task.right.id) == (second.identity.id, first.identity.id)
    assert task.reasons == ("score-link", "automatic-proposal")
    assert first.identity.person_id != second.identity.person_id == stored(app, second).person_id
    kept = rows(app, LinkageDecision)[-1]
    assert (kept.outcome, kept.model_version) == ("review", _registrar(app).model.version)
    assert kept.explanation["considered"][0]["contributions"]


def test_an_officer_settles_such_a_task_as_any_other(app: Flask) -> None:
    pair = _double(app)
    _run(app)

    settle(app, open_tasks(app)[0], TaskState.SAME)

    assert len(set(_persons(app, pair))) == 1


def test_a_double_is_linked_when_the_operator_says_so(app: Flask) -> None:
    first, second = _double(app)

    summary = _run(app, LINKING)

    assert (summary.counts.filed, summary.counts.linked) == (0, 1)
    assert _persons(app, [first, second]) == [first.identity.person_id] * 2
    assert open_tasks(app) == []
    event = rows(app, LinkEvent)[-1]
    assert (event.source_identity_id, event.from_person_id, event.to_person_id) == (
        second.identity.id,
        second.identity.person_id,
        first.identity.person_id,
    )
    decision = rows(app, LinkageDecision, LinkageDecision.id == event.decision_id)[0]
    assert (decision.outcome, decision.decided_by) == ("link", f"{SYSTEM.kind.value}:{SYSTEM.id}")
    told = rows(app, AuditEvent, AuditEvent.action == "identity.dedupe")
    assert [event.detail["step"] for event in told] == ["begin", "link", "batch", "end"]


def test_three_identities_of_one_person_all_join(app: Flask) -> None:
    three = _unseen(app, *(incoming(make_structure(app)) for _ in range(3)))

    summary = _run(app, LINKING)

    assert summary.counts.linked == 2
    assert len(set(_persons(app, three))) == 1


@pytest.mark.parametrize("options", [Options(), LINKING], ids=["asking", "linking"])
def test_a_second_run_finds_nothing_new(app: Flask, options: Options) -> None:
    _double(app)
    _double(app, PAUL)
    _unseen(app, incoming(make_structure(app), traits=_TWIN))
    _run(app, options)
    before = [(task.id, task.version) for task in rows(app, ReviewTask)], len(rows(app, LinkEvent))

    summary = _run(app, options)

    assert (summary.counts.filed, summary.counts.linked) == (0, 0)
    assert ([(task.id, task.version) for task in rows(app, ReviewTask)], len(rows(app, LinkEvent))) == before


def test_linking_after_asking_leaves_what_was_asked_to_the_officers(app: Flask) -> None:
    _double(app)
    _run(app)

    summary = _run(app, LINKING)

    assert (summary.counts.linked, summary.counts.asked) == (0, 1)


def test_a_rehearsal_says_what_a_run_does_and_writes_nothing(app: Flask) -> None:
    pair = _double(app)
    _double(app, PAUL)
    before = _counts(app)

    asking, linking = _rehearse(app), _rehearse(app, LINKING)

    assert (asking.counts.filed, linking.counts.linked) == (2, 2)
    assert _counts(app) == before
    assert len(set(_persons(app, pair))) == 2


def test_an_interrupted_run_goes_on_where_it_was(app: Flask) -> None:
    _doubles(app, 4)
    seen: list[int] = []

    def interrupt(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.DECIDE and done >= 2:
            raise KeyboardInterrupt

    def look(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.DECIDE:
            seen.append(total)

    with pytest.raises(KeyboardInterrupt):
        _run(app, Options(batch=1), interrupt)
    halfway = len(rows(app, ReviewTask))
    summary = _run(app, Options(batch=1), look)

    assert halfway == 2
    assert summary.resumed
    assert seen == [2, 2, 2]
    assert len(rows(app, ReviewTask)) == summary.counts.filed == 4
    assert _run(app).counts.filed == 0


def test_a_pair_told_apart_is_never_asked_or_linked_again(app: Flask) -> None:
    pair = doubtful_pair(app)
    settle(app, pair.task, TaskState.DIFFERENT)

    summary = _run(app, LINKING)

    assert (summary.counts.apart, summary.counts.filed, summary.counts.linked) == (1, 0, 0)


def test_a_pair_that_has_its_task_is_left_to_it(app: Flask) -> None:
    pair = doubtful_pair(app)

    summary = _run(app, LINKING)

    assert (summary.counts.asked, summary.counts.filed) == (1, 0)
    assert [(task.id, task.version) for task in open_tasks(app)] == [(pair.task.id, pair.task.version)]


def test_what_an_officer_placed_is_not_moved(app: Flask) -> None:
    pair = doubtful_pair(app)
    settle(app, pair.task, TaskState.DIFFERENT)
    _hide(app)
    # Alone in its person, later than the one it is like, and put there by an officer.
    (other,) = _unseen(app, incoming(make_structure(app), traits=SOLENE))
    with app.app_context(), db.transaction() as session:
        session.add(
            ReviewTask(
                source_identity_id=other.identity.id,
                candidate_identity_id=pair.left.identity.id,
                score=1.0,
                reasons=[],
                priority=6,
                state=TaskState.SAME.value,
                created_at=db.now(session),
                due_at=db.now(session),
            )
        )
    before = _persons(app, [pair.left, pair.right, other])

    summary = _run(app, LINKING)

    assert _persons(app, [pair.left, pair.right, other]) == before
    assert summary.counts.linked == 0
    assert "automatic-proposal" in open_tasks(app)[0].reasons


@pytest.mark.parametrize("rank", [0, 1], ids=["known", "arrived"])
def test_a_held_identity_is_never_moved_nor_joined(app: Flask, rank: int) -> None:
    pair = _double(app)
    with app.app_context(), db.transaction() as session:
        session.get_one(SourceIdentity, pair[rank].identity.id).held = True

    summary = _run(app, LINKING)

    assert (summary.counts.filed, summary.counts.linked) == (1, 0)
    assert open_tasks(app)[0].reasons == ("held",)


@pytest.mark.parametrize(
    "change",
    [{"active": False}, {"attributes": Attribute.FICTITIOUS.value}],
    ids=["inactive", "fictitious"],
)
def test_inactive_and_fictitious_identities_are_not_read(app: Flask, change: dict[str, Any]) -> None:
    pair = _double(app)
    with app.app_context(), db.transaction() as session:
        of_one = SourceIdentity.id == pair[0].identity.id
        session.execute(sa.update(SourceIdentity).where(of_one).values(**change))

    summary = _run(app, LINKING)

    assert (summary.identities, summary.counts.filed, summary.counts.linked) == (1, 0, 0)


def test_two_qualified_identities_under_two_ins_are_never_linked(app: Flask) -> None:
    pair = _unseen(
        app,
        qualified(make_structure(app), "1", SOLENE, INS_ONE),
        qualified(make_structure(app), "1", SOLENE, INS_TWO),
    )

    summary = _run(app, LINKING)

    assert summary.counts.linked == 0
    assert len(set(_persons(app, pair))) == 2


def test_a_doubtful_identity_goes_to_an_officer(app: Flask) -> None:
    _unseen(
        app,
        incoming(make_structure(app)),
        incoming(make_structure(app), attributes=frozenset({Attribute.DOUBTFUL})),
    )

    summary = _run(app, LINKING)

    assert (summary.counts.filed, summary.counts.linked) == (1, 0)
    assert "doubtful" in open_tasks(app)[0].reasons


def test_two_persons_of_several_identities_are_proposed_and_not_moved(app: Flask) -> None:
    structures = [make_structure(app) for _ in range(4)]
    known = [send(app, incoming(structure)) for structure in structures[:2]]
    _hide(app)
    others = [send(app, incoming(structure)) for structure in structures[2:]]
    before = _persons(app, known + others)

    summary = _run(app, LINKING)

    assert len(set(before)) == 2
    assert (summary.counts.filed, summary.counts.linked) == (1, 0)
    assert _persons(app, known + others) == before
    assert "automatic-proposal" in open_tasks(app)[0].reasons


def test_what_two_persons_other_identities_forbid_is_asked_and_taken_again_comes_out_the_same(app: Flask) -> None:
    structures = [make_structure(app) for _ in range(4)]
    elsewhere = replace(SOLENE, phone="+33639980009", address=None)
    known = [send(app, incoming(structure)) for structure in structures[:2]]
    _hide(app)
    nearly = replace(elsewhere, given_names=("SOLENE",), birth_date=BirthDate(1985, 5, 17), birth_place=None)
    others = [send(app, incoming(structures[2], traits=elsewhere)), send(app, incoming(structures[3], traits=nearly))]
    before = _persons(app, known + others)

    summary = _run(app, LINKING)

    model = _registrar(app).model
    with app.app_context(), db.reading() as session:
        ids = list(session.scalars(sa.select(LinkageDecision.id)))
        replayed = [history.replay(session, decision_id, {model.version: model}.__getitem__) for decision_id in ids]
    assert len(set(before)) == 2
    assert (summary.counts.filed, summary.counts.linked) == (1, 0)
    assert "automatic-proposal" not in open_tasks(app)[0].reasons
    assert [item.decision_id for item in replayed if not item.is_same] == []
    assert replayed[-1].kept[0] == "link"


def test_an_identity_alone_joins_a_person_of_several_though_it_was_first(app: Flask) -> None:
    (alone,) = _unseen(app, incoming(make_structure(app)))
    known = [send(app, incoming(make_structure(app))) for _ in range(2)]

    summary = _run(app, LINKING)

    assert summary.counts.linked == 1
    assert _persons(app, [alone, *known]) == [known[0].identity.person_id] * 3


def test_a_presumed_date_is_read_as_a_file_would_say_it(app: Flask) -> None:
    dates = [
        BirthDate(1984, 12, 31, presumed=True),
        BirthDate(1984, 5, 1, presumed=True),
        BirthDate(1984, 5, 17, presumed=True),
        BirthDate(1984, 12, 31),
    ]
    _unseen(app, *(incoming(make_structure(app), traits=replace(SOLENE, birth_date=born)) for born in dates))

    with app.app_context():
        read = region.read(lambda *_: None)

    assert read.table["birth_date"].to_pylist() == ["1984", "1984-05", "1984-05-17", "1984-12-31"]


def test_intake_goes_on_during_a_run(app: Flask) -> None:
    _doubles(app, 5)
    structures = [make_structure(app) for _ in range(2)]
    known = rows(app, SourceIdentity)[0]

    def receive(number: int) -> Callable[[], Any]:
        def act() -> None:
            for rank in range(8):
                with app.app_context(), db.transaction() as session:
                    item = incoming(structures[number], str(rank), replace(SOLENE, phone=None))
                    intake.receive(session, item, parts_of(app).registrar, SYSTEM)

        return act

    ended = at_once(app, lambda: _run(app, Options(joins=True, batch=1)), receive(0), receive(1))

    assert [error for error in ended if isinstance(error, Exception)] == []
    assert len(rows(app, SourceIdentity)) == 26
    assert known.id in {row.id for row in rows(app, SourceIdentity)}
    assert _run(app, LINKING).counts.linked == 0


def test_what_changed_since_it_was_read_is_decided_as_it_is_now(app: Flask) -> None:
    pair = _double(app)

    def change(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.DECIDE and not done:
            with app.app_context(), db.transaction() as session:
                session.get_one(SourceIdentity, pair[1].identity.id).active = False

    summary = _run(app, LINKING, change)

    assert (summary.counts.filed, summary.counts.linked) == (0, 0)


def test_two_runs_at_once_do_not_settle_the_same_pairs(app: Flask) -> None:
    _doubles(app, 2)
    inner: list[Summary] = []

    def overtake(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.DECIDE and not inner:
            inner.append(_run(app, Options(batch=1)))

    with pytest.raises(Conflict):
        _run(app, Options(batch=1), overtake)

    assert len(rows(app, ReviewTask)) == inner[0].counts.filed


def test_another_model_begins_a_run_of_its_own(app: Flask) -> None:
    _double(app)
    _run(app)
    now = _registrar(app)
    other = replace(now, model=replace(now.model, version="other"))

    with app.app_context():
        summary = dedupe.run(lambda: other, SYSTEM, Options(), lambda *_: None)

    assert (summary.counts.filed, summary.counts.asked) == (0, 1)
    assert len(rows(app, DedupeRun)) == 2


def test_an_activation_during_a_run_ends_it(app: Flask) -> None:
    _double(app)
    now = _registrar(app)
    models = iter([now, replace(now, model=replace(now.model, version="other"))])

    with app.app_context(), pytest.raises(Conflict, match="modèle"):
        dedupe.run(lambda: next(models), SYSTEM, Options(), lambda *_: None)

    assert rows(app, ReviewTask) == []


def test_an_empty_index_is_deduplicated(app: Flask) -> None:
    assert _run(app).counts == dedupe.Counts()


def test_more_pages_than_one_are_read(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [_double(app), _double(app, PAUL)]
    monkeypatch.setattr("hub.registry.region._PAGE", region._PAGE.limit(1))

    summary = _run(app, LINKING)

    assert (summary.identities, summary.counts.linked) == (4, 2)
    assert [len(set(_persons(app, pair))) for pair in pairs] == [1, 1]


def test_the_columns_of_the_index_are_those_that_a_file_is_compared_on(app: Flask) -> None:
    send(app, incoming(make_structure(app)))

    with app.app_context():
        table = region.read(lambda *_: None).table
    with app.app_context(), db.reading() as session:
        decided = decided_pairs(session).table

    assert set(table.column_names) == set(decided.column_names) == set(COLUMNS)
