"""Merges, separations, moves and undoings in any order, against a model made of a dictionary and a list.

The model knows nothing of the way the index reckons: it plays every event that still holds again, from the first.
`make stateful` plays more of them: --stateful-steps says how many on each engine.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.directory.values import Structure
from hub.errors import Conflict
from hub.registry.operations import Kind, Operation
from tests.factories import make_structure
from tests.hub.registry import regions

STEPS = 25
"""Steps of one play."""


@dataclass
class Event:
    """Something that placed identities; `holds` until it is undone."""

    kind: Kind | None
    identities: tuple[int, ...] = ()
    source: int = 0
    target: int = 0
    holds: bool = True


@dataclass
class Model:
    """Every event, in order."""

    events: list[Event] = field(default_factory=list)

    def persons(self) -> dict[int, int]:
        """Play the events that hold, from the first: a merge carries whoever is in the person at that moment."""
        persons: dict[int, int] = {}
        for event in self.events:
            if event.holds and event.kind is Kind.MERGE:
                moved = [identity for identity, person in persons.items() if person == event.source]
                persons.update(dict.fromkeys(moved, event.target))
            elif event.holds:
                persons.update(dict.fromkeys(event.identities, event.target))
        return persons


class Region(RuleBasedStateMachine):
    """An officer who does anything that the index allows, and tries some things that it must refuse."""

    app: Flask
    structure: Structure
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.done: list[tuple[Operation, Event]] = []

    def _count(self) -> None:
        type(self).steps += 1

    def _groups(self) -> dict[int, list[int]]:
        groups: dict[int, list[int]] = {}
        for identity, person in self.model.persons().items():
            groups.setdefault(person, []).append(identity)
        return groups

    @initialize()
    def open_the_region(self) -> None:
        for number in range(5):
            self._arrive(f"{number}")

    def _arrive(self, value: str, person: int | None = None) -> None:
        identity, found = regions.new_identity(self.app, self.structure, f"{value}-{uuid.uuid4()}", person)
        self.model.events.append(Event(None, (identity,), target=found))

    @rule(data=st.data())
    def an_identity_arrives(self, data: st.DataObject) -> None:
        self._count()
        persons = sorted(self._groups())
        self._arrive("a", data.draw(st.sampled_from([None, *persons])))

    @precondition(lambda self: len(self._groups()) > 1)
    @rule(data=st.data())
    def two_persons_are_merged(self, data: st.DataObject) -> None:
        self._count()
        survivor, absorbed = data.draw(st.permutations(sorted(self._groups())))[:2]
        operation = regions.merge(self.app, survivor, absorbed)
        event = Event(Kind.MERGE, source=absorbed, target=survivor)
        self.model.events.append(event)
        self.done.append((operation, event))

    @precondition(lambda self: len(self._groups()) > 1)
    @rule(data=st.data())
    def a_merge_undone_at_once_leaves_no_trace(self, data: st.DataObject) -> None:
        self._count()
        survivor, absorbed = data.draw(st.permutations(sorted(self._groups())))[:2]
        own = self.model.persons()
        before = regions.digest(self.app, own)
        regions.undo(self.app, regions.merge(self.app, survivor, absorbed))
        assert regions.digest(self.app, own) == before

    @precondition(lambda self: any(len(group) > 1 for group in self._groups().values()))
    @rule(data=st.data())
    def some_identities_leave(self, data: st.DataObject) -> None:
        self._count()
        groups = self._groups()
        person = data.draw(st.sampled_from(sorted(person for person, group in groups.items() if len(group) > 1)))
        group = sorted(groups[person])
        leaving = data.draw(st.lists(st.sampled_from(group), min_size=1, max_size=len(group) - 1, unique=True))
        operation = regions.part(self.app, person, sorted(leaving))
        self._moved(operation, leaving)

    @precondition(lambda self: len(self._groups()) > 1)
    @rule(data=st.data())
    def some_identities_move(self, data: st.DataObject) -> None:
        self._count()
        groups = self._groups()
        person, other = data.draw(st.permutations(sorted(groups)))[:2]
        leaving = data.draw(st.lists(st.sampled_from(sorted(groups[person])), min_size=1, unique=True))
        self._moved(regions.part(self.app, person, sorted(leaving), other), leaving)

    def _moved(self, operation: Operation, leaving: list[int]) -> None:
        assert operation.to_person_id is not None
        event = Event(operation.kind, tuple(leaving), target=operation.to_person_id)
        self.model.events.append(event)
        self.done.append((operation, event))

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def an_operation_is_undone(self, data: st.DataObject) -> None:
        self._count()
        number = data.draw(st.integers(0, len(self.done) - 1))
        operation, event = self.done.pop(number)
        regions.undo(self.app, operation)
        event.holds = False
        # A second time is refused, and changes nothing.
        with pytest.raises(Conflict):
            regions.undo(self.app, operation)

    @precondition(lambda self: self._groups())
    @rule(data=st.data())
    def a_person_is_not_merged_with_itself(self, data: st.DataObject) -> None:
        self._count()
        person = data.draw(st.sampled_from(sorted(self._groups())))
        with pytest.raises(Conflict):
            regions.merge(self.app, person, person)

    @invariant()
    def every_identity_is_where_the_model_says(self) -> None:
        expected = self.model.persons()
        assert regions.where(self.app, expected) == expected


def test_any_sequence_of_operations_can_be_undone_in_any_order(
    app: Flask, stateful_steps: int, record_property: Callable[[str, object], None]
) -> None:
    steps = stateful_steps
    machine = type("RegionOfTest", (Region,), {"app": app, "structure": make_structure(app)})
    options = settings(
        max_examples=max(1, steps // STEPS),
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=steps < 1000,
        suppress_health_check=list(HealthCheck),
        database=None,
    )

    while machine.steps < steps:
        run_state_machine_as_test(machine, settings=options)

    record_property("steps", machine.steps)
    assert machine.steps >= steps
