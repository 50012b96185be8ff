"""The lexical forms of the R4 primitive types, checked on JSON values without any coercion.

R4 datatypes, "Primitive Types". Each function returns a French reason, or `None` when the value is good.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from datetime import date

MAX_STRING = 1_048_576

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_CODE = re.compile(r"\S+(?: \S+)*")
_URI = re.compile(r"\S+")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+", re.ASCII)
_UUID = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_CLOCK = r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d{1,9})?"
_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
_TIME = re.compile(_CLOCK, re.ASCII)
_MOMENT = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})T{_CLOCK}{_ZONE}", re.ASCII)

_NOT_A_DATE = "La date n'existe pas ou n'est pas écrite AAAA, AAAA-MM ou AAAA-MM-JJ."
_NOT_A_MOMENT = "L'instant doit être écrit AAAA-MM-JJThh:mm:ss avec un fuseau (Z ou +hh:mm)."


def _is_calendar_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = match.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    return True


def _is_moment(text: str) -> bool:
    match = _MOMENT.fullmatch(text)
    return match is not None and _is_calendar_date(match.group(1))


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return "Une chaîne de caractères est attendue."
    if not value.strip():
        return "La chaîne est vide."
    if len(value) > MAX_STRING:
        return "La chaîne dépasse un million de caractères."
    return None


def _form(pattern: re.Pattern[str], reason: str) -> Callable[[object], str | None]:
    def check(value: object) -> str | None:
        problem = _text(value)
        if problem is None and pattern.fullmatch(str(value)) is None:
            return reason
        return problem

    return check


def _boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else "Un booléen JSON (true ou false, sans guillemets) est attendu."


def _integer(lowest: int) -> Callable[[object], str | None]:
    def check(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return "Un nombre entier JSON est attendu."
        if not lowest <= value <= 2_147_483_647:
            return "Le nombre est hors des bornes admises."
        return None

    return check


def _decimal(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "Un nombre JSON est attendu."
    return None if math.isfinite(value) else "Le nombre est hors des bornes admises."


def _date(value: object) -> str | None:
    return _text(value) or (None if _is_calendar_date(str(value)) else _NOT_A_DATE)


def _date_time(value: object) -> str | None:
    problem = _text(value)
    if problem is None and not _is_calendar_date(str(value)) and not _is_moment(str(value)):
        return _NOT_A_MOMENT if "T" in str(value) else _NOT_A_DATE
    return problem


def _instant(value: object) -> str | None:
    return _text(value) or (None if _is_moment(str(value)) else _NOT_A_MOMENT)


def _base64(value: object) -> str | None:
    if not isinstance(value, str):
        return "Une chaîne de caractères est attendue."
    compact = re.sub(r"[ \t\r\n]", "", value)
    if not compact:
        return "La chaîne est vide."
    try:
        base64.b64decode(compact.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return "Le contenu n'est pas du base64 valide."
    return None


def _xhtml(value: object) -> str | None:
    problem = _text(value)
    if problem is None and not str(value).lstrip().startswith("<div"):
        return "Le texte doit être un élément XHTML <div>."
    return problem


_uri = _form(_URI, "Un URI sans espace est attendu.")

CHECKS: Mapping[str, Callable[[object], str | None]] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _uri,
    "code": _form(_CODE, "Un code ne commence ni ne finit par un espace."),
    "date": _date,
    "dateTime": _date_time,
    "decimal": _decimal,
    "id": _form(_ID, "Un identifiant de ressource compte 1 à 64 lettres sans accent, chiffres, tirets ou points."),
    "instant": _instant,
    "integer": _integer(-2_147_483_648),
    "markdown": _text,
    "oid": _form(_OID, "Un OID écrit urn:oid:… est attendu."),
    "positiveInt": _integer(1),
    "string": _text,
    "time": _form(_TIME, "Une heure hh:mm:ss est attendue."),
    "unsignedInt": _integer(0),
    "uri": _uri,
    "url": _uri,
    "uuid": _form(_UUID, "Un UUID écrit urn:uuid:… est attendu."),
    "xhtml": _xhtml,
}


def lexical_problem(kind: str, value: object) -> str | None:
    """Tell why a JSON value is not of this primitive type, or `None`."""
    return CHECKS[kind](value)
