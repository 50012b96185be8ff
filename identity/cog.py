"""Whether the code of a place of birth was in force on the day of birth.

RNIV 1, place of birth: the code of the INSEE Code officiel géographique (COG) is that of the day of birth. Its form
is checked strictly elsewhere (`identity.normalise`), membership leniently here: a code is told wrong only when that
is certain, and nothing is said when the day of an event is not known.

Judged: numbers that no commune and no country has had since 1943; départements renumbered (Corsica, Paris region,
Rhône, Mayotte, Saint-Martin, Saint-Barthélemy); arrondissements of Lyon; communes gone since 2018, and those gone
before for births since 2018; départements and territories that became states; states that ended. Not judged:

- 91 to 96 up to 1963: a commune of Algeria, Morocco or Tunisia may have had the number;
- a country before its independence or before the split that made it: INSEE writes births abroad both ways;
- numbers of overseas départements that our tables lack;
- the second code of large towns, and the numbers that INSEE keeps for itself, such as 38990, unknown in Isère;
- when a commune was born or restored, and what the COG later than our tables hold.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from identity._cog_codes import COUNTRIES, KNOWN, LARGE, SINCE, UNTIL
from identity._cog_codes import YEAR as LAST_COG
from identity.places import (
    COLONIAL_DEPARTMENTS,
    LAST_COLONIAL_YEAR,
    RESERVED_ABROAD,
    former_code,
    is_former_country,
)
from identity.traits import BirthDate

_FORM = re.compile(r"\d{5}|2[AB]\d{3}", re.ASCII)
# An estimated date is written on 31 December of a year, or of a decade, that the age allows (RNIV 1).
_ESTIMATE = 10
# Endings told from this year on are those of communes, which a COG later than our tables may restore; the others are
# those of whole départements, which do not come back.
_FIRST_COG = 2018
_EVER = (0, 9999)
# Départements and territories that hold communes; no other has existed since 1977. Those of `_TERRITORIES_ENDED` are
# states since, or 976 for Mayotte, with a year for registers to follow; Djibouti was the last of 984.
_OVERSEAS = frozenset({"971", "972", "973", "974", "975", "976", "977", "978", "984", "986", "987", "988", "989"})
_TERRITORIES_ENDED = {"982": 1964, "983": 1964, "984": 1979, "985": 2013}
_LAST_STATE_OF_984 = 10
_OVERSEAS_SINCE = 1977
# From this number on INSEE writes what is no commune.
_RESERVED = 990


class CogFlaw(StrEnum):
    """Why a code cannot be that of a place of birth."""

    NOT_FOUND = "cog-not-found"
    NOT_YET = "cog-not-yet"
    ENDED = "cog-ended"


@dataclass(frozen=True, slots=True)
class _Span:
    """The years of birth, both included, for which a code is certainly wrong."""

    first: int
    last: int
    flaw: CogFlaw


def find_flaw(code: str, born: BirthDate | None) -> CogFlaw | None:
    """Tell why a code is certainly not that of a birth; None when it may be, and for what has not the form of one."""
    earliest, latest = _years(born)
    spans = _wrong_years(code)
    return next((span.flaw for span in spans if span.first <= earliest and latest <= span.last), None)


def is_commune(code: str) -> bool:
    """Tell whether a code of five digits is, or was once, that of a commune."""
    return _holds(KNOWN, *_split(code))


def code_on_birth(commune: str, born: BirthDate) -> str:
    """Return the code that a commune of today, picked by its name, bore on a day of birth; its own when in doubt.

    20004 for Ajaccio before 1976. Here 92012 can only mean Boulogne, so the colonial years are no doubt.
    """
    _, latest = _years(born)
    former = former_code(commune)
    if former is None or latest >= _first_year(*_split(commune)) or find_flaw(former, born) is not None:
        return commune
    return former


def _years(born: BirthDate | None) -> tuple[int, int]:
    """Return the years between which somebody was certainly born."""
    if born is None:
        return _EVER
    margin = _ESTIMATE if born.presumed else 0
    return born.year - margin, born.year + margin


@lru_cache(maxsize=65536)
def _wrong_years(code: str) -> tuple[_Span, ...]:
    if not _FORM.fullmatch(code):
        return ()
    if code.startswith("99"):
        return tuple(_abroad(code))
    area, number = _split(code)
    if number == 0 or area == "00":
        return (_Span(*_EVER, CogFlaw.NOT_FOUND),)
    if area in COLONIAL_DEPARTMENTS:
        return tuple(_after_independence(code))
    if _holds(KNOWN, area, number):
        return tuple(_listed(area, number))
    return tuple(_overseas(area, number) if code[:2] in ("97", "98") else _unlisted(area, number))


def _split(code: str) -> tuple[str, int]:
    """Return the département and the number of a code."""
    width = 3 if code[:2] in ("97", "98") else 2
    return code[:width], int(code[width:])


def _abroad(code: str) -> Iterator[_Span]:
    countries = _countries()
    if code >= RESERVED_ABROAD:
        return
    if code not in countries:
        yield _Span(_EVER[0], LAST_COG, CogFlaw.NOT_FOUND)
    elif (last := countries[code]) is not None:
        yield _Span(last + 1, _EVER[1], CogFlaw.ENDED)


def _after_independence(code: str) -> Iterator[_Span]:
    """Return when a code of 91 to 96 is wrong, leaving out the years in which North Africa may have had it."""
    area, number = _split(code)
    after = LAST_COLONIAL_YEAR + 1
    if is_former_country(code):
        yield _Span(after, _EVER[1], CogFlaw.ENDED)
        return
    spans = _listed(area, number) if _holds(KNOWN, area, number) else _unlisted(area, number)
    yield from (_Span(max(span.first, after), span.last, span.flaw) for span in spans)


def _listed(area: str, number: int) -> Iterator[_Span]:
    """Return when the code of a commune is wrong."""
    yield _Span(_EVER[0], _first_year(area, number) - 1, CogFlaw.NOT_YET)
    for year, codes in UNTIL.items():
        if _holds(codes, area, number):
            yield _Span(year, LAST_COG if year >= _FIRST_COG else _EVER[1], CogFlaw.ENDED)


def _first_year(area: str, number: int) -> int:
    """Return the first year of birth for which a code can be right, the beginning of time when we do not know."""
    return next((year for year, codes in SINCE.items() if _holds(codes, area, number)), _EVER[0])


def _unlisted(area: str, number: int) -> Iterator[_Span]:
    """Return when a number that no commune has had is wrong, unless it may be a second code of a large town."""
    second = any(_holds(LARGE, area, first) for first in range(number - 100, 0, -100))
    if number < _RESERVED and not second:
        yield _Span(_EVER[0], LAST_COG, CogFlaw.NOT_FOUND)


def _overseas(area: str, number: int) -> Iterator[_Span]:
    """Return when a number that our tables lack is wrong: where the territory itself is no more, or never was."""
    if area in _TERRITORIES_ENDED and not (area == "984" and number > _LAST_STATE_OF_984):
        yield _Span(_TERRITORIES_ENDED[area], _EVER[1], CogFlaw.ENDED)
    elif area not in _OVERSEAS:
        yield _Span(_OVERSEAS_SINCE, LAST_COG, CogFlaw.NOT_FOUND)


def _holds(codes: str, area: str, number: int) -> bool:
    return bool(_masks(codes).get(area, 0) >> number & 1)


@cache
def _masks(codes: str) -> dict[str, int]:
    """Read « 69:1-299,381-389 » into the numbers of each département, one bit for each."""
    masks: dict[str, int] = {}
    for word in codes.split():
        area, _, runs = word.partition(":")
        for run in runs.split(","):
            first, _, last = run.partition("-")
            length = int(last or first) - int(first) + 1
            masks[area] = masks.get(area, 0) | ((1 << length) - 1) << int(first)
    return masks


@cache
def _countries() -> dict[str, int | None]:
    """Read « 99115:1992 » into the last year of birth, None when there is none."""
    words = (word.partition(":") for word in COUNTRIES.split())
    return {code: int(last) if last else None for code, _, last in words}
