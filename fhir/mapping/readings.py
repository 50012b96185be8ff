"""What a reader of elements returns: a value and the remarks it made, so that all faults are told at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fhir.resources.R4B.extension import Extension

from fhir.outcome import Issue, IssueKind
from identity.traits import TraitError

T = TypeVar("T")

_KINDS = {
    "trait-missing": IssueKind.REQUIRED,
    "cog-format": IssueKind.CODE_INVALID,
    "ins-oid": IssueKind.CODE_INVALID,
    "status-attribute": IssueKind.INVARIANT,
    "attribute-combination": IssueKind.INVARIANT,
}


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A value read from elements, with the remarks of every severity made on the way."""

    value: T
    issues: tuple[Issue, ...] = ()


def fault(kind: IssueKind, text: str, key: str, expression: str) -> Issue:
    """Build an error on an element."""
    return Issue("error", kind, text, key, expression)


def remark(kind: IssueKind, text: str, key: str, expression: str) -> Issue:
    """Build a warning on an element."""
    return Issue("warning", kind, text, key, expression)


def rule_fault(code: str, message: str, expression: str) -> Issue:
    """Build the error of a rule of `identity`, known by its code."""
    return fault(_KINDS.get(code, IssueKind.VALUE), message, code, expression)


def trait_fault(err: TraitError, expression: str) -> Issue:
    """Build the error of a malformed trait; the message of `identity` quotes no value."""
    return rule_fault(err.code, err.message, expression)


def find_extensions(extensions: Sequence[Extension] | None, urls: frozenset[str]) -> Iterator[Extension]:
    """Yield the extensions known under one of these URLs."""
    yield from (each for each in extensions or () if each.url in urls)


def first(items: Iterable[T]) -> T | None:
    """Return the first item, or `None`."""
    return next(iter(items), None)
