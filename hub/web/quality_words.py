"""The texts and figures of quality in the reader's language: indicators and figures speak French by themselves."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from babel.dates import format_date
from flask_babel import get_domain, get_locale, lazy_gettext, ngettext

from hub.vigilance import wording
from hub.vigilance.indicators import Better, Indicator
from hub.vigilance.quality import Figure

SIGNS = {
    Better.LESS: lazy_gettext("mieux si cela baisse"),
    Better.MORE: lazy_gettext("mieux si cela monte"),
    Better.NEITHER: "",
}
_SENTENCE = re.compile(r"(?<=\.) ")
# The words that figures are written with.
_WORDS = {
    "jours": lazy_gettext("jours"),
    "moins de": lazy_gettext("moins de"),
    "sur": lazy_gettext("sur"),
}
_WORD = re.compile(r"\b(?:jours|moins de|sur)\b")


def _translated(told: str) -> str:
    """Translate a text that its own module marks for Babel."""
    return str(get_domain().gettext(told))


def text(told: str) -> str:
    """Translate a text of an indicator, one sentence after another."""
    return " ".join(_translated(sentence) for sentence in _SENTENCE.split(told))


def label(indicator: Indicator) -> str:
    """Say what an indicator is called."""
    rows = ", ".join(_translated(part) for part in indicator.of)
    return f"{_translated(indicator.name)} : {rows}" if rows else _translated(indicator.name)


def _said(written: str) -> str:
    return _WORD.sub(lambda found: str(_WORDS[found[0]]), written)


def figure(value: Figure | None) -> str:
    """Write a figure."""
    return _said(wording.figure(value))


def out_of(value: Figure) -> str:
    """Write what a figure is made of."""
    if value.indicator.unit.is_delay:
        number = value.denominator or 0
        decisions = ngettext("décision", "décisions", number)
        return f"{wording.number(number)} {decisions}"
    return _said(wording.out_of(value))


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share."""
    return _said(wording.percent(share, digits))


def delay(value: timedelta | None) -> str:
    """Write a delay."""
    return _said(wording.delay(value))


def evolution(points: Sequence[Figure]) -> str:
    """Say how an indicator went."""
    return _translated(wording.evolution(points))


def month(written: str) -> str:
    """Write a month (AAAA-MM): « octobre 2026 »."""
    return format_date(date.fromisoformat(f"{written}-01"), "MMMM y", locale=str(get_locale() or "fr"))
