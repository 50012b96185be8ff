"""How the numbers of quality read in French, on a page as in a letter."""

import re
from collections.abc import Sequence
from datetime import timedelta

from hub.counting import noun
from hub.vigilance.indicators import N_, Better, Unit
from hub.vigilance.quality import Figure

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
NONE = "–"
# A narrow no-break space between thousands is not in every font: the wide one is.
_SPACE = "\u00a0"
_UNITS = "octets?|[kMG]o|Mio|bits?|min|ms|s|h|jours?|ans?|mois|°C|km|cm|mm|kg|mg|g|€"
# A space before a sign, after an opening quote or « n° », between a number and its unit, between thousands, inside an
# hour. It begins with the space itself: that is what makes it fast.
_TIED = re.compile(
    r" (?:(?<![ \n\t] )(?=[:;?!%»](?![\w/]))|(?<=« )|(?<=[nN]° )"
    rf"|(?<=\d )(?:(?=(?:{_UNITS})(?![\w'’&]))|(?=000(?!\w| \d)))"
    r"|(?<=\d [hH] )(?=\d\d(?!\d)))"
)


def unbroken(text: str) -> str:
    """Return a text in which « : » or « % » stays with what precedes it, a quote with its words, an hour whole."""
    return _TIED.sub(_SPACE, text)


def number(value: int) -> str:
    """Write a whole number: « 12 345 »."""
    return f"{value:,}".replace(",", _SPACE)


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share: « 12,3 % »; what is not nothing never reads as nothing."""
    if share is None:
        return NONE
    least = 10**-digits
    if 0 < 100 * share < least / 2:
        return f"moins de {least:.{digits}f}".replace(".", ",") + f"{_SPACE}%"
    return f"{100 * share:.{digits}f}".replace(".", ",") + f"{_SPACE}%"


def delay(value: timedelta | None) -> str:
    """Write a delay in the unit that suits it: « 3 jours », « 5 h », « 12 min »."""
    if value is None:
        return NONE
    minutes = value.total_seconds() / 60
    if minutes < 60:
        return f"{minutes:.0f}{_SPACE}min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.0f}{_SPACE}h"
    return f"{minutes / 1440:.1f}".replace(".", ",").removesuffix(",0") + f"{_SPACE}jours"


def figure(value: Figure | None) -> str:
    """Write a figure: a count, a share or a delay."""
    if value is None:
        return NONE
    if value.indicator.unit is Unit.COUNT:
        return number(value.numerator)
    return delay(value.delay) if value.indicator.unit.is_delay else percent(value.share)


def out_of(value: Figure) -> str:
    """Write what a share is made of: « 123 sur 1 000 »; how many decisions a delay is of."""
    if value.indicator.unit is Unit.COUNT:
        return ""
    if value.indicator.unit.is_delay:
        decisions = value.denominator or 0
        return f"{number(decisions)} {noun(decisions, 'décision', 'décisions')}"
    return f"{number(value.numerator)} sur {number(value.denominator or 0)}"


def month(text: str) -> str:
    """Write a month (AAAA-MM): « octobre 2026 »."""
    return f"{MONTHS[int(text[5:]) - 1]} {text[:4]}"


def amount(value: Figure | None) -> float | None:
    """Return what a figure measures as one number: rows, percent, or hours; None when there is nothing."""
    if value is None:
        return None
    if value.indicator.unit is Unit.COUNT:
        return float(value.numerator)
    if value.indicator.unit.is_delay:
        return value.delay.total_seconds() / 3600 if value.delay is not None else None
    return 100 * value.share if value.share is not None else None


def evolution(points: Sequence[Figure]) -> str:
    """Say in words how an indicator went from its first point to its last."""
    amounts = [found for found in map(amount, points) if found is not None]
    if len(amounts) < 2:
        return N_("Un seul relevé : l'évolution se lira demain.")
    first, last = amounts[0], amounts[-1]
    if abs(last - first) < 0.05:
        return N_("Stable.")
    better = points[-1].indicator.better
    if better is Better.NEITHER:
        return N_("En hausse.") if last > first else N_("En baisse.")
    is_good = (last > first) == (better is Better.MORE)
    if last > first:
        return N_("En hausse : cela va mieux.") if is_good else N_("En hausse : à surveiller.")
    return N_("En baisse : cela va mieux.") if is_good else N_("En baisse : à surveiller.")
