"""Of whom a death of the official file is: surely one person's, perhaps one's, or nobody's of the index.

INSEE, fichier des décès (civil-status names, COG codes); RNIV 1 (homonyms, twins), EXI ID 10 (coherent given names).
Somebody alive who is held as dead is no longer told of their documents: one doubt is enough to ask an officer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from identity import linkage
from identity.comparable import is_fictitious
from identity.decision import (
    COMMON_NAMES,
    DATE_DIFFERENT,
    FICTITIOUS,
    GIVEN_DIFFERENT,
    OTHER_PERSON,
    SEX_GIVEN,
    SURNAME_DIFFERENT,
    TWINS,
    Reason,
)
from identity.linkage import Candidate, IdentityRecord, PersonScore
from identity.model import Model
from identity.normalise import is_placeholder_name, match_key
from identity.places import PlaceAgreement, compare_places
from identity.traits import BirthDate, Sex, Traits

DOUBTFUL = Reason("death-doubtful", "Le fichier des décès nomme quelqu'un de très proche, sans certitude.")
SEVERAL = Reason("death-several", "Plusieurs personnes de l'index peuvent être celle du fichier des décès.")
UNCOMPARED = Reason("death-limited", "Trop d'identités se ressemblent : toutes n'ont pas pu être comparées.")

# Whoever differs so from the dead is somebody else, as a twin or a child is: not worth an officer's time.
_SOMEBODY_ELSE = frozenset(
    {TWINS, OTHER_PERSON, GIVEN_DIFFERENT, SEX_GIVEN, DATE_DIFFERENT, SURNAME_DIFFERENT, FICTITIOUS}
)
_UNKNOWN_PLACE = "99999"


class Certainty(StrEnum):
    """How surely a death of the file is that of a person of the index."""

    SURE = "sure"
    DOUBTFUL = "doubtful"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Recognition:
    """Of whom a death is: the person and the identity that fits best, and what an officer is asked when in doubt."""

    certainty: Certainty
    person_id: str | None
    record_id: str | None
    reasons: tuple[Reason, ...]


NOBODY = Recognition(Certainty.NOBODY, None, None, ())


def recognise(
    dead: IdentityRecord, candidates: Sequence[Candidate], model: Model, *, compared_all: bool
) -> Recognition:
    """Say which person a death of the file is that of.

    Sure only when every civil-status trait agrees strictly with an identity of one person, when nobody else is near,
    and when nothing else speaks against; somebody near enough for an officer otherwise.
    """
    near = [
        person
        for person in linkage.decide(dead, candidates, model).considered
        if person.score.total >= model.thresholds.review
        and not person.strangers
        and person.veto not in _SOMEBODY_ELSE
    ]
    if not near:
        return NOBODY
    best = near[0]
    records = next(item.records for item in candidates if item.person_id == best.person_id)
    same = [record for record in records if is_strictly_same(dead.traits, record.traits)]
    doubts = _doubts(dead, near, records, same, compared_all=compared_all)
    if doubts:
        return Recognition(Certainty.DOUBTFUL, best.person_id, best.record_id, doubts)
    return Recognition(Certainty.SURE, best.person_id, same[0].record_id, ())


def _doubts(
    dead: IdentityRecord,
    near: Sequence[PersonScore],
    records: Sequence[IdentityRecord],
    same: Sequence[IdentityRecord],
    *,
    compared_all: bool,
) -> tuple[Reason, ...]:
    veto = near[0].veto
    well_named = any(_is_well_named(dead.traits, record.traits) for record in same)
    # Abroad, the place is a whole country: one given name says too little, and common names always do.
    is_abroad = (dead.traits.birth_place or "").startswith("99")
    doubts = []
    if not same or any(record.attributes for record in records) or (is_abroad and not well_named):
        doubts.append(DOUBTFUL)
    if veto is not None and not (veto is COMMON_NAMES and well_named and not is_abroad):
        doubts.append(veto)
    if len(near) > 1:
        doubts.append(SEVERAL)
    if not compared_all:
        doubts.append(UNCOMPARED)
    return tuple(doubts)


def is_strictly_same(one: Traits, other: Traits) -> bool:
    """Tell whether birth name, given names, complete birth date, sex and place of birth all agree."""
    return (
        _same_name(one.birth_name, other.birth_name)
        and _coherent_given(one, other)
        and _same_birth(one.birth_date, other.birth_date)
        and one.sex is other.sex
        and one.sex is not Sex.UNKNOWN
        and _same_place(one, other)
    )


def _same_name(one: str | None, other: str | None) -> bool:
    if not one or not other or is_placeholder_name(one):
        return False
    return match_key(one) == match_key(other)


def _given(traits: Traits) -> list[str]:
    return match_key(" ".join(traits.given_names)).split()


def _coherent_given(one: Traits, other: Traits) -> bool:
    """Tell whether the lists are the same, or the shorter one opens the longer one (RNIV, EXI ID 10)."""
    short, long = sorted((_given(one), _given(other)), key=len)
    return bool(short) and long[: len(short)] == short


def _is_well_named(one: Traits, other: Traits) -> bool:
    """Tell whether two given names or more are the same, and no other."""
    given = _given(one)
    return len(given) > 1 and given == _given(other)


def _same_birth(one: BirthDate | None, other: BirthDate | None) -> bool:
    if one is None or other is None or is_fictitious(one) or is_fictitious(other):
        return False
    return (one.year, one.month, one.day) == (other.year, other.month, other.day)


def _same_place(one: Traits, other: Traits) -> bool:
    places = (one.birth_place, other.birth_place)
    if places[0] is None or places[1] is None or _UNKNOWN_PLACE in places:
        return False
    year = one.birth_date.year if one.birth_date else None
    agreement = compare_places(places[0], places[1], year)
    return places[0] == places[1] or agreement in (PlaceAgreement.SAME, PlaceAgreement.SAME_COUNTRY)
