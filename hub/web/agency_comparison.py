"""Make a comparison readable: the traits side by side with what differs, their history, the score as a waterfall.

Every mark of colour has its words. The bits shown are rounded so that the column adds up to the total shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from hub.registry.places import UNKNOWN, Places
from hub.registry.search import NearMatch
from hub.registry.values import PersonView
from hub.vigilance.revisions import Revision
from hub.web import agency_words, formats
from identity.decision import LACKS_OF_EVIDENCE
from identity.ins import Ins, InsOid
from identity.linkage import IdentityRecord, PairAssessment
from identity.model import Model
from identity.normalise import match_key
from identity.scoring import Contribution
from identity.status import Attribute, IdentityStatus
from identity.traits import Sex

_CENT = Decimal("0.01")
_NEAR = 0.75
_WHOLE = 0.4
# Between the names of traits that weigh together more or less than each alone.
_COMBINED = "×"
_RULES = ("rule", "records", "household")


class Agreement(StrEnum):
    """How two values of a trait agree; the page shows the words of `_AGREEMENTS`."""

    SAME = "identique"
    NEAR = "proche"
    DIFFERENT = "différent"
    ONE_SIDE = "absent d'un côté"
    NEITHER = "absent des deux côtés"


class Sides(Protocol):
    """Two identities and their comparison: a task's, a sampled pair's, two persons' that an officer chose."""

    @property
    def left(self) -> IdentityRecord:
        """One identity."""

    @property
    def right(self) -> IdentityRecord:
        """The other."""

    @property
    def assessment(self) -> PairAssessment:
        """What the matching says of them."""


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
class Bar:
    """Where a step of the waterfall is drawn, from 0 to 300."""

    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Term:
    """What one trait adds to the score or takes away, and its step of the waterfall."""

    label: str
    text: str
    bits: Decimal
    bar: Bar


@dataclass(frozen=True, slots=True)
class PastValue:
    """A value that an identity held before a change, and what took its place."""

    label: str
    former: str
    later: str


@dataclass(frozen=True, slots=True)
class PastChange:
    """A change of an identity: when, through which door, and the traits that it changed."""

    revision: Revision
    values: tuple[PastValue, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The score, its terms, and where it stands between the thresholds; the marks are places on the waterfall."""

    prior: Decimal
    prior_bar: Bar
    total_bar: Bar
    zero_mark: int
    link_mark: int
    review_mark: int
    terms: tuple[Term, ...]
    combined: tuple[Term, ...]
    combined_bits: Decimal
    combined_bar: Bar
    total: Decimal
    percent: str
    likelihood: str
    link: Decimal
    review: Decimal
    position: str
    veto: str | None


@dataclass(frozen=True, slots=True)
class Near:
    """A person near to an identity: who, how likely the same, what speaks most for it or against it."""

    person: PersonView
    percent: str
    likelihood: str
    reasons: tuple[str, ...]


_AGREEMENTS = {
    Agreement.SAME: lazy_gettext("identique"),
    Agreement.NEAR: lazy_gettext("proche"),
    Agreement.DIFFERENT: lazy_gettext("différent"),
    Agreement.ONE_SIDE: lazy_gettext("absent d'un côté"),
    Agreement.NEITHER: lazy_gettext("absent des deux côtés"),
}
_LABELS = {
    "birth_name": lazy_gettext("Nom de naissance"),
    "used_name": lazy_gettext("Nom utilisé"),
    "given_names": lazy_gettext("Prénoms de naissance"),
    "used_given_name": lazy_gettext("Prénom utilisé"),
    "birth_date": lazy_gettext("Date de naissance"),
    "sex": lazy_gettext("Sexe"),
    "birth_place": lazy_gettext("Lieu de naissance"),
    "ins": lazy_gettext("INS"),
    "death_date": lazy_gettext("Date de décès"),
    "address": lazy_gettext("Adresse"),
    "postcode": lazy_gettext("Code postal"),
    "city": lazy_gettext("Ville"),
    "phone": lazy_gettext("Téléphone"),
    "email": lazy_gettext("Courriel"),
    "status": lazy_gettext("Statut"),
}
_WEIGHED_AS = {
    "birth_name": "surname",
    "used_name": "surname",
    "given_names": "given",
    "used_given_name": "given",
}
_EXACT = ("sex", "status", "death_date", "phone", "email", "postcode")
_REASONS = {
    "score-review": lazy_gettext("Ressemblance forte, mais pas assez pour rapprocher seul"),
    "score-link": lazy_gettext("Traits concordants"),
    "margin": lazy_gettext("Deux personnes connues presque aussi proches"),
    "fictitious": lazy_gettext("Identité fictive"),
    "doubtful": lazy_gettext("Identité douteuse"),
    "ins-conflict": lazy_gettext("Deux INS qualifiées différentes"),
    "ins-different": lazy_gettext("Matricules INS différents"),
    "same-domain": lazy_gettext("Doublon possible dans une même structure"),
    "twins": lazy_gettext("Jumeaux possibles"),
    "other-person": lazy_gettext("Prénoms et dates de naissance différents"),
    "given-different": lazy_gettext("Prénoms discordants"),
    "sex-given": lazy_gettext("Sexes différents, prénoms non identiques"),
    "birth-date-different": lazy_gettext("Dates de naissance différentes"),
    "surname-different": lazy_gettext("Noms différents"),
    "death-conflict": lazy_gettext("Dates de décès différentes"),
    "weak-evidence": lazy_gettext("Trait strict manquant"),
    "no-corroboration": lazy_gettext("Nom, prénom et date seuls"),
    "many-differences": lazy_gettext("Traits stricts seulement approchants"),
    "strict-differ": lazy_gettext("Deux traits stricts contraires"),
    "other-day": lazy_gettext("Jour ou mois de naissance et téléphone différents"),
    "traits-changed": lazy_gettext("Traits devenus très différents"),
    "held": lazy_gettext("Identité proche retenue"),
    "candidates-limited": lazy_gettext("Trop d'identités proches : toutes n'ont pas été comparées"),
    "widespread-phone": lazy_gettext("Téléphone de plus de 200 identités, non compté"),
    "widespread-email": lazy_gettext("Courriel de plus de 200 identités, non compté"),
    "widespread-address": lazy_gettext("Adresse de plus de 200 identités, non comptée"),
    "told-apart": lazy_gettext("Écartée par un professionnel à la création"),
    "automatic-proposal": lazy_gettext("Rapprochement proposé par le moteur"),
    "homonym": lazy_gettext("Homonyme signalé"),
    "birth-place-different": lazy_gettext("Lieux de naissance différents"),
    "others-differ": lazy_gettext("Prénoms suivants différents"),
    "common-names": lazy_gettext("Noms courants, peu de preuves"),
    "slipped-date": lazy_gettext("Date de naissance un peu différente, peu de preuves"),
    "fictitious-date": lazy_gettext("Date de naissance fictive ou incomplète"),
    "sample-different": lazy_gettext("Lien relu en aveugle : deux personnes"),
    "shared-ins": lazy_gettext("Même INS que l'autre personne"),
    "insi-refused": lazy_gettext("INS non confirmée par INSi"),
    "wrong-person": lazy_gettext("INS d'une autre personne"),
    "death-dates-differ": lazy_gettext("Deux dates de décès différentes"),
    "death-before-birth": lazy_gettext("Décès avant la naissance"),
    "death-dated-since": lazy_gettext("Date annoncée pour un décès confirmé sans date"),
    "death-to-come": lazy_gettext("Décès annoncé à une date à venir, non retenu"),
    "created-after-death": lazy_gettext("Identité créée après le décès"),
    "changed-after-death": lazy_gettext("Traits changés après le décès"),
    "document-after-death": lazy_gettext("Document parti après le décès"),
    "code-after-death": lazy_gettext("Connexion tentée après le décès"),
    "death-withdrawn": lazy_gettext("Décès repris par la structure"),
    "death-undated": lazy_gettext("Décès annoncé sans date par une structure"),
    "told-alive": lazy_gettext("Une structure dit ce patient vivant"),
    "death-doubtful": lazy_gettext("Fichier des décès : personne très proche, sans certitude"),
    "death-several": lazy_gettext("Plusieurs personnes peuvent être celle du fichier"),
    "death-limited": lazy_gettext("Trop d'identités proches du fichier des décès"),
}
_AUTHORITIES = {
    InsOid.NIR: lazy_gettext("NIR"),
    InsOid.NIA: lazy_gettext("NIA"),
    InsOid.NIR_TEST: lazy_gettext("NIR de test"),
    InsOid.NIR_DEMO: lazy_gettext("NIR de démonstration"),
}
_ATTRIBUTES = {
    Attribute.HOMONYM: lazy_gettext("homonyme"),
    Attribute.DOUBTFUL: lazy_gettext("douteuse"),
    Attribute.FICTITIOUS: lazy_gettext("fictive"),
}


def reason_words(codes: tuple[str, ...]) -> list[str]:
    """Say why a task was opened; a code without words is shown as it is."""
    return [str(_REASONS.get(code, code)) for code in codes]


def trait_rows(comparison: Sides, places: Places) -> tuple[TraitRow, ...]:
    """Compare both sides trait by trait, strict traits first; a trait that neither side has is left out."""
    left, right = comparison.left, comparison.right
    levels = {part.trait: part.level for part in comparison.assessment.score.contributions}
    one, other = _values(left, places), _values(right, places)
    rows = [_row(name, one[name], other[name], _known_nearness(name, levels)) for name in one]
    rows.insert(7, _ins_row(left, right, levels["ins"]))
    return tuple(row for row in rows if row.agreement is not Agreement.NEITHER)


def _values(record: IdentityRecord, places: Places) -> dict[str, str]:
    traits, address = record.traits, record.traits.address
    attributes = [str(_ATTRIBUTES[attribute]) for attribute in sorted(record.attributes)]
    return {
        "birth_name": traits.birth_name or "",
        "used_name": traits.used_name or "",
        "given_names": " ".join(traits.given_names),
        "used_given_name": traits.used_given_name or "",
        "birth_date": formats.birth(traits.birth_date) if traits.birth_date else "",
        "sex": str(formats.SEX_LABELS[traits.sex]),
        "birth_place": places.town(traits.birth_place) if traits.birth_place else "",
        "death_date": formats.day(traits.death_date) if traits.death_date else "",
        "address": (address.line if address else None) or "",
        "postcode": (address.postcode if address else None) or "",
        "city": (address.city if address else None) or "",
        "phone": formats.phone(traits.phone),
        "email": traits.email or "",
        "status": ", ".join([str(formats.STATUS_LABELS[record.status]), *attributes]),
    }


def _known_nearness(name: str, levels: dict[str, str]) -> bool | None:
    """Say from the matching whether unlike values are near; None when the spelling tells."""
    if name == "birth_date":
        return levels["birth_date"] not in ("different", "missing")
    if name == "birth_place":
        return levels["birth_place"] in ("same", "city", "country", "department", "missing")
    if levels.get(_WEIGHED_AS.get(name, "")) == "different":
        # ELSA and EMMA: the score holds them for two names, however many letters they share.
        return False
    if name == "address" and levels["address"] == "same":
        # One place in two writings, though few letters may agree: RES LES PINS 12 R DU GAL LECLERC.
        return True
    return False if name in _EXACT else None


def _row(name: str, one: str, other: str, near: bool | None) -> TraitRow:
    label = str(_LABELS[name])
    left, right = _pieces(one, other)
    if not one or not other:
        agreement = Agreement.ONE_SIDE if one or other else Agreement.NEITHER
        return TraitRow(label, (Piece(one, False),), (Piece(other, False),), agreement, str(_AGREEMENTS[agreement]))
    if one == other:
        agreement = Agreement.SAME
    elif match_key(one) == match_key(other) or (_ratio(one, other) >= _NEAR if near is None else near):
        agreement = Agreement.NEAR
    else:
        agreement = Agreement.DIFFERENT
    return TraitRow(label, left, right, agreement, str(_AGREEMENTS[agreement]))


def _ins_row(left: IdentityRecord, right: IdentityRecord, level: str) -> TraitRow:
    one, other = left.traits.ins, right.traits.ins
    row = _row("ins", _ins_text(one, left.status), _ins_text(other, right.status), False)
    if one is None or other is None:
        qualified = IdentityStatus.QUALIFIED in (left.status if one else None, right.status if other else None)
        words = _("INS qualifiée présente d'un seul côté") if qualified else _("INS non qualifiée, d'un seul côté")
        if row.agreement is Agreement.NEITHER:
            return row
        return TraitRow(row.label, row.left, row.right, row.agreement, words)
    both = left.status is right.status is IdentityStatus.QUALIFIED
    if one.matricule == other.matricule:
        agreement, words = Agreement.SAME, _("INS qualifiées identiques") if both else _("INS identiques")
    elif level == "near":
        agreement = Agreement.NEAR
        words = (
            _("INS qualifiées à un caractère près : différentes")
            if both
            else _("INS à un caractère près : différentes")
        )
    else:
        agreement, words = Agreement.DIFFERENT, _("INS qualifiées différentes") if both else _("INS différentes")
    return TraitRow(row.label, row.left, row.right, agreement, words)


def _ins_text(ins: Ins | None, status: IdentityStatus) -> str:
    if ins is None:
        return ""
    text = ins.matricule
    spaced = " ".join((text[0], text[1:3], text[3:5], text[5:7], text[7:10], text[10:13], text[13:]))
    quality = _("qualifiée") if status is IdentityStatus.QUALIFIED else _("non qualifiée")
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
    """Lay out the score: what is known before any comparison, each trait, what they say together, and the sum."""
    score, limits = assessment.score, model.thresholds
    terms: list[Term] = []
    exact, shown = Decimal(model.prior), _round(Decimal(model.prior))
    prior = shown
    combined: list[Term] = []
    parts = sorted(score.contributions, key=_rank)
    scale = _Scale.around(model, [part.bits for part in parts])
    for part in parts:
        # Each term is the step between two rounded sums, so that what is shown adds up to the total.
        exact += Decimal(part.bits)
        bits = _round(exact) - shown
        kept = combined if _COMBINED in part.trait else terms
        if part.bits:
            kept.append(Term(_trait_words(part.trait), part.text, bits, scale.bar(shown, shown + bits)))
        shown += bits
    return Explanation(
        prior,
        scale.bar(Decimal(0), prior),
        scale.bar(Decimal(0), shown),
        scale.place(0.0),
        scale.place(limits.link),
        scale.place(limits.review),
        tuple(terms),
        tuple(combined),
        sum((term.bits for term in combined), Decimal(0)),
        _around([term.bar for term in combined]),
        shown,
        percent(score.probability),
        _likelihood(score.probability),
        _round(Decimal(limits.link)),
        _round(Decimal(limits.review)),
        _position(score.total, model),
        assessment.veto.text if assessment.veto else None,
    )


def near_persons(found: Sequence[NearMatch]) -> tuple[Near, ...]:
    """Say of each person how near it is and why."""
    return tuple(
        Near(
            item.person,
            percent(item.assessment.score.probability),
            _likelihood(item.assessment.score.probability),
            formats.reasons(item.assessment),
        )
        for item in found
    )


def _rank(part: Contribution) -> int:
    """Order what is shown: each trait, then the rules, then what traits say together."""
    return 2 if _COMBINED in part.trait else 1 if part.trait in _RULES else 0


def _trait_words(trait: str) -> str:
    return " × ".join(str(agency_words.SCORED_TRAITS.get(name, name)) for name in trait.split(_COMBINED))


def _around(bars: Sequence[Bar]) -> Bar:
    """Return the bar from the first step to the last."""
    if not bars:
        return Bar(0, 1)
    left = min(bar.x for bar in bars)
    return Bar(left, max(bar.x + bar.width for bar in bars) - left)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From bits to places on the waterfall."""

    low: float
    high: float

    @classmethod
    def around(cls, model: Model, steps: Sequence[float]) -> "_Scale":
        """Return the scale that holds every sum on the way, zero and both thresholds."""
        sums = [0.0, model.prior, model.thresholds.link, model.thresholds.review]
        reached = model.prior
        for bits in steps:
            reached += bits
            sums.append(reached)
        return cls(min(sums), max(sums))

    def place(self, bits: float) -> int:
        """Return where a number of bits is."""
        return round(300 * (bits - self.low) / (self.high - self.low or 1.0))

    def bar(self, start: Decimal, end: Decimal) -> Bar:
        """Return the bar between two sums; the smallest one still shows."""
        left, right = sorted((self.place(float(start)), self.place(float(end))))
        return Bar(left, max(1, right - left))


def past_changes(found: Sequence[Revision], places: Places) -> tuple[PastChange, ...]:
    """Say which traits each change of an identity changed, in the words of the screen."""
    changes = []
    for revision in found:
        former, later = _shown(revision.former, places), _shown(revision.later, places)
        values = tuple(
            PastValue(str(_LABELS[name]), former[name], later[name]) for name in former if former[name] != later[name]
        )
        if values:
            changes.append(PastChange(revision, values))
    return tuple(changes)


def _shown(record: IdentityRecord, places: Places) -> dict[str, str]:
    return {**_values(record, places), "ins": _ins_text(record.traits.ins, record.status)}


def trait_lines(record: IdentityRecord, places: Places) -> tuple[tuple[str, str], ...]:
    """Return the traits of one identity with their labels, those it has."""
    return tuple((str(_LABELS[name]), text) for name, text in _shown(record, places).items() if text)


def read_lines(record: IdentityRecord, places: Places) -> tuple[tuple[str, str], ...]:
    """Return what was read on a document, with labels: it has no status, and often no sex."""
    unread = {"status"} | ({"sex"} if record.traits.sex is Sex.UNKNOWN else set())
    shown = _shown(record, places).items()
    return tuple((str(_LABELS[name]), text) for name, text in shown if text and name not in unread)


def is_easy(one: IdentityRecord, other: IdentityRecord, assessment: PairAssessment) -> bool:
    """Tell whether every strict trait is the same on both sides or missing on one, and nothing speaks against."""
    if assessment.veto is not None and assessment.veto not in LACKS_OF_EVIDENCE:
        return False
    left, right = one.traits, other.traits
    return all(
        not here or not there or here == there
        for here, there in (
            (left.birth_name, right.birth_name),
            (left.given_names, right.given_names),
            (left.birth_date, right.birth_date),
            (_known_sex(left.sex), _known_sex(right.sex)),
            (_known_place(left.birth_place), _known_place(right.birth_place)),
            (left.ins, right.ins),
        )
    )


def _known_sex(sex: Sex) -> Sex | None:
    return None if sex is Sex.UNKNOWN else sex


def _known_place(code: str | None) -> str | None:
    return None if code == UNKNOWN else code


def _round(bits: Decimal) -> Decimal:
    return bits.quantize(_CENT)


def percent(probability: float) -> str:
    """Write a probability as a percentage."""
    if probability > 0.999:
        return _("plus de 99,9 %")
    if probability < 0.001:
        return _("moins de 0,1 %")
    return _("%(number)s %%", number=formats.decimal(f"{100 * probability:.1f}"))


def _likelihood(probability: float) -> str:
    steps = (
        (0.99, _("presque certainement la même personne")),
        (0.9, _("très probablement la même personne")),
        (0.6, _("plutôt la même personne")),
        (0.4, _("rien ne permet de pencher d'un côté")),
        (0.1, _("plutôt deux personnes")),
        (0.01, _("très probablement deux personnes")),
    )
    return next((words for least, words in steps if probability >= least), _("presque certainement deux personnes"))


def _position(total: float, model: Model) -> str:
    if total >= model.thresholds.link:
        return _("Le score atteint le seuil du rapprochement automatique.")
    if total >= model.thresholds.review:
        return _("Le score est entre les deux seuils : un officier décide.")
    return _("Le score est sous le seuil d'examen : les traits parlent plutôt contre.")
