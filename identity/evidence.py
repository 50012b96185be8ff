"""What proves an identity: documents and electronic means of high trust, and for whom each is accepted.

RNIV 1 (EXI SI 10 and 23, EXI ID 19: the kind of evidence is recorded, none is chosen beforehand); codes of FR Core,
`fr-core-cs-mode-validation-identity`. A driving licence and a carte Vitale alone prove nothing and have no code here.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from identity.traits import BirthDate

MAJORITY = 18


class Evidence(StrEnum):
    """A piece of evidence, by its FR Core code."""

    NATIONAL_CARD = "CN"
    PASSPORT = "PA"
    RESIDENCE_PERMIT = "CS"
    DIGITAL_CARD = "eCN"
    DIGITAL_IDENTITY = "IN"
    CARTE_VITALE_APP = "AV"
    BIRTH_CERTIFICATE = "AN"
    FAMILY_BOOK = "LE"
    CIRCULATION_DOCUMENT = "CC"
    RESIDENT_FAMILY_BOOK = "LECV"
    RESIDENT_BIRTH_CERTIFICATE = "ANCV"

    @property
    def is_for_minors(self) -> bool:
        """Tell whether it proves the identity of a minor only."""
        return self in _FOR_MINORS

    @property
    def needs_parent(self) -> bool:
        """Tell whether the evidence of the parent who comes with the minor is needed too."""
        return self in _WITH_PARENT

    @property
    def proves_parent(self) -> bool:
        """Tell whether it proves an adult's identity by itself."""
        return self in _OF_EVERYBODY


_OF_EVERYBODY = frozenset(
    {
        Evidence.NATIONAL_CARD,
        Evidence.PASSPORT,
        Evidence.RESIDENCE_PERMIT,
        Evidence.DIGITAL_CARD,
        Evidence.DIGITAL_IDENTITY,
        Evidence.CARTE_VITALE_APP,
    }
)
_WITH_PARENT = frozenset({Evidence.BIRTH_CERTIFICATE, Evidence.FAMILY_BOOK})
_FOR_MINORS = _WITH_PARENT | {Evidence.CIRCULATION_DOCUMENT}

EVIDENCE_LABELS = {
    Evidence.NATIONAL_CARD: "Carte nationale d'identité (France, Union européenne, EEE, Suisse)",
    Evidence.PASSPORT: "Passeport",
    Evidence.RESIDENCE_PERMIT: "Titre de séjour",
    Evidence.DIGITAL_CARD: "Carte nationale d'identité numérique (France Identité)",
    Evidence.DIGITAL_IDENTITY: "Identité numérique (La Poste)",
    Evidence.CARTE_VITALE_APP: "Application carte Vitale",
    Evidence.BIRTH_CERTIFICATE: "Mineur : extrait d'acte de naissance, avec la pièce d'un parent",
    Evidence.FAMILY_BOOK: "Mineur : livret de famille, avec la pièce d'un parent",
    Evidence.CIRCULATION_DOCUMENT: "Mineur : document de circulation pour étranger mineur",
    Evidence.RESIDENT_FAMILY_BOOK: "Résident d'EHPAD : livret de famille et carte Vitale avec photo",
    Evidence.RESIDENT_BIRTH_CERTIFICATE: "Résident d'EHPAD : acte de naissance et carte Vitale avec photo",
}


class EvidenceError(ValueError):
    """The evidence proves nothing here. `field` is `evidence` or `parent`; the message is for the user."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody held in hand: the patient's evidence, and a parent's when the patient is a minor."""

    evidence: Evidence
    parent: Evidence | None = None


def read_proof(evidence: str, parent: str) -> Proof:
    """Read what a form says; nothing chosen is an error, never a default."""
    try:
        shown = Evidence(evidence)
    except ValueError as err:
        raise EvidenceError("evidence", "Choisissez le justificatif que vous avez contrôlé.") from err
    if not parent:
        return Proof(shown)
    try:
        return Proof(shown, Evidence(parent))
    except ValueError as err:
        raise EvidenceError("parent", "Choisissez la pièce d'identité du parent.") from err


def check_proof(proof: Proof, birth: BirthDate | None, today: date) -> None:
    """Raise `EvidenceError` when the evidence is not accepted for somebody born then."""
    if proof.evidence.is_for_minors and not is_minor(birth, today):
        raise EvidenceError(
            "evidence", "Ce justificatif n'est admis que pour un mineur : demandez une pièce d'identité."
        )
    if proof.evidence.needs_parent and proof.parent is None:
        raise EvidenceError("parent", "Pour un mineur, contrôlez aussi la pièce d'identité du parent et indiquez-la.")
    if proof.parent is not None and not proof.evidence.needs_parent:
        raise EvidenceError(
            "parent", "La pièce d'un parent n'accompagne qu'un acte de naissance ou un livret de famille."
        )
    if proof.parent is not None and not proof.parent.proves_parent:
        raise EvidenceError("parent", "Cette pièce ne prouve pas à elle seule l'identité du parent.")


def is_minor(birth: BirthDate | None, today: date) -> bool:
    """Tell whether somebody born then is under 18. A date that is not known makes nobody a minor."""
    if birth is None:
        return False
    eighteenth = (birth.year + MAJORITY, birth.month or 1, birth.day or 1)
    return (today.year, today.month, today.day) < eighteenth
