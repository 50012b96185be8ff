"""How an identity goes from one status to another, and what becomes of its INS.

RNIV 1 and 2 (EXI SI 07, 09, 10, 23; EXI ID 19, 26; EXI REC 08). The matrix is data: a pair (status, event) that it
does not hold is refused. An INS stays with a retrieved or a qualified identity only, and never with a doubtful or
fictitious one: whatever leaves that state drops it, and the former one is told so that it can be kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from identity.evidence import Evidence, Proof
from identity.ins import Ins
from identity.ins_answer import Likeness
from identity.status import BARRED, Attribute, IdentityStatus, check_attributes
from identity.traits import TraitError

_PROV, _RECUP = IdentityStatus.PROVISIONAL, IdentityStatus.RETRIEVED
_VALI, _QUAL = IdentityStatus.VALIDATED, IdentityStatus.QUALIFIED


class Event(StrEnum):
    """What happens to an identity."""

    INSI_ACCEPTED = "insi-accepted"
    EVIDENCE_CHECKED = "evidence-checked"
    CARTE_VITALE_APP = "carte-vitale-app"
    TRAIT_CHANGED = "strict-trait-changed"
    INSI_REFUSED = "insi-refused"
    WRONG_PERSON = "wrong-person"
    DOUBT_RAISED = "doubt-raised"
    DOUBT_LIFTED = "doubt-lifted"
    FICTITIOUS_SET = "fictitious-set"
    FICTITIOUS_LIFTED = "fictitious-lifted"
    HOMONYM_SET = "homonym-set"
    HOMONYM_LIFTED = "homonym-lifted"
    ABSORBED = "absorbed"


EVENT_LABELS = {
    Event.INSI_ACCEPTED: "Réponse d'INSi acceptée",
    Event.EVIDENCE_CHECKED: "Justificatif contrôlé",
    Event.CARTE_VITALE_APP: "Application carte Vitale lue",
    Event.TRAIT_CHANGED: "Trait strict modifié",
    Event.INSI_REFUSED: "INS non confirmée par INSi",
    Event.WRONG_PERSON: "INS d'une autre personne",
    Event.DOUBT_RAISED: "Identité déclarée douteuse",
    Event.DOUBT_LIFTED: "Doute levé",
    Event.FICTITIOUS_SET: "Identité déclarée fictive",
    Event.FICTITIOUS_LIFTED: "Mention fictive retirée",
    Event.HOMONYM_SET: "Homonyme signalé",
    Event.HOMONYM_LIFTED: "Mention homonyme retirée",
    Event.ABSORBED: "Identité absorbée par une autre",
}


class InsEffect(StrEnum):
    """What becomes of the INS: it stays as it is, the received one takes its place, or it is invalidated."""

    KEPT = "kept"
    TAKEN = "taken"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Move:
    """One cell of the matrix."""

    to: IdentityStatus
    ins: InsEffect


MATRIX: Mapping[tuple[IdentityStatus, Event], Move] = {
    (_PROV, Event.INSI_ACCEPTED): Move(_RECUP, InsEffect.TAKEN),
    (_RECUP, Event.INSI_ACCEPTED): Move(_RECUP, InsEffect.TAKEN),
    (_VALI, Event.INSI_ACCEPTED): Move(_QUAL, InsEffect.TAKEN),
    (_QUAL, Event.INSI_ACCEPTED): Move(_QUAL, InsEffect.TAKEN),
    (_PROV, Event.EVIDENCE_CHECKED): Move(_VALI, InsEffect.KEPT),
    (_RECUP, Event.EVIDENCE_CHECKED): Move(_QUAL, InsEffect.KEPT),
    # Further evidence about an identity that was checked is worth recording.
    (_VALI, Event.EVIDENCE_CHECKED): Move(_VALI, InsEffect.KEPT),
    (_QUAL, Event.EVIDENCE_CHECKED): Move(_QUAL, InsEffect.KEPT),
    (_PROV, Event.CARTE_VITALE_APP): Move(_QUAL, InsEffect.TAKEN),
    (_PROV, Event.TRAIT_CHANGED): Move(_PROV, InsEffect.KEPT),
    (_RECUP, Event.TRAIT_CHANGED): Move(_PROV, InsEffect.DROPPED),
    # The evidence was seen for the former trait: it is checked again, which is another event.
    (_VALI, Event.TRAIT_CHANGED): Move(_PROV, InsEffect.KEPT),
    (_QUAL, Event.TRAIT_CHANGED): Move(_PROV, InsEffect.DROPPED),
    (_RECUP, Event.INSI_REFUSED): Move(_PROV, InsEffect.DROPPED),
    (_QUAL, Event.INSI_REFUSED): Move(_VALI, InsEffect.DROPPED),
    (_RECUP, Event.WRONG_PERSON): Move(_PROV, InsEffect.DROPPED),
    (_QUAL, Event.WRONG_PERSON): Move(_PROV, InsEffect.DROPPED),
    **{(status, Event.DOUBT_RAISED): Move(_PROV, InsEffect.DROPPED) for status in IdentityStatus},
    **{(status, Event.FICTITIOUS_SET): Move(_PROV, InsEffect.DROPPED) for status in IdentityStatus},
    (_PROV, Event.DOUBT_LIFTED): Move(_PROV, InsEffect.KEPT),
    (_PROV, Event.FICTITIOUS_LIFTED): Move(_PROV, InsEffect.KEPT),
    **{(status, Event.HOMONYM_SET): Move(status, InsEffect.KEPT) for status in IdentityStatus},
    **{(status, Event.HOMONYM_LIFTED): Move(status, InsEffect.KEPT) for status in IdentityStatus},
    **{(status, Event.ABSORBED): Move(status, InsEffect.KEPT) for status in IdentityStatus},
}

_ADDS = {
    Event.DOUBT_RAISED: Attribute.DOUBTFUL,
    Event.FICTITIOUS_SET: Attribute.FICTITIOUS,
    Event.HOMONYM_SET: Attribute.HOMONYM,
}
_LIFTS = {
    Event.DOUBT_LIFTED: Attribute.DOUBTFUL,
    Event.FICTITIOUS_LIFTED: Attribute.FICTITIOUS,
    Event.HOMONYM_LIFTED: Attribute.HOMONYM,
}
# What makes an identity surer asks that nobody doubts it.
_RAISES = frozenset({Event.INSI_ACCEPTED, Event.EVIDENCE_CHECKED, Event.CARTE_VITALE_APP})
_WITHOUT_INS = "Cette identité ne porte pas d'INS : il n'y en a pas à retirer."
_IMPOSSIBLE = {
    Event.CARTE_VITALE_APP: "L'Application carte Vitale ne qualifie qu'une identité provisoire : ici, enregistrez-la "
    "comme justificatif.",
    Event.INSI_REFUSED: _WITHOUT_INS,
    Event.WRONG_PERSON: _WITHOUT_INS,
    Event.DOUBT_LIFTED: "Cette identité n'est pas douteuse : il n'y a pas de doute à lever.",
    Event.FICTITIOUS_LIFTED: "Cette identité n'est pas fictive : il n'y a rien à retirer.",
    Event.HOMONYM_LIFTED: "Cette identité n'est pas signalée comme homonyme : il n'y a rien à retirer.",
}


class TransitionError(ValueError):
    """The event cannot happen to this identity. `field` names what to mend, when it is a piece of a form."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an identity stands."""

    status: IdentityStatus = IdentityStatus.PROVISIONAL
    attributes: frozenset[Attribute] = frozenset()
    ins: Ins | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """An INS that INSi or the Application carte Vitale gave, and how its traits resemble the local ones."""

    ins: Ins
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Transition:
    """Where the identity stands after the event, and the INS that it lost, if any."""

    after: Standing
    former_ins: Ins | None


def apply(
    before: Standing, event: Event, *, proof: Proof | None = None, received: Received | None = None
) -> Transition:
    """Return what an event makes of an identity; raise `TransitionError` with one sentence when it cannot happen."""
    if not before.is_active:
        raise TransitionError("Cette identité n'est plus active : agissez sur celle qui la remplace.")
    move = MATRIX.get((before.status, event))
    if move is None:
        raise TransitionError(_IMPOSSIBLE[event])
    if event in _RAISES and before.attributes & BARRED:
        raise TransitionError("Cette identité est douteuse ou fictive : levez d'abord cette mention.")
    _check_evidence(before, event, proof, received)
    ins = _ins(before, move, received)
    if move.to.carries_ins and ins is None and event is Event.EVIDENCE_CHECKED:
        raise TransitionError("L'INS de cette identité n'est pas connue du hub : recherchez-la d'abord.")
    after = Standing(move.to, _attributes(before, event), ins, is_active=event is not Event.ABSORBED)
    return Transition(after, before.ins if before.ins != ins else None)


def _check_evidence(before: Standing, event: Event, proof: Proof | None, received: Received | None) -> None:
    if event is Event.EVIDENCE_CHECKED and proof is None:
        raise TransitionError("Choisissez le justificatif que vous avez contrôlé.", "evidence")
    if event is Event.CARTE_VITALE_APP and (proof is None or proof.evidence is not Evidence.CARTE_VITALE_APP):
        raise TransitionError("Cette lecture est celle de l'Application carte Vitale.", "evidence")
    differs = received is not None and received.likeness is Likeness.DIFFERENT
    if event is Event.INSI_ACCEPTED and differs and before.status in (_VALI, _QUAL) and proof is None:
        # Evidence was seen for the local traits and INSi says others: somebody looks at it once more.
        text = (
            "Les traits d'INSi diffèrent de ceux qui ont été contrôlés : reprenez le justificatif et indiquez-le "
            "s'il porte bien les traits d'INSi ; sinon, refusez la réponse."
        )
        raise TransitionError(text, "evidence")


def _ins(before: Standing, move: Move, received: Received | None) -> Ins | None:
    if move.ins is InsEffect.DROPPED:
        return None
    if move.ins is InsEffect.KEPT:
        return before.ins
    if received is None:
        raise TransitionError("Il n'y a pas d'INS à accepter : recherchez-la d'abord.")
    return received.ins


def _attributes(before: Standing, event: Event) -> frozenset[Attribute]:
    lifted, added = _LIFTS.get(event), _ADDS.get(event)
    if lifted is not None and lifted not in before.attributes:
        raise TransitionError(_IMPOSSIBLE[event])
    if added is not None and added in before.attributes:
        raise TransitionError("Cette identité porte déjà cette mention.")
    after = before.attributes - {lifted} | ({added} if added is not None else frozenset())
    move = MATRIX[before.status, event]
    try:
        check_attributes(move.to, after)
    except TraitError as err:
        raise TransitionError(err.message) from err
    return after
