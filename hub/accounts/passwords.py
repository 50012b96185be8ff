"""Passwords: argon2id, and the rules of CNIL recommendation 2022-100 (12 characters, attempts limited)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import Invalid

SHORTEST = 12
LONGEST = 200


def check_new(password: str, *, around: str = "") -> str:
    """Return a password fit for use; raise `Invalid`. `around` is an address whose name it must not hold."""
    if len(password) < SHORTEST:
        raise Invalid(f"Il faut au moins {SHORTEST} caractères : une courte phrase convient.", "password")
    if len(password) > LONGEST:
        raise Invalid(f"Le mot de passe ne peut pas dépasser {LONGEST} caractères.", "password")
    lowered = password.lower()
    if len(set(lowered)) < 5 or (around and around.split("@")[0].lower() in lowered):
        raise Invalid("Ce mot de passe est trop facile à deviner : choisissez une autre phrase.", "password")
    return password


class PasswordVault:
    """Hashes and verifies passwords with argon2id (RFC 9106) at a chosen cost in memory."""

    def __init__(self, memory_mib: int) -> None:
        self._hasher = PasswordHasher(memory_cost=memory_mib * 1024)
        # Verified against when no account exists, so that the answer takes as long.
        self._nobody = self._hasher.hash("nobody has this password")

    def make_hash(self, password: str) -> str:
        """Return the hash to store."""
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether the password fits; takes as long when there is nothing to compare with."""
        try:
            fits = self._hasher.verify(stored or self._nobody, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
        return fits and stored is not None
