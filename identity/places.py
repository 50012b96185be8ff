"""What two places of birth have in common, when communes merge, départements split and countries end.

INSEE, Code officiel géographique (COG): the code of a place of birth is the one in force on the day of birth
(RNIV 1, place of birth), but software also writes today's code. Former communes are in `identity._former_codes`.
The older départements (Algeria 91 to 94, Morocco 95, Tunisia 96; overseas territories 982 to 985) are those of the
NIR. A code is read as civil status would; where two readings are possible, both are kept and neither is asserted.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from identity._former_codes import MERGED, RENUMBERED

_FORM = re.compile(r"\d{5}|2[AB]\d{3}", re.ASCII)
_ABROAD = "99"
_FRANCE = "99100"
_RESERVED = "990"
RESERVED_ABROAD = "99990"
"""From this code on INSEE writes what is no country."""


class PlaceAgreement(StrEnum):
    """What two places have in common, from all to nothing."""

    SAME = "same"
    """One place under one code, or under a former code and the code that took it over."""
    SAME_CITY = "same_city"
    """A city and its arrondissement, or communes since merged. Two arrondissements are two places."""
    SAME_COUNTRY = "country"
    """One country or territory abroad: what all who were born there share."""
    COMPATIBLE = "compatible"
    """One code may be read as the place of the other: USSR and Ukraine, 92012 for Boulogne or for Oran in 1950."""
    SAME_DEPARTMENT = "department"
    WITHIN = "within"
    """A département written for a commune (69000), with itself or one of its communes: nothing is told."""
    DIFFERENT = "different"


def _table(text: str) -> dict[str, str]:
    """Read « current:former,former » into the current code by former code."""
    groups = (word.split(":") for word in text.split())
    return {former: current for current, formers in groups for former in formers.split(",")}


_RENUMBERED = _table(RENUMBERED) | {
    # Saint-Barthélemy and Saint-Martin left Guadeloupe in 2007; Mayotte left the territories in 2011.
    "97123": "97701",
    "97127": "97801",
    **{f"985{number:02d}": f"976{number:02d}" for number in range(1, 18)},
}
_MERGED = _table(MERGED) | {
    # French overseas territories of the NIR before independence.
    "98201": "99336",
    "98202": "99341",
    "98203": "99330",
    "98204": "99326",
    "98205": "99327",
    "98206": "99335",
    "98207": "99337",
    "98208": "99345",
    "98209": "99331",
    "98301": "99328",
    "98302": "99324",
    "98303": "99323",
    "98304": "99344",
    "98305": "99322",
    "98401": "99333",
    "98402": "99397",
    "98406": "99399",
    # Codes of countries that another one took over whole.
    "99124": "99208",
    "99141": "99109",
    "99142": "99109",
    "99143": "99254",
    "99202": "99251",
    "99218": "99216",
    "99228": "99227",
    "99233": "99251",
    "99244": "99243",
    "99245": "99243",
    "99319": "99139",
    "99325": "99350",
    "99402": "99401",
    "99403": "99401",
    "99504": "99404",
}
_CITIES = {
    **{f"751{number:02d}": "75056" for number in range(1, 21)},
    **{f"6938{number}": "69123" for number in range(1, 10)},
    **{f"132{number:02d}": "13055" for number in range(1, 17)},
}
_COLONIES = {"91": "99352", "92": "99352", "93": "99352", "94": "99352", "95": "99350", "96": "99351"}
COLONIAL_DEPARTMENTS = frozenset(_COLONIES)
LAST_COLONIAL_YEAR = 1963
"""Independence was in 1956 and July 1962, and registers lag: until then a birth may bear the older département."""
_ALWAYS = 9999
# A country's code and those of the places it also stood for, up to the year of the split.
_STOOD_FOR: dict[str, dict[str, int]] = {
    "99101": {"99158": _ALWAYS, "99430": _ALWAYS},
    "99105": {"99160": _ALWAYS},
    "99115": {"99116": _ALWAYS, "99117": _ALWAYS},
    "99121": {"99118": 1992, "99119": 1991, "99120": 2006, "99145": 1991, "99156": 1991, "99157": 2008},
    "99123": {
        "99106": 1991,
        "99107": 1991,
        "99108": 1991,
        "99148": 1991,
        "99151": 1991,
        "99155": 1991,
        "99252": 1991,
        "99253": 1991,
        "99255": 1991,
        "99256": 1991,
        "99257": 1991,
        "99258": 1991,
        "99259": 1991,
        "99260": 1991,
        "99209": _ALWAYS,
        "99210": _ALWAYS,
        "99211": _ALWAYS,
    },
    "99132": {"99161": _ALWAYS},
    "99134": {"99313": _ALWAYS},
    "99135": {"99431": _ALWAYS},
    "99213": {"99246": 1971},
    "99216": {"99230": _ALWAYS, "99232": _ALWAYS},
    "99231": {"99262": 2002},
    "99237": {"99238": _ALWAYS, "99239": _ALWAYS},
    "99305": {"99322": _ALWAYS, "99345": _ALWAYS},
    "99307": {"99332": _ALWAYS, "99339": _ALWAYS, "99343": _ALWAYS},
    "99308": {"99309": _ALWAYS},
    "99315": {"99317": 1993},
    "99343": {"99349": 2011},
    "99431": {"99443": 2010, "99444": 2010, "99445": 2010},
}
# Among others, the communes of 91 to 95, all renumbered in 1968 but Les Ulis, created since.
_COMMUNES = frozenset(_RENUMBERED.values()) | {"91692"}


@dataclass(frozen=True, slots=True)
class _Place:
    """How a code is read: the last code of the place itself, the code of today, and what else it may stand for."""

    own: str
    today: str
    city: str
    possible: frozenset[str]
    departments: frozenset[str]


def department(code: str) -> str | None:
    """Return the département of a COG code as it is written (75, 2A, 971); None abroad or for no code."""
    if not _has_form(code) or code.startswith("99"):
        return None
    return code[:3] if code[:2] in ("97", "98") else code[:2]


def canonical_place(code: str, year: int | None = None) -> str:
    """Return the code that the place bears today, given the year of birth when it is known.

    Arrondissements stay apart from one another and from their city. A code that is not one is returned as it is.
    """
    place = _read(code, year)
    return place.today if place else code


def possible_places(code: str, year: int | None = None) -> frozenset[str]:
    """Return every place of today that a code may stand for, the canonical one included; empty for no code."""
    place = _read(code, year)
    return place.possible if place else frozenset()


def is_no_place(code: str) -> bool:
    """Tell a code that names no place: unknown (99999, 99990), France without a commune (99100), 00000, 99000."""
    return code >= RESERVED_ABROAD or code == _FRANCE or code.startswith(("00", "990"))


def is_area(code: str) -> bool:
    """Tell a code that names a département and none of its communes: 69000, 97400, 38990 for « unknown in Isère »."""
    number = code[3:] if code[:2] in ("97", "98") else code[2:]
    is_commune = number < _RESERVED and number.strip("0") != ""
    return not is_commune and not code.startswith("99") and _colony(code, None) is None


def renumbered_code(code: str) -> str:
    """Return the code that the commune itself bears today, when its département was renumbered; else the code."""
    return _RENUMBERED.get(code, code)


def former_code(code: str) -> str | None:
    """Return the code that a commune bore before its département was renumbered; None without, or with several."""
    formers = _formers().get(code, ())
    return formers[0] if len(formers) == 1 else None


def is_former_country(code: str) -> bool:
    """Tell a code that meant Algeria, Morocco or Tunisia before independence, and can mean nothing else: 91352."""
    return _colony(code, None) is not None


@cache
def _formers() -> dict[str, tuple[str, ...]]:
    formers: dict[str, tuple[str, ...]] = {}
    for former, current in _RENUMBERED.items():
        formers[current] = (*formers.get(current, ()), former)
    return formers


def compare_places(a: str, b: str, year: int | None = None) -> PlaceAgreement:
    """Compare two places of birth of one supposed year of birth. Malformed, or no place (99999): different."""
    one, other = _read(a, year), _read(b, year)
    if one is None or other is None:
        return PlaceAgreement.DIFFERENT
    if one.today == other.today and one.today.startswith(_ABROAD):
        return PlaceAgreement.SAME_COUNTRY
    if one.own == other.own:
        return PlaceAgreement.WITHIN if is_area(a) else PlaceAgreement.SAME
    if one.today == other.today:
        # 01018 and 01033: the one became a part of the other. 01018 and 01205: two parts of what is now 01033.
        return PlaceAgreement.SAME if one.today in (one.own, other.own) else PlaceAgreement.SAME_CITY
    if one.city == other.city and one.city in (one.today, other.today):
        return PlaceAgreement.SAME_CITY
    # 92012 and 93005 of 1950 may both be Algeria, and say nothing for it: one of the two must be the place itself.
    if one.today in other.possible or other.today in one.possible:
        return PlaceAgreement.COMPATIBLE
    if not one.departments.isdisjoint(other.departments):
        return PlaceAgreement.WITHIN if is_area(a) or is_area(b) else PlaceAgreement.SAME_DEPARTMENT
    return PlaceAgreement.DIFFERENT


def stands_alone(code: str) -> bool:
    """Tell whether a well-formed code has only ever meant one place, of that very code today.

    Two such places, not the same, have at most a département in common.
    """
    is_listed = code in _RENUMBERED or code in _MERGED or code in _CITIES or code in _STOOD_FOR
    return not is_listed and _colony(code, None) is None


def was_colonial(code: str) -> bool:
    """Tell a code that means Algeria, Morocco or Tunisia for somebody born before independence."""
    means_itself = code[:2] not in _COLONIES and stands_alone(code)
    return (code if means_itself else canonical_place(code, LAST_COLONIAL_YEAR)) in _COLONIES.values()


def _has_form(code: str) -> bool:
    return _FORM.fullmatch(code) is not None and not is_no_place(code)


@lru_cache(maxsize=65536)
def _read(code: str, year: int | None) -> _Place | None:
    if not _has_form(code):
        return None
    colony = _colony(code, year)
    own = _RENUMBERED.get(code, code)
    today = colony if colony and not _is_commune(code) else _MERGED.get(own, own)
    stood_for = {place for place, last in _STOOD_FOR.get(today, {}).items() if year is None or year <= last}
    # As written and as of today: Versailles and Évry were one département when 78228 was written.
    departments = () if today.startswith("99") else (department(code), department(today))
    return _Place(
        own=own,
        today=today,
        city=_CITIES.get(today, today),
        possible=frozenset({today, *stood_for, *([colony] if colony else [])}),
        departments=frozenset(name for name in departments if name),
    )


def _is_commune(code: str) -> bool:
    return code in _COMMUNES or code in _MERGED or code in _RENUMBERED


def _colony(code: str, year: int | None) -> str | None:
    """Return the country that a code meant before independence, when it may."""
    country = _COLONIES.get(code[:2])
    if country is None:
        return None
    # 92352 is Algeria whatever the year: no commune bears the country's number after such a département.
    always = code[:2] == "96" or code[2:] == country[2:]
    return country if always or (year is not None and year <= LAST_COLONIAL_YEAR) else None
