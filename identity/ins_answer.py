"""What INSi answers about somebody, and how its five traits resemble those of an identity.

Guide d'implémentation INS; RNIV 1 (coherence of the first given name, EXI ID 10). Nothing is decided here: a person
sees the comparison and accepts or refuses.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from identity.completeness import given_names_agree
from identity.ins import Ins
from identity.normalise import match_key
from identity.traits import Traits

_UNKNOWN_PLACE = "99999"


class Likeness(StrEnum):
    """How a local trait resembles INSi's: the same, the same but for its writing, or another."""

    IDENTICAL = "identical"
    EQUIVALENT = "equivalent"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class ReportedIdentity:
    """One person as INSi knows them: the INS in force, its five traits, and the former matricules (INSHISTO)."""

    ins: Ins
    traits: Traits
    former: tuple[Ins, ...] = ()


@dataclass(frozen=True, slots=True)
class TraitLikeness:
    """One of the five traits, compared."""

    trait: str
    likeness: Likeness


def compare(local: Traits, reported: Traits) -> tuple[TraitLikeness, ...]:
    """Compare the five traits, in the order in which people read them."""
    return (
        TraitLikeness("birth_name", _names(local.birth_name or "", reported.birth_name or "")),
        TraitLikeness("given_names", _given_names(local.given_names, reported.given_names)),
        TraitLikeness("birth_date", _dates(local, reported)),
        TraitLikeness("sex", Likeness.IDENTICAL if local.sex is reported.sex else Likeness.DIFFERENT),
        TraitLikeness("birth_place", _places(local.birth_place, reported.birth_place)),
    )


def overall(compared: tuple[TraitLikeness, ...]) -> Likeness:
    """Return the least of the likenesses."""
    found = {item.likeness for item in compared}
    if Likeness.DIFFERENT in found:
        return Likeness.DIFFERENT
    return Likeness.EQUIVALENT if Likeness.EQUIVALENT in found else Likeness.IDENTICAL


def with_reported(local: Traits, reported: ReportedIdentity) -> Traits:
    """Return the local traits with INSi's strict traits and INS in their place, kept as INSi writes them (REC 08)."""
    theirs = reported.traits
    return replace(
        local,
        birth_name=theirs.birth_name,
        given_names=theirs.given_names,
        birth_date=theirs.birth_date,
        sex=theirs.sex,
        birth_place=theirs.birth_place or local.birth_place,
        ins=reported.ins,
    )


def _names(local: str, reported: str) -> Likeness:
    if local == reported:
        return Likeness.IDENTICAL
    return Likeness.EQUIVALENT if match_key(local) == match_key(reported) else Likeness.DIFFERENT


def _given_names(local: tuple[str, ...], reported: tuple[str, ...]) -> Likeness:
    if local == reported:
        return Likeness.IDENTICAL
    # The local list may stop after the first given names; it never goes on after INSi's.
    return Likeness.EQUIVALENT if given_names_agree(" ".join(local), reported) else Likeness.DIFFERENT


def _dates(local: Traits, reported: Traits) -> Likeness:
    ours, theirs = local.birth_date, reported.birth_date
    if ours is None or theirs is None or ours.iso() != theirs.iso():
        return Likeness.DIFFERENT
    return Likeness.IDENTICAL if ours.presumed == theirs.presumed else Likeness.EQUIVALENT


def _places(local: str | None, reported: str | None) -> Likeness:
    if local == reported:
        return Likeness.IDENTICAL
    # A place that one side does not know contradicts nothing.
    unknown = (None, _UNKNOWN_PLACE)
    return Likeness.EQUIVALENT if local in unknown or reported in unknown else Likeness.DIFFERENT
