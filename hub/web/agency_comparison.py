"""Make a comparison readable: the traits side by side with what differs, and the score term by term.

Every mark of colour has its words. The bits shown are rounded so that the column adds up to the total shown.
"""

from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from enum import StrEnum

from hub.registry.places import Places
from hub.registry.review import Comparison
from hub.web import formats
from identity.ins import Ins, InsOid
from identity.linkage import IdentityRecord, PairAssessment
from identity.model import Model
from identity.normalise import match_key
from identity.status import Attribute, IdentityStatus

_CENT = Decimal("0.01")
_NEAR = 0.75
_WHOLE = 0.4


class Agreement(StrEnum):
    """How two values of a trait agree, in the word that the page shows."""

    SAME = "identique"
    NEAR = "proche"
    DIFFERENT = "différent"
    ONE_SIDE = "absent d'un côté"
    NEITHER = "absent des deux côtés"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters, with whether the other side has it not."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class TraitRow:
    """One trait of both sides."""

    label: str
    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    agreement: Agreement
    words: str


@dataclass(frozen=True, slots=True)
class Term:
    """What one trait adds to the score or takes away; `share` is the length of its bar, from 0 to 100."""

    label: str
    text: str
    bits: Decimal
    share: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The score, its terms, and where it stands between the thresholds."""

    prior: Decimal
    terms: tuple[Term, ...]
    total: Decimal
    percent: str
    likelihood: str
    link: Decimal
    review: Decimal
    position: str
    veto: str | None


_TRAITS = {
    "surname": "Noms",
    "given": "Prénoms",
    "birth_date": "Date de naissance",
    "sex": "Sexe",
    "birth_place": "Lieu de naissance",
    "ins": "INS",
    "address": "Adresse",
    "phone": "Téléphone",
    "email": "Courriel",
    "death": "Date de décès",
    "household": "Plafond du foyer",
    "records": "Autres identités",
}
_REASONS = {
    "score-review": "Ressemblance forte, mais pas assez pour rapprocher seul",
    "score-link": "Traits concordants",
    "margin": "Deux personnes connues presque aussi proches",
    "fictitious": "Identité fictive",
    "doubtful": "Identité douteuse",
    "ins-conflict": "Deux INS qualifiées différentes",
    "ins-different": "Matricules INS différents",
    "same-domain": "Doublon possible dans une même structure",
    "twins": "Jumeaux possibles",
    "other-person": "Prénoms et dates de naissance différents",
    "given-different": "Prénoms discordants",
    "sex-given": "Sexes différents, prénoms non identiques",
    "birth-date-different": "Dates de naissance différentes",
    "surname-different": "Noms différents",
    "death-conflict": "Dates de décès différentes",
    "weak-evidence": "Trait strict manquant",
    "no-corroboration": "Nom, prénom et date seuls",
    "many-differences": "Plusieurs traits seulement approchants",
    "traits-changed": "Traits devenus très différents",
    "held": "Identité proche retenue",
}
_AUTHORITIES = {
    InsOid.NIR: "NIR",
    InsOid.NIA: "NIA",
    InsOid.NIR_TEST: "NIR de test",
    InsOid.NIR_DEMO: "NIR de démonstration",
}
_ATTRIBUTES = {
    Attribute.HOMONYM: "homonyme",
    Attribute.DOUBTFUL: "douteuse",
    Attribute.FICTITIOUS: "fictive",
}


def reason_words(codes: tuple[str, ...]) -> list[str]:
    """Say why a task was opened; a code without words is shown as it is."""
    return [_REASONS.get(code, code) for code in codes]


def trait_rows(comparison: Comparison, places: Places) -> tuple[TraitRow, ...]:
    """Compare both sides trait by trait, strict traits first; a trait that neither side has is left out."""
    left, right = comparison.left, comparison.right
    levels = {part.trait: part.level for part in comparison.assessment.score.contributions}
    one, other = _values(left, places), _values(right, places)
    rows = [_row(label, one[label], other[label], _known_nearness(label, levels)) for label in one]
    rows.insert(7, _ins_row(left, right, levels["ins"]))
    return tuple(row for row in rows if row.agreement is not Agreement.NEITHER)


def _values(record: IdentityRecord, places: Places) -> dict[str, str]:
    traits, address = record.traits, record.traits.address
    attributes = [_ATTRIBUTES[attribute] for attribute in sorted(record.attributes)]
    return {
        "Nom de naissance": traits.birth_name or "",
        "Nom utilisé": traits.used_name or "",
        "Prénoms de naissance": " ".join(traits.given_names),
        "Prénom utilisé": traits.used_given_name or "",
        "Date de naissance": formats.birth(traits.birth_date) if traits.birth_date else "",
        "Sexe": formats.SEX_LABELS[traits.sex],
        "Lieu de naissance": places.town(traits.birth_place) if traits.birth_place else "",
        "Date de décès": formats.day(traits.death_date) if traits.death_date else "",
        "Adresse": (address.line if address else None) or "",
        "Code postal": (address.postcode if address else None) or "",
        "Ville": (address.city if address else None) or "",
        "Téléphone": formats.phone(traits.phone),
        "Courriel": traits.email or "",
        "Statut": ", ".join([formats.STATUS_LABELS[record.status], *attributes]),
    }


def _known_nearness(label: str, levels: dict[str, str]) -> bool | None:
    """Say from the matching whether unlike values are near; None when the spelling tells."""
    if label == "Date de naissance":
        return levels["birth_date"] not in ("different", "missing")
    if label == "Lieu de naissance":
        return levels["birth_place"] == "department"
    return False if label in ("Sexe", "Statut", "Date de décès", "Téléphone", "Courriel", "Code postal") else None


def _row(label: str, one: str, other: str, near: bool | None) -> TraitRow:
    left, right = _pieces(one, other)
    if not one or not other:
        agreement = Agreement.ONE_SIDE if one or other else Agreement.NEITHER
        return TraitRow(label, (Piece(one, False),), (Piece(other, False),), agreement, agreement.value)
    if one == other:
        agreement = Agreement.SAME
    elif match_key(one) == match_key(other) or (_ratio(one, other) >= _NEAR if near is None else near):
        agreement = Agreement.NEAR
    else:
        agreement = Agreement.DIFFERENT
    return TraitRow(label, left, right, agreement, agreement.value)


def _ins_row(left: IdentityRecord, right: IdentityRecord, level: str) -> TraitRow:
    one, other = left.traits.ins, right.traits.ins
    row = _row("INS", _ins_text(one, left.status), _ins_text(other, right.status), False)
    if one is None or other is None:
        qualified = IdentityStatus.QUALIFIED in (left.status if one else None, right.status if other else None)
        words = "INS qualifiée présente d'un seul côté" if qualified else "INS non qualifiée, d'un seul côté"
        return (
            row if row.agreement is Agreement.NEITHER else TraitRow("INS", row.left, row.right, row.agreement, words)
        )
    both = left.status is right.status is IdentityStatus.QUALIFIED
    name = "INS qualifiées" if both else "INS"
    if one.matricule == other.matricule:
        agreement, words = Agreement.SAME, f"{name} identiques"
    elif level == "near":
        agreement, words = Agreement.NEAR, f"{name} à un caractère près : différentes"
    else:
        agreement, words = Agreement.DIFFERENT, f"{name} différentes"
    return TraitRow("INS", row.left, row.right, agreement, words)


def _ins_text(ins: Ins | None, status: IdentityStatus) -> str:
    if ins is None:
        return ""
    text = ins.matricule
    spaced = " ".join((text[0], text[1:3], text[3:5], text[5:7], text[7:10], text[10:13], text[13:]))
    quality = "qualifiée" if status is IdentityStatus.QUALIFIED else "non qualifiée"
    return f"{spaced} ({_AUTHORITIES[ins.oid]}, {quality})"


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, match_key(one), match_key(other), autojunk=False).ratio()


def _pieces(one: str, other: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Cut both texts into runs that are alike and runs that differ; values with little in common differ whole."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.ratio() < _WHOLE:
        return (Piece(one, True),), (Piece(other, True),)
    left, right = [], []
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        differs = kind != "equal"
        if end > start:
            left.append(Piece(one[start:end], differs))
        if other_end > other_start:
            right.append(Piece(other[other_start:other_end], differs))
    return tuple(left), tuple(right)


def explain(assessment: PairAssessment, model: Model) -> Explanation:
    """Lay out the score: what is known before any comparison, each term, and the sum."""
    score, limits = assessment.score, model.thresholds
    longest = max((abs(part.bits) for part in score.contributions), default=0.0) or 1.0
    terms: list[Term] = []
    exact, shown = Decimal(model.prior), _round(Decimal(model.prior))
    prior = shown
    for part in score.contributions:
        # Each term is the step between two rounded sums, so that what is shown adds up to the total.
        exact += Decimal(part.bits)
        bits = _round(exact) - shown
        shown += bits
        share = round(100 * abs(part.bits) / longest)
        terms.append(Term(_TRAITS.get(part.trait, part.trait), part.text, bits, share))
    return Explanation(
        prior,
        tuple(terms),
        shown,
        _percent(score.probability),
        _likelihood(score.probability),
        _round(Decimal(limits.link)),
        _round(Decimal(limits.review)),
        _position(score.total, model),
        assessment.veto.text if assessment.veto else None,
    )


def _round(bits: Decimal) -> Decimal:
    return bits.quantize(_CENT)


def _percent(probability: float) -> str:
    if probability > 0.999:
        return "plus de 99,9 %"
    if probability < 0.001:
        return "moins de 0,1 %"
    return f"{100 * probability:.1f} %".replace(".", ",")


def _likelihood(probability: float) -> str:
    steps = (
        (0.99, "presque certainement la même personne"),
        (0.9, "très probablement la même personne"),
        (0.6, "plutôt la même personne"),
        (0.4, "rien ne permet de pencher d'un côté"),
        (0.1, "plutôt deux personnes"),
        (0.01, "très probablement deux personnes"),
    )
    return next((words for least, words in steps if probability >= least), "presque certainement deux personnes")


def _position(total: float, model: Model) -> str:
    if total >= model.thresholds.link:
        return "Le score atteint le seuil du rapprochement automatique."
    if total >= model.thresholds.review:
        return "Le score est entre les deux seuils : un officier décide."
    return "Le score est sous le seuil d'examen : les traits parlent plutôt contre."
