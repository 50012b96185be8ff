"""The figures of a model that somebody measured: what `hub model evaluate --json` writes, checked, and read back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from hub.errors import Invalid

MOST_BYTES = 5_000_000
"""Largest text of figures."""
_MOST_NAME = 255
_TOO_MUCH = 2**53


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures that matter most, on one file whose truth is known."""

    file: str
    records: int
    true_pairs: int
    wrong: int
    links: int
    wrong_at_most: float
    """Upper bound of the share of false links, with 95 % confidence."""
    recall: float
    with_review: float
    reviews_per_100: float
    mixed_per_100000: float


def read(text: str, version: str, digest: str) -> dict[str, Any]:
    """Read what `hub model evaluate --json` wrote of the model of this version and SHA-256.

    Raises `Invalid`, on the field `figures`, when it is something else, incomplete, or of another model.
    """
    if len(text.encode()) > MOST_BYTES:
        raise _refused(f"Les chiffres sont trop longs, {MOST_BYTES // 1_000_000} Mo au plus :")
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
        # What JSONB does not hold either: infinities, characters that are none.
        kept = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as err:
        raise _refused("Les chiffres ne sont pas du JSON :") from err
    if not isinstance(content, dict) or b"\\u0000" in kept:
        raise _refused("Les chiffres ne se lisent pas :")
    if content.get("model") != digest or content.get("version") != version:
        raise Invalid("Ces chiffres sont ceux d'un autre modèle : évaluez celui-ci.", "figures")
    if measured(content) is None:
        raise _refused("Les chiffres sont incomplets :")
    return content


def measured(content: Mapping[str, Any]) -> Measured | None:
    """Return the figures kept with a model, None when they are incomplete."""
    try:
        found = content["figures"]
        shipped, wrong = found["shipped"], found["shipped"]["wrong"]
        return Measured(
            file=_name(content["file"]),
            records=_count(found["records"]),
            true_pairs=_count(found["true_pairs"]),
            wrong=_count(wrong["count"]),
            links=_count(wrong["total"]),
            wrong_at_most=_share(wrong["high"]),
            recall=_share(shipped["recall"]),
            with_review=_share(shipped["with_review"]),
            reviews_per_100=_number(shipped["reviews_per_100"]),
            mixed_per_100000=_number(found["grouped"]["mixed_per_100000"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _refused(why: str) -> Invalid:
    return Invalid(f"{why} donnez ce qu'écrit hub model evaluate --json.", "figures")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > _MOST_NAME:
        raise ValueError("file")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _TOO_MUCH:
        raise ValueError("number")
    return float(value)


def _count(value: object) -> int:
    return int(_number(value))


def _share(value: object) -> float:
    if (share := _number(value)) > 1:
        raise ValueError("share")
    return share
