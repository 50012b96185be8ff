"""SMART scopes of a back-end system: what a token lets a caller do on each resource.

SMART App Launch 2, `system/Patient.cruds` with letters in that order; version 1 `.read`, `.write` and `.*` are
read as `.rs`, `.cud` and `.cruds`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fhir.elements import resource_model

LETTERS = "cruds"

_SCOPE = re.compile(r"system/(\*|[A-Za-z]+)\.(\*|[a-z]+)", re.ASCII)
_VERSION_1 = {"read": "rs", "write": "cud", "*": LETTERS}


class ScopeError(ValueError):
    """A scope is not one that the hub knows."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Rights on one resource type (`*` for all): some of c, r, u, d, s, in that order."""

    resource: str
    letters: str

    def __str__(self) -> str:
        return f"system/{self.resource}.{self.letters}"


def parse_scopes(text: str) -> frozenset[Scope]:
    """Read a space-separated list of scopes; raise `ScopeError` on the first that is not known."""
    scopes = frozenset(_parse_scope(word) for word in text.split())
    if not scopes:
        raise ScopeError("Aucune portée (scope) n'est demandée.")
    return scopes


def _parse_scope(word: str) -> Scope:
    match = _SCOPE.fullmatch(word)
    if match is None:
        raise ScopeError("Une portée (scope) n'est pas de la forme system/Ressource.cruds.")
    resource, rights = match.groups()
    letters = _VERSION_1.get(rights, rights)
    if letters != "".join(letter for letter in LETTERS if letter in letters):
        raise ScopeError("Les droits d'une portée (scope) sont des lettres de « cruds », dans cet ordre.")
    if resource != "*" and resource_model(resource) is None:
        raise ScopeError("Une portée (scope) vise un type de ressource inconnu.")
    return Scope(resource, letters)


def allows(scopes: Iterable[Scope], resource: str, letter: str) -> bool:
    """Tell whether one of the scopes gives this right (one letter of « cruds ») on this resource type."""
    return any(scope.resource in ("*", resource) and letter in scope.letters for scope in scopes)
