"""The traits of a patient identity, as frozen values.

RNIV 1 (national identity-vigilance reference), strict and complementary traits. A trait that is not known is
`None` (or an empty tuple), never a placeholder. Writing rules are in `identity.normalise`, completeness in
`identity.completeness`.
"""

import calendar
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from identity.ins import Ins


class TraitError(ValueError):
    """A trait is malformed. `field` names the trait and `code` the rule; the value itself is never quoted."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message = message


class Sex(StrEnum):
    """Administrative sex: RNIV M, F and I (undetermined), here U when undetermined or not known."""

    MALE = "M"
    FEMALE = "F"
    UNKNOWN = "U"


@dataclass(frozen=True, slots=True, order=True)
class BirthDate:
    """A birth date that may lack its day or its month.

    `presumed` tells that missing parts were completed by the RNIV rules (EXI ID 11, EXI PP 19).
    """

    year: int
    month: int | None = None
    day: int | None = None
    presumed: bool = False

    @classmethod
    def parse(cls, text: str, *, presumed: bool = False) -> "BirthDate":
        """Read an ISO date, `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; raise `TraitError` on anything else."""
        parts = text.split("-")
        widths = [len(part) for part in parts]
        if widths not in ([4], [4, 2], [4, 2, 2]) or not all(p.isascii() and p.isdigit() for p in parts):
            raise TraitError("birth_date", "date-format", "La date de naissance doit être écrite AAAA-MM-JJ.")
        numbers = [int(part) for part in parts]
        year = numbers[0]
        month = numbers[1] if len(numbers) > 1 else None
        day = numbers[2] if len(numbers) > 2 else None
        if year < 1850 or year > 2200:
            raise TraitError("birth_date", "date-range", "L'année de naissance est hors des bornes admises.")
        if month is not None and not 1 <= month <= 12:
            raise TraitError("birth_date", "date-format", "Le mois de naissance n'existe pas.")
        if day is not None and month is not None and not 1 <= day <= calendar.monthrange(year, month)[1]:
            raise TraitError("birth_date", "date-format", "Ce jour n'existe pas dans le calendrier.")
        return cls(year, month, day, presumed)

    def iso(self) -> str:
        """Write the date in ISO form, as complete as it is known."""
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
            if self.day is not None:
                text += f"-{self.day:02d}"
        return text

    @property
    def is_complete(self) -> bool:
        """Tell whether year, month and day are all present."""
        return self.month is not None and self.day is not None

    def completed(self) -> "BirthDate":
        """Complete missing parts as RNIV says: day unknown → 1st, month and day unknown → 31 December."""
        if self.is_complete:
            return self
        if self.month is None:
            return BirthDate(self.year, 12, 31, presumed=True)
        return BirthDate(self.year, self.month, 1, presumed=True)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the person lives: free line, French postcode, town."""

    line: str | None = None
    postcode: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """All traits of one source identity, as received (written by RNIV rules, not yet reduced to match keys)."""

    birth_name: str | None = None
    used_name: str | None = None
    given_names: tuple[str, ...] = ()
    used_given_name: str | None = None
    birth_date: BirthDate | None = None
    sex: Sex = Sex.UNKNOWN
    birth_place: str | None = None
    ins: Ins | None = None
    address: Address | None = None
    phone: str | None = None
    email: str | None = None
    death_date: date | None = None

    @property
    def first_given_name(self) -> str | None:
        """The first birth given name: head of the list."""
        return self.given_names[0] if self.given_names else None
