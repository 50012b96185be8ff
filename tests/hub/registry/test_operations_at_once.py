"""Officers who merge the same persons at the same time: one survivor, no cycle, nobody lost, on both databases."""

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.db import database
from hub.errors import Conflict
from hub.registry import operations
from hub.registry.operations import Operation
from hub.registry.tables import Person, SourceIdentity
from tests.factories import make_structure
from tests.hub.registry import regions
from tests.hub.registry.people import at_once

PERSONS = 6


@pytest.fixture
def persons(app: Flask) -> dict[int, int]:
    """Six persons of two identities each: identity to person."""
    structure = make_structure(app)
    found: dict[int, int] = {}
    for number in range(PERSONS):
        identity, person = regions.new_identity(app, structure, f"{number}-a")
        other, _ = regions.new_identity(app, structure, f"{number}-b", person)
        found |= {identity: person, other: person}
    return found


def _roots(app: Flask) -> dict[int, int]:
    with app.app_context(), db.reading() as session:
        return {person_id: operations.root(session, person_id) for person_id in session.scalars(sa.select(Person.id))}


def _check_forest(app: Flask, persons: dict[int, int]) -> None:
    """No cycle, no identity lost or doubled, and none on a person that was merged into another."""
    roots = _roots(app)
    now = regions.where(app, persons)
    assert now.keys() == persons.keys()
    assert now == {identity: roots[person] for identity, person in persons.items()}


def test_two_officers_who_merge_two_persons_crosswise_make_one_survivor(app: Flask, persons: dict[int, int]) -> None:
    one, other = sorted(set(persons.values()))[:2]

    results = at_once(app, lambda: regions.merge(app, one, other), lambda: regions.merge(app, other, one))

    assert sorted(isinstance(result, Operation) for result in results) == [False, True]
    assert all(isinstance(result, Operation | Conflict) for result in results)
    _check_forest(app, persons)


def test_a_chain_of_merges_at_once_ends_in_a_forest(app: Flask, persons: dict[int, int]) -> None:
    ids = sorted(set(persons.values()))
    pairs = [*pairwise(ids), (ids[-1], ids[0])]

    results = at_once(app, *(lambda pair=pair: regions.merge(app, *pair) for pair in pairs))  # type: ignore[misc]

    assert any(isinstance(result, Operation) for result in results)
    assert all(isinstance(result, Operation | Conflict) for result in results)
    _check_forest(app, persons)


def test_twenty_merges_at_once_over_six_persons(app: Flask, persons: dict[int, int]) -> None:
    ids = sorted(set(persons.values()))
    pairs = [random.Random(seed).sample(ids, 2) for seed in range(20)]
    barrier = Barrier(len(pairs))

    def act(pair: list[int]) -> object:
        barrier.wait()
        try:
            return regions.merge(app, *pair)
        except Conflict as error:
            return error
        finally:
            with app.app_context():
                database.session.remove()

    with ThreadPoolExecutor(len(pairs)) as pool:
        results = list(pool.map(act, pairs))

    done = [result for result in results if isinstance(result, Operation)]
    assert done
    _check_forest(app, persons)
    with app.app_context(), db.reading() as session:
        merged = session.scalar(sa.select(sa.func.count()).where(Person.merged_into_id.is_not(None)))
        kept = session.scalar(sa.select(sa.func.count()).select_from(SourceIdentity))
    assert merged == len(done)
    assert kept == 2 * PERSONS
    for operation in random.Random(1).sample(done, len(done)):
        regions.undo(app, operation)
    assert regions.where(app, persons) == persons


def test_two_officers_who_undo_one_merge_undo_it_once(app: Flask, persons: dict[int, int]) -> None:
    one, other = sorted(set(persons.values()))[:2]
    operation = regions.merge(app, one, other)

    results = at_once(app, *(lambda: regions.undo(app, operation) for _ in range(4)))

    assert sum(isinstance(result, Operation) for result in results) == 1
    assert all(isinstance(result, Operation | Conflict) for result in results)
    assert regions.where(app, persons) == persons
