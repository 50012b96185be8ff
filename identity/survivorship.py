"""What is shown and published of a person, composed from its source identities.

RNIV 1 (order of confidence QUAL > VALI > RECUP > PROV; EXI ID 29, the INS leaves only when qualified). Nothing is
invented: every displayed trait is that of one source identity, and strict traits come from one record together.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from identity.ins import Ins
from identity.records import IdentityRecord
from identity.status import BARRED, IdentityStatus
from identity.traits import Sex, Traits

_Value = TypeVar("_Value")
_UNKNOWN_PLACE = "99999"
# Display trusts a validated identity over a retrieved one, whose traits nobody has checked against a document.
_TRUST = {
    IdentityStatus.PROVISIONAL: 0,
    IdentityStatus.RETRIEVED: 1,
    IdentityStatus.VALIDATED: 2,
    IdentityStatus.QUALIFIED: 3,
}


def compose(records: Sequence[IdentityRecord]) -> Traits:
    """Compose the traits displayed for a person: the surest identity first, its gaps filled by the next ones."""
    ordered = sorted(records, key=_preference)
    if not ordered:
        return Traits()
    every = [record.traits for record in ordered]
    best = every[0]
    return replace(
        best,
        birth_name=_first(every, lambda traits: traits.birth_name),
        used_name=_first(every, lambda traits: traits.used_name),
        given_names=next((traits.given_names for traits in every if traits.given_names), ()),
        used_given_name=_first(every, lambda traits: traits.used_given_name),
        birth_date=_first(every, lambda traits: traits.birth_date),
        sex=next((traits.sex for traits in every if traits.sex is not Sex.UNKNOWN), Sex.UNKNOWN),
        birth_place=_birth_place(every),
        ins=publishable_ins(records),
        address=_first(every, lambda traits: traits.address),
        phone=_first(every, lambda traits: traits.phone),
        email=_first(every, lambda traits: traits.email),
        death_date=_first(every, lambda traits: traits.death_date),
    )


def publishable_ins(records: Sequence[IdentityRecord]) -> Ins | None:
    """Return the INS that may leave the hub: carried by a qualified identity, and contradicted by no other."""
    qualified = {
        record.traits.ins
        for record in records
        if record.status is IdentityStatus.QUALIFIED and record.traits.ins and not record.attributes & BARRED
    }
    return next(iter(qualified)) if len(qualified) == 1 else None


def _preference(record: IdentityRecord) -> tuple[bool, int, int, str]:
    """Order records: sound before doubtful, surest status, most strict traits filled, then a stable order."""
    return (
        bool(record.attributes & BARRED),
        -_TRUST[record.status],
        -_count_filled(record.traits),
        record.record_id,
    )


def _count_filled(traits: Traits) -> int:
    known_date = traits.birth_date is not None and traits.birth_date.is_complete and not traits.birth_date.presumed
    known_place = traits.birth_place not in (None, _UNKNOWN_PLACE)
    filled = (
        bool(traits.birth_name),
        bool(traits.given_names),
        known_date,
        traits.sex is not Sex.UNKNOWN,
        known_place,
        bool(traits.used_name),
    )
    return 10 * sum(filled) + len(traits.given_names)


def _birth_place(every: Sequence[Traits]) -> str | None:
    known = (traits.birth_place for traits in every if traits.birth_place not in (None, _UNKNOWN_PLACE))
    return next(known, None) or _first(every, lambda traits: traits.birth_place)


def _first(every: Sequence[Traits], read: Callable[[Traits], _Value | None]) -> _Value | None:
    return next((value for traits in every if (value := read(traits)) is not None), None)
