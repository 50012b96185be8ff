"""RNIV statuses and attributes of an identity, and what they allow.

RNIV 1 and 2, EXI SI 07 (exclusive statuses), EXI SI 09 and EXI ID 26 (doubtful, fictitious).
"""

from enum import StrEnum

from identity.traits import TraitError


class IdentityStatus(StrEnum):
    """The four exclusive confidence levels, lowest first."""

    PROVISIONAL = "PROV"
    RETRIEVED = "RECUP"
    VALIDATED = "VALI"
    QUALIFIED = "QUAL"

    @property
    def carries_ins(self) -> bool:
        """Tell whether an identity of this status holds an INS."""
        return self in (IdentityStatus.RETRIEVED, IdentityStatus.QUALIFIED)

    @property
    def rank(self) -> int:
        """Order of confidence, 0 to 3."""
        return list(IdentityStatus).index(self)


class Attribute(StrEnum):
    """Attributes that go with a status."""

    HOMONYM = "HOMA"
    DOUBTFUL = "DOUT"
    FICTITIOUS = "FICT"


BARRED = frozenset({Attribute.DOUBTFUL, Attribute.FICTITIOUS})
"""What no INS goes with, and no status but provisional."""


def check_attributes(status: IdentityStatus, attributes: frozenset[Attribute]) -> None:
    """Raise `TraitError` when attributes contradict each other or the status."""
    if Attribute.FICTITIOUS in attributes and len(attributes) > 1:
        raise TraitError("attributes", "attribute-combination", "« Fictive » ne se combine avec aucun attribut.")
    if attributes & BARRED and status is not IdentityStatus.PROVISIONAL:
        raise TraitError("attributes", "status-attribute", "Une identité douteuse ou fictive a le statut provisoire.")
