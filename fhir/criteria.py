"""The written forms of search values: token, string and date, with the escapes of R4.

R4 search, "Escaping Search Parameters" and the parameter types. A value is read once, here.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from fhir.outcome import FhirError, IssueKind, refusal

MAX_VALUE = 200

_DATE = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class StringModifier(StrEnum):
    """How a string is compared; R4 starts with the value when no modifier is given."""

    STARTS = "starts"
    EXACT = "exact"
    CONTAINS = "contains"


class DatePrefix(StrEnum):
    """How a date is compared."""

    EQUAL = "eq"
    AFTER_OR_EQUAL = "ge"
    BEFORE_OR_EQUAL = "le"
    AFTER = "gt"
    BEFORE = "lt"


@dataclass(frozen=True, slots=True)
class Token:
    """`system|value`. No system (`value`): any; empty system (`|value`): "", the identifiers without one."""

    system: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class StringCriterion:
    """Alternatives (OR) of one string parameter."""

    values: tuple[str, ...]
    modifier: StringModifier = StringModifier.STARTS


@dataclass(frozen=True, slots=True)
class DateCriterion:
    """A date with its prefix; a partial date is the interval from `start` to `end`, both included."""

    prefix: DatePrefix
    start: date
    end: date


def bad_value(name: str, text: str) -> FhirError:
    """Build the refusal of a value that is not of the parameter's type."""
    return refusal(400, IssueKind.VALUE, f"Paramètre « {name} » : {text}", key="search-value")


def split_unescaped(text: str, separator: str) -> list[str]:
    r"""Split on a separator that no backslash precedes; escapes are kept for the next step."""
    parts = [""]
    is_escaped = False
    for character in text:
        if character == separator and not is_escaped:
            parts.append("")
        else:
            parts[-1] += character
        is_escaped = character == "\\" and not is_escaped
    return parts


def unescape(name: str, text: str) -> str:
    r"""Undo `\,` `\|` `\$` and `\\`; refuse any other use of the backslash."""
    plain = re.sub(r"\\([,|$\\])", r"\1", text)
    if re.sub(r"\\[,|$\\]", "", text).count("\\"):
        raise bad_value(name, "une barre oblique inverse ne précède que , | $ ou elle-même.")
    return plain


def split_alternatives(name: str, text: str) -> tuple[str, ...]:
    """Split the alternatives (OR) of a value, still escaped; none may be empty."""
    if len(text) > MAX_VALUE * 10 or _CONTROL.search(text):
        raise bad_value(name, "la valeur est trop longue ou contient un caractère de contrôle.")
    parts = tuple(part.strip() for part in split_unescaped(text, ","))
    if not all(parts):
        raise bad_value(name, "la valeur est vide.")
    if any(len(part) > MAX_VALUE for part in parts):
        raise bad_value(name, f"la valeur dépasse {MAX_VALUE} caractères.")
    return parts


def read_token(name: str, text: str) -> Token:
    """Read `system|value`, `|value`, `value` or `system|`."""
    parts = [unescape(name, part).strip() for part in split_unescaped(text, "|")]
    if len(parts) == 1:
        return Token(None, parts[0])
    if len(parts) > 2 or not any(parts):
        raise bad_value(name, "la forme attendue est système|valeur.")
    return Token(parts[0], parts[1] or None)


def read_tokens(name: str, text: str) -> tuple[Token, ...]:
    """Read the alternatives of a token parameter."""
    return tuple(read_token(name, part) for part in split_alternatives(name, text))


def read_strings(name: str, text: str, modifier: StringModifier) -> StringCriterion:
    """Read the alternatives of a string parameter."""
    return StringCriterion(tuple(unescape(name, part) for part in split_alternatives(name, text)), modifier)


def read_date(name: str, text: str) -> DateCriterion:
    """Read a date and its prefix; AAAA and AAAA-MM stand for the whole year or month."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise bad_value(name, "la date s'écrit AAAA, AAAA-MM ou AAAA-MM-JJ, avec un préfixe eq, ge, le, gt ou lt.")
    prefix, year, month, day = match.groups()
    if prefix in ("ne", "sa", "eb", "ap"):
        text = "ce préfixe n'est pas pris en charge (eq, ge, le, gt, lt)."
        raise refusal(400, IssueKind.NOT_SUPPORTED, f"Paramètre « {name} » : {text}", key="search-prefix")
    try:
        start = date(int(year), int(month or 1), int(day or 1))
    except ValueError as err:
        raise bad_value(name, "cette date n'existe pas.") from err
    if day is not None:
        end = start
    elif month is not None:
        end = start.replace(day=calendar.monthrange(start.year, start.month)[1])
    else:
        end = date(start.year, 12, 31)
    return DateCriterion(DatePrefix(prefix or "eq"), start, end)
