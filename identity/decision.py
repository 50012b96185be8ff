"""What forbids an automatic link, whatever the score.

RNIV 1 and 3RIV (doubles, collisions, homonyms, twins; fictitious and doubtful identities EXI SI 09, EXI ID 26). A
wrong merge may kill, a missed one is mended by an officer: every doubt here sends to review, never to a link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from identity.comparison import Observation
from identity.model import Model
from identity.records import IdentityRecord
from identity.status import Attribute, IdentityStatus


class Outcome(StrEnum):
    """What becomes of an incoming identity."""

    LINK = "link"
    NEW = "new"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code for programs and a French sentence for the officer."""

    code: str
    text: str


_SURE_NAMES = frozenset({"exact", "particle", "used"})
_SURE_GIVEN = frozenset({"full", "exact"})
_OTHER_GIVEN = frozenset({"different", "similar", "short"})
_UNSURE_GIVEN = frozenset({"others_differ", "typo", "phonetic", "initial"})
_SHORT_NAME = 6

FICTITIOUS = Reason("fictitious", "Une identité fictive n'est jamais rapprochée.")
DOUBTFUL = Reason("doubtful", "Une identité douteuse n'est rapprochée que par un agent.")
INS_CONFLICT = Reason(
    "ins-conflict", "Deux identités qualifiées portent des matricules INS différents : ce sont deux personnes."
)
INS_DIFFERENT = Reason("ins-different", "Les matricules INS diffèrent.")
SAME_DOMAIN = Reason(
    "same-domain", "Les deux identités viennent du même domaine : doublon possible, à traiter par un agent."
)
TWINS = Reason("twins", "Même nom et même date de naissance, prénoms différents : jumeaux possibles.")
OTHER_PERSON = Reason("other-person", "Prénoms et dates de naissance différents.")
GIVEN_DIFFERENT = Reason("given-different", "Les prénoms ne concordent pas assez.")
SEX_GIVEN = Reason("sex-given", "Les sexes diffèrent et les prénoms ne sont pas identiques.")
DATE_DIFFERENT = Reason(
    "birth-date-different", "Les dates de naissance diffèrent : parent, enfant ou homonyme possible."
)
SURNAME_DIFFERENT = Reason("surname-different", "Les noms diffèrent.")
DEATH_CONFLICT = Reason("death-conflict", "Les dates de décès diffèrent.")
WEAK_EVIDENCE = Reason("weak-evidence", "Il manque un nom, un prénom ou une date de naissance pour conclure seul.")
NO_CORROBORATION = Reason("no-corroboration", "Nom, prénom et date seuls : rien d'autre ne les confirme.")

MANY_DIFFERENCES = Reason("many-differences", "Plusieurs traits stricts sont seulement approchants.")
LACKS_OF_EVIDENCE = frozenset({WEAK_EVIDENCE, NO_CORROBORATION, MANY_DIFFERENCES})


def veto(
    incoming: IdentityRecord, other: IdentityRecord, observations: Sequence[Observation], model: Model
) -> Reason | None:
    """Say why two records may not be linked automatically; None when nothing forbids it.

    Rules of standing (attributes, INS, domain) come before rules on traits, the gravest first.
    """
    seen = {item.trait: item for item in observations}
    return _standing_veto(incoming, other, seen["ins"].level) or _traits_veto(incoming, other, seen, model)


def _standing_veto(a: IdentityRecord, b: IdentityRecord, ins: str) -> Reason | None:
    attributes = a.attributes | b.attributes
    both_qualified = a.status is IdentityStatus.QUALIFIED and b.status is IdentityStatus.QUALIFIED
    if Attribute.FICTITIOUS in attributes:
        return FICTITIOUS
    if both_qualified and ins in ("near", "different", "different_incoherent"):
        return INS_CONFLICT
    if Attribute.DOUBTFUL in attributes:
        return DOUBTFUL
    if ins == "different":
        return INS_DIFFERENT
    return SAME_DOMAIN if a.domain == b.domain else None


def _traits_veto(a: IdentityRecord, b: IdentityRecord, seen: dict[str, Observation], model: Model) -> Reason | None:
    surname, given, when = (seen[trait].level for trait in ("surname", "given", "birth_date"))
    if "missing" in (surname, given, when):
        return WEAK_EVIDENCE
    if not _is_same_given(seen, model) and not _is_certified(a, b, seen):
        return _given_reason(surname, when)
    if seen["sex"].level == "different" and given not in _SURE_GIVEN:
        return SEX_GIVEN
    if when == "different":
        return DATE_DIFFERENT
    if seen["death"].level == "different":
        return DEATH_CONFLICT
    if seen["ins"].level == "same":
        return _same_ins_veto(seen)
    if surname == "different":
        return SURNAME_DIFFERENT
    if not _is_corroborated(seen) and not _is_distinctive(seen, model):
        return NO_CORROBORATION
    return MANY_DIFFERENCES if _count_differences(seen) > 1 else None


def _same_ins_veto(seen: dict[str, Observation]) -> Reason | None:
    """Ask of a shared INS that the rest confirms it: matricules are typed, and copied from a parent or a twin."""
    is_sure = seen["given"].level in _SURE_GIVEN and seen["birth_date"].level == "exact"
    return SURNAME_DIFFERENT if seen["surname"].level == "different" and not is_sure else None


def _given_reason(surname: str, when: str) -> Reason:
    if when == "different":
        return OTHER_PERSON
    # Twins have the same date; a slip in it does not make them one person.
    return GIVEN_DIFFERENT if surname == "different" else TWINS


def _is_certified(a: IdentityRecord, b: IdentityRecord, seen: dict[str, Observation]) -> bool:
    """Tell whether both identities are qualified under one INS: INSi then vouches for the given names."""
    both = a.status is IdentityStatus.QUALIFIED and b.status is IdentityStatus.QUALIFIED
    return both and seen["ins"].level == "same" and seen["birth_date"].level == "exact"


def _is_same_given(seen: dict[str, Observation], model: Model) -> bool:
    """Tell whether the given names are one name. Two usual names one letter apart (LEA, LEO) are two names."""
    given = seen["given"]
    if given.level in _OTHER_GIVEN:
        return False
    if given.level != "typo" or given.values is None:
        return True
    usual = [model.is_usual_given_name(name) for name in given.values]
    if all(usual):
        return False
    is_long = min(len(name) for name in given.values) >= _SHORT_NAME
    return any(usual) or is_long or seen["ins"].level == "same"


def _is_corroborated(seen: dict[str, Observation]) -> bool:
    """Tell whether anything besides names and date agrees."""
    return (
        seen["birth_place"].level in ("same", "in_ins")
        or seen["address"].level in ("same", "postcode")
        or "same" in (seen["phone"].level, seen["email"].level)
    )


def _is_distinctive(seen: dict[str, Observation], model: Model) -> bool:
    """Tell whether all names, date and sex agree and are so rare together that a homonym is out of the question."""
    levels = (seen["surname"].level, seen["given"].level, seen["birth_date"].level, seen["sex"].level)
    if levels != ("exact", "full", "exact", "same") or seen["birth_place"].level == "different":
        return False
    bits = model.prior + sum(model.weight(seen[trait]) for trait in ("surname", "given", "birth_date", "sex"))
    return bits >= model.thresholds.link + model.thresholds.margin


def _count_differences(seen: dict[str, Observation]) -> int:
    """Count the strict traits that agree only nearly."""
    return (
        (seen["surname"].level not in _SURE_NAMES | {"compound", "swapped"})
        + (seen["given"].level in _UNSURE_GIVEN)
        + (seen["birth_date"].level not in ("exact", "exact_fictitious"))
        + (seen["sex"].level == "different")
    )
