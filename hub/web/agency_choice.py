"""A choice of tasks in an address: `/agence/?sorte=collision&retard=1`, codes and ids only, read back as a filter."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import request

from hub.registry.tasks import TaskKind
from hub.registry.worklist import Filter, Moment
from hub.web.context import current_staff

_NAMES = ("etat", "sorte", "structure", "prises", "retard")


@dataclass(frozen=True, slots=True)
class _Arguments:
    values: dict[str, str]

    def number(self, name: str) -> int | None:
        """Return a number that may be an id."""
        text = self.values.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def filter_of_request() -> Filter:
    """Read the choice of the address; what it does not know is left out."""
    return _filter(_Arguments({name: request.args.get(name, "") for name in _NAMES}))


def _filter(arguments: _Arguments) -> Filter:
    moment, kind = arguments.values.get("etat", ""), arguments.values.get("sorte", "")
    own = current_staff().member.id if arguments.values.get("prises") else None
    decided = moment == Moment.DECIDED.value
    return Filter(
        moment=Moment(moment) if moment in set(Moment) else Moment.TO_DO,
        kind=TaskKind(kind) if kind in set(TaskKind) else None,
        organization_id=arguments.number("structure"),
        claimed_by=None if decided else own,
        decided_by=own if decided else None,
        is_late=bool(arguments.values.get("retard")) and not decided,
    )


def query_of(choice: Filter) -> dict[str, Any]:
    """Write a choice as the arguments of an address."""
    found = {
        "etat": "" if choice.moment is Moment.TO_DO else choice.moment.value,
        "sorte": choice.kind.value if choice.kind else "",
        "structure": str(choice.organization_id or ""),
        "prises": "1" if choice.claimed_by or choice.decided_by else "",
        "retard": "1" if choice.is_late else "",
    }
    return {name: value for name, value in found.items() if value}


def known_arguments(query: str) -> dict[str, str]:
    """Read a saved choice back as arguments."""
    return {name: value for name, value in parse_qsl(query) if name in _NAMES}
