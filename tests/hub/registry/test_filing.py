"""The index of blocking keys: kept by the database, crowded keys, rebuilding."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from hub import db, schema
from hub.commands.demo import bring_up_to_date
from hub.db import database
from hub.errors import Unavailable
from hub.registry import candidates, filing, reindex
from hub.registry.filing import MOST_HOLDERS, Files
from hub.registry.tables import CrowdedKey, KeyIndex, LinkageDecision, Person, ReviewTask, SourceIdentity
from hub.registry.tasks import TaskKind
from identity.blocking import WEAK_KINDS, keys_and_kinds
from identity.decision import Outcome
from tests.factories import make_structure
from tests.hub.registry.people import PAUL, SOLENE, at_once, crowd, incoming, rows, send
from tests.identity.factories import make_traits

_SHARED, _OTHER = 6, -8
_WEAK = 7


def _fill(app: Flask, keys: Iterable[list[int] | None]) -> None:
    """Add identities without traits, filed under keys of the test."""
    structure = make_structure(app)
    with app.app_context(), db.transaction() as session:
        moment = db.now(session)
        first = (session.scalar(sa.select(sa.func.max(SourceIdentity.id))) or 0) + 1
        for rank, filed in enumerate(keys, start=first):
            session.execute(sa.insert(Person).values(id=rank, regional_id=f"T{rank}", created_at=moment))
            values = {"id": rank, "person_id": rank, "domain": structure.domain, "value": f"T-{rank}"}
            values |= {"organization_id": structure.id, "created_at": moment, "updated_at": moment}
            session.execute(sa.insert(SourceIdentity).values(**values, blocking_keys=filed))
        session.merge(KeyIndex(id=1, definition=filing.definition(), rebuilt_to=0))


def _holders(app: Flask, *keys: int) -> list[int]:
    with app.app_context(), db.reading() as session:
        return sorted(Files(session, [frozenset(keys)]).search(frozenset(keys))[0])


def _file(session: Session, keys: frozenset[int], identity_id: int = 1000) -> list[int]:
    files = Files(session, [keys])
    filed = files.file(identity_id, keys)
    files.keep()
    return filed


@pytest.mark.parametrize("together", [True, False], ids=["and one more at once", "alone"])
def test_an_index_that_begins_with_an_unknown_patient_takes_the_next_one(app: Flask, together: bool) -> None:
    structure = make_structure(app)
    unknown = make_traits("INCONNU", "MASCULIN", "1900-01-01", place=None)
    if together:
        send(app, incoming(structure, "X", replace(unknown, birth_date=None)))
    send(app, incoming(structure, "U", unknown))

    result = send(app, incoming(structure, "1", SOLENE))

    assert result.decision is not None
    assert result.decision.outcome is Outcome.NEW
    assert len(rows(app, SourceIdentity, SourceIdentity.blocking_keys.is_not(None))) == 1


def test_the_database_keeps_the_index_of_what_is_filed(app: Flask) -> None:
    _fill(app, [[_OTHER, _SHARED], [_SHARED], None])
    assert _holders(app, _SHARED) == [1, 2]

    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(SourceIdentity).where(SourceIdentity.id == 1).values(blocking_keys=[_OTHER, 9]))
        session.execute(sa.delete(SourceIdentity).where(SourceIdentity.id == 2))

    assert _holders(app, _SHARED) == []
    assert _holders(app, 9, _OTHER) == [1]


def test_those_of_the_rarest_keys_come_first(app: Flask) -> None:
    _fill(app, [[_SHARED], [_SHARED], [_SHARED, _OTHER], [_SHARED]])

    with app.app_context(), db.reading() as session:
        found, limited = Files(session, [frozenset({_SHARED, _OTHER})]).search(frozenset({_SHARED, _OTHER}))

    assert found == [3, 1, 2, 4]
    assert not limited


@pytest.mark.parametrize(("key", "most"), [(_SHARED, filing.MOST_ALONE), (_WEAK, filing.MOST_ALONE_IF_WEAK)])
def test_sharing_one_key_that_many_hold_is_not_enough_to_be_compared(app: Flask, key: int, most: int) -> None:
    _fill(app, [[key]] * most + [[key, _OTHER], [_OTHER]])
    keys = frozenset({key, _OTHER})

    with app.app_context(), db.reading() as session:
        files = Files(session, [keys])
        both = most + 1

        assert files.search(keys) == ([both, both + 1], False)
        assert len(files.search(keys, every=True)[0]) == most + 2
        assert len(files.search(frozenset({key}))[0]) == both


def test_keys_that_strangers_share_are_the_weak_ones() -> None:
    kinds = {kind: filing.fold(key, kind) for kind, key in keys_and_kinds(SOLENE)}

    assert filing.sought(SOLENE) >= set(kinds.values())
    assert {kind for kind, key in kinds.items() if key & 1} == WEAK_KINDS


def test_nobody_is_filed_under_a_crowded_key_and_searches_say_so(app: Flask) -> None:
    _fill(app, [[_SHARED]] * MOST_HOLDERS)
    with app.app_context(), db.transaction() as session:
        filed = _file(session, frozenset({_SHARED, _OTHER}))

    with app.app_context(), db.reading() as session:
        found, limited = Files(session, [frozenset({_SHARED})]).search(frozenset({_SHARED}))

    assert filed == sorted([_OTHER, *filing.pairs([_SHARED], [_SHARED, _OTHER])])
    assert [row.key for row in rows(app, CrowdedKey)] == [_SHARED]
    assert (len(found), limited) == (MOST_HOLDERS, True)


def test_identities_that_share_two_crowded_keys_find_each_other(app: Flask) -> None:
    keys = frozenset({_SHARED, _OTHER})
    _fill(app, [[_SHARED, _OTHER]] * MOST_HOLDERS)

    with app.app_context(), db.transaction() as session:
        filed = _file(session, keys)
    _fill(app, [filed])

    assert filed == filing.pairs(keys, keys)
    assert MOST_HOLDERS + 1 in _holders(app, *keys)
    assert MOST_HOLDERS + 1 not in _holders(app, _SHARED)


def test_what_an_identity_is_filed_under_stays_when_the_key_becomes_crowded(app: Flask) -> None:
    _fill(app, [[_SHARED]] * MOST_HOLDERS)
    keys = frozenset({_SHARED})

    with app.app_context(), db.transaction() as session:
        _file(session, keys)
        again = Files(session, [keys]).file(1, keys, keys)

    assert again == [_SHARED]


def test_the_most_filed_identity_is_found_by_each_key(app: Flask) -> None:
    keys = list(range(1, 24 + 28 + 1))
    _fill(app, [keys])

    assert all(_holders(app, key) == [1] for key in keys)


def test_no_more_identities_are_compared_than_the_bound(app: Flask) -> None:
    _fill(app, [[_SHARED]] * (MOST_HOLDERS - 1) + [[_OTHER]] * 5)

    with app.app_context(), db.reading() as session:
        found = candidates.Pool(session, ()).find(frozenset({_SHARED, _OTHER}), SOLENE, every=True)

    assert len(found.groups) == candidates.MOST_IDENTITIES
    assert found.limited
    assert found.groups.keys() >= set(range(MOST_HOLDERS, MOST_HOLDERS + 5))


def test_who_shares_a_crowded_key_and_one_that_many_hold_is_found(app: Flask) -> None:
    several = [[_OTHER]] * (filing.MOST_ALONE + 1)
    _fill(app, [[_SHARED]] * MOST_HOLDERS + several)
    keys = frozenset({_SHARED, _OTHER})
    with app.app_context(), db.transaction() as session:
        filed = _file(session, keys)
    _fill(app, [filed])
    late = MOST_HOLDERS + len(several) + 1

    with app.app_context(), db.reading() as session:
        found = Files(session, [keys]).search(keys)

    assert found == ([late], False)


def test_a_search_says_that_it_was_limited_only_when_somebody_who_counts_was_left_out(app: Flask) -> None:
    _fill(app, [[_SHARED]] * MOST_HOLDERS)
    many = frozenset(range(100, 100 + 45))
    with app.app_context(), db.transaction() as session:
        _file(session, frozenset({_SHARED, _OTHER}))

    assert _is_limited(app, frozenset({_SHARED})), "nothing else to look by"
    assert not _is_limited(app, frozenset({_SHARED, _OTHER})), "the pair is looked by"
    assert _is_limited(app, many | {_SHARED}), "more pairs than an identity is filed under"
    with app.app_context(), db.transaction() as session:
        (pair,) = filing.pairs([_SHARED], [_SHARED, _OTHER])
        session.add(CrowdedKey(key=pair, crowded_at=db.now(session)))
    assert _is_limited(app, frozenset({_SHARED, _OTHER})), "the pair is crowded too"


def _is_limited(app: Flask, keys: frozenset[int]) -> bool:
    with app.app_context(), db.reading() as session:
        return Files(session, [keys]).search(keys)[1]


def test_a_new_person_whose_search_was_limited_is_a_task_for_the_officers(app: Flask) -> None:
    send(app, incoming(make_structure(app), traits=PAUL))
    crowd(app, SOLENE)

    arrived = send(app, incoming(make_structure(app)))

    decision = rows(app, LinkageDecision)[-1]
    assert (decision.outcome, decision.limited) == (Outcome.NEW, True)
    (task,) = rows(app, ReviewTask)
    pair = (task.source_identity_id, task.candidate_identity_id)
    assert (task.kind, pair) == (TaskKind.LIMITED, (arrived.identity.id,) * 2)
    assert task.reasons == ["candidates-limited"]
    assert task.due_at - task.created_at == timedelta(days=60)


def test_a_change_whose_search_was_limited_asks_once(app: Flask) -> None:
    structure = make_structure(app)
    send(app, incoming(structure, "S-1", PAUL))
    crowd(app, replace(PAUL, used_given_name="PAULO"))

    for name in ("PAULIN", "PAULO", "PAULO"):
        send(app, incoming(structure, "S-1", replace(PAUL, used_given_name=name)))

    assert [(task.kind, task.state) for task in rows(app, ReviewTask)] == [(TaskKind.LIMITED, "open")]


def test_a_search_in_an_empty_index_is_not_refused_by_the_first_arrival(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    structure, check, keys = make_structure(app), filing._check_empty, filing.sought(SOLENE)

    def check_late(session: Session, filed_by: str) -> None:
        """Let the first identity arrive between the search and what it makes of an empty index."""
        monkeypatch.setattr(filing, "_check_empty", check)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(send, app, incoming(structure)).result()
        check(session, filed_by)

    monkeypatch.setattr(filing, "_check_empty", check_late)
    with app.app_context(), db.reading() as session:
        assert Files(session, [keys]).search(keys) == ([], False)

    assert len(_holders(app, *keys)) == 1


def test_the_first_arrivals_of_an_index_may_come_together(app: Flask) -> None:
    structure = make_structure(app)
    people = [replace(PAUL, birth_name=name) for name in ("ANDRIEU", "BOSSUET", "CARPENTIER", "DELMAS")]

    results = at_once(
        app,
        *(
            lambda traits=traits, number=number: send(app, incoming(structure, f"S-{number}", traits))
            for number, traits in enumerate(people)
        ),
    )

    assert [type(result).__name__ for result in results] == ["Intake"] * len(people)
    assert [row.definition for row in rows(app, KeyIndex)] == [filing.definition()]


def test_an_index_of_other_keys_is_refused_until_it_is_rebuilt(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(KeyIndex).values(definition="other"))
        session.execute(sa.update(SourceIdentity).values(blocking_keys=[_SHARED]))
    structure = make_structure(app)
    with pytest.raises(Unavailable, match="reindex"):
        send(app, incoming(structure))

    with app.app_context():
        assert reindex.rebuild(lambda _: None) == 1

    assert send(app, incoming(structure)).identity.person_id == known.identity.person_id
    assert _holders(app, _SHARED) == []


def test_a_demonstration_of_an_earlier_version_is_brought_to_this_one(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))
    with app.app_context():
        assert not reindex.is_needed()
        with db.transaction() as session:
            session.execute(sa.update(KeyIndex).values(definition="other"))
            session.execute(sa.update(SourceIdentity).values(blocking_keys=[_SHARED]))
        assert reindex.is_needed()

        bring_up_to_date()

        assert not reindex.is_needed()
    assert send(app, incoming(make_structure(app))).identity.person_id == known.identity.person_id


def test_a_database_of_the_first_schema_is_refused_until_it_is_rebuilt(app: Flask, database_url: str) -> None:
    known = send(app, incoming(make_structure(app)))
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with app.app_context():
        database.session.remove()
        database.engine.dispose()
    schema.downgrade(engine, "0001")
    schema.upgrade(engine)
    engine.dispose()
    structure = make_structure(app)
    with pytest.raises(Unavailable):
        send(app, incoming(structure))

    with app.app_context():
        assert reindex.count() == 1
        reindex.rebuild(lambda _: None)

    assert send(app, incoming(structure)).identity.person_id == known.identity.person_id


def test_an_interrupted_rebuilding_goes_on_where_it_was(app: Flask) -> None:
    _fill(app, [[_SHARED]] * (reindex.CHUNK + 3))
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(KeyIndex).values(definition="other"))

    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with app.app_context(), pytest.raises(KeyboardInterrupt):
        reindex.rebuild(interrupt)
    with app.app_context():
        left = reindex.count()
        changed = reindex.rebuild(lambda _: None)

    assert (left, changed) == (3, 3)
    assert _holders(app, _SHARED) == []


def test_rebuilding_an_index_in_use_changes_nothing(app: Flask) -> None:
    send(app, incoming(make_structure(app)))
    before = rows(app, SourceIdentity)[0].version

    with app.app_context():
        changed = reindex.rebuild(lambda _: None)

    assert changed == 0
    assert rows(app, SourceIdentity)[0].version == before
