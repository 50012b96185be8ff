"""The RNIV search: a birth date first, then at most three first letters of a name or a given name.

RNIV 1 (search before creation, EXI ID 17: distinct fields, not one bar).
"""

import re
from dataclasses import dataclass

from identity.normalise import match_key
from identity.traits import BirthDate, TraitError

_LETTERS = 3
_FRENCH = re.compile(r"(\d{2})[/.\- ]?(\d{2})[/.\- ]?(\d{4})", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SearchCriteria:
    """A birth date and the first letters (match key, none to three) of a name or given name."""

    birth_date: BirthDate
    letters: str


def normalise_search(birth_date_text: str, letters: str) -> SearchCriteria:
    """Read what an agent typed; raise `TraitError` with the way to write it."""
    return SearchCriteria(_read_date(birth_date_text.strip()), _read_letters(letters))


def _read_date(text: str) -> BirthDate:
    if _ISO.fullmatch(text):
        return BirthDate.parse(text)
    found = _FRENCH.fullmatch(text)
    if not found:
        raise TraitError(
            "birth_date",
            "date-format",
            "Saisissez la date de naissance complète, jour, mois et année : JJ/MM/AAAA ou JJMMAAAA.",
        )
    day, month, year = found.groups()
    return BirthDate.parse(f"{year}-{month}-{day}")


def _read_letters(text: str) -> str:
    key = match_key(text)
    if not re.fullmatch(r"[A-Z ]*", key, re.ASCII):
        raise TraitError(
            "letters", "trait-charset", "Saisissez seulement les trois premières lettres du nom ou du prénom."
        )
    return key[:_LETTERS].rstrip()
