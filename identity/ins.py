"""The INS: matricule (NIR or NIA, 13 characters and a 2-digit key) and the OID of its authority.

Référentiel INS v2.1; structure and key of the NIR by INSEE. A matricule never travels without its OID.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_FORM = re.compile(r"[123478]\d{4}(?:\d{2}|2[AB])\d{8}", re.ASCII)
WAITING = frozenset("78")
"""What the number of somebody who waits for a NIR begins with, men and women (NIA)."""
_CORSICA = {"2A": "19", "2B": "18"}


class InsOid(StrEnum):
    """Authorities of an INS. Test and demonstration OIDs are refused in production by the hub's settings."""

    NIR = "1.2.250.1.213.1.4.8"
    NIA = "1.2.250.1.213.1.4.9"
    NIR_TEST = "1.2.250.1.213.1.4.10"
    NIR_DEMO = "1.2.250.1.213.1.4.11"

    @property
    def is_waiting(self) -> bool:
        """Tell whether it numbers people who wait for their NIR (NIA)."""
        return self is InsOid.NIA


PRODUCTION_OIDS = frozenset({InsOid.NIR, InsOid.NIA})
TEST_OIDS = frozenset({InsOid.NIR_TEST, InsOid.NIR_DEMO})


class InsError(ValueError):
    """An INS is malformed. `code` is `ins-format`, `ins-key` or `ins-oid`; the matricule is never quoted."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Ins:
    """A matricule and its authority; build it with `parse_ins`, which checks form and key."""

    matricule: str
    oid: InsOid


def nir_key(body: str) -> str:
    """Return the two-digit key of a 13-character NIR or NIA body; raise `InsError` when it is malformed.

    Corsican departments 2A and 2B count as 19 and 18, at positions 6 and 7 only.
    """
    department = _CORSICA.get(body[5:7])
    digits = body[:5] + department + body[7:] if department else body
    if len(digits) != 13 or not digits.isascii() or not digits.isdigit():
        raise InsError("ins-format", "Le matricule INS doit compter 13 caractères et une clé de 2 chiffres.")
    return f"{97 - int(digits) % 97:02d}"


def parse_ins(matricule: str, oid: str | None) -> Ins:
    """Check a matricule (spaces, dots and hyphens are dropped) and its OID (`urn:oid:` prefix allowed)."""
    compact = re.sub(r"[\s.\-]", "", matricule).upper()
    if not _FORM.fullmatch(compact):
        raise InsError("ins-format", "Le matricule INS doit compter 13 caractères et une clé de 2 chiffres.")
    if nir_key(compact[:13]) != compact[13:]:
        raise InsError("ins-key", "La clé du matricule INS ne correspond pas.")
    if not oid:
        raise InsError("ins-oid", "Un matricule INS doit être accompagné de l'OID de son autorité.")
    try:
        authority = InsOid(oid.removeprefix("urn:oid:"))
    except ValueError as err:
        raise InsError("ins-oid", "L'OID de l'autorité INS n'est pas connu.") from err
    return Ins(compact, authority)
