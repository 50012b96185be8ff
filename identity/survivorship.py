"""What is shown and published of a person, composed from its source identities.

RNIV 1 (order of confidence QUAL > VALI > RECUP > PROV; EXI ID 29, the INS leaves only when qualified). Nothing is
invented and nothing is blended: the strict traits are all those of one source identity, the surest; each of the other
traits is that of one identity too, and says of which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from identity.ins import Ins
from identity.records import IdentityRecord
from identity.status import BARRED, IdentityStatus
from identity.traits import Sex, Traits

USUAL_TRUST = 5
"""Trust in a structure of which nobody said otherwise, from 0 (least) to 9."""
STRICT = ("birth_name", "given_names", "birth_date", "sex", "birth_place")
_COMPLEMENTARY = ("used_name", "used_given_name", "address", "phone", "email", "death_date")
# Display trusts a validated identity over a retrieved one, whose traits nobody has checked against a document.
_TRUST = {
    IdentityStatus.PROVISIONAL: 0,
    IdentityStatus.RETRIEVED: 1,
    IdentityStatus.VALIDATED: 2,
    IdentityStatus.QUALIFIED: 3,
}


@dataclass(frozen=True, slots=True)
class Source:
    """A source identity, how much its structure is trusted, and since when it holds its traits (any scale)."""

    record: IdentityRecord
    trust: int = USUAL_TRUST
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Composition:
    """The traits shown of a person, and for each trait the record that it comes from."""

    traits: Traits
    origins: Mapping[str, str]


def compose(sources: Sequence[Source]) -> Composition:
    """Compose the traits displayed for a person: strict ones of the surest identity, others of the next that has."""
    ordered = sorted(sources, key=_preference)
    if not ordered:
        return Composition(Traits(), {})
    records = [source.record for source in ordered]
    best = records[0]
    values = {trait: _first(records, trait) for trait in _COMPLEMENTARY}
    ins = publishable_ins(records)
    origins = {
        trait: best.record_id for trait in STRICT if getattr(best.traits, trait) not in (None, (), Sex.UNKNOWN)
    }
    origins |= {trait: found[1] for trait, found in values.items() if found is not None}
    if ins is not None:
        origins["ins"] = next(record.record_id for record in records if record.traits.ins == ins)
    shown = {trait: found[0] if found is not None else None for trait, found in values.items()}
    return Composition(replace(best.traits, ins=ins, **shown), origins)  # type: ignore[arg-type]


def publishable_ins(records: Sequence[IdentityRecord]) -> Ins | None:
    """Return the INS that may leave the hub: carried by a qualified identity, and contradicted by no other."""
    qualified = {
        record.traits.ins
        for record in records
        if record.status is IdentityStatus.QUALIFIED and record.traits.ins and not record.attributes & BARRED
    }
    return next(iter(qualified)) if len(qualified) == 1 else None


def _preference(source: Source) -> tuple[bool, int, bool, int, float, int, str]:
    """Order sources: sound before doubtful, surest status, able to name somebody, trust in the structure, latest."""
    record = source.record
    return (
        bool(record.attributes & BARRED),
        -_TRUST[record.status],
        not (record.traits.birth_name and record.traits.given_names and record.traits.birth_date),
        -source.trust,
        -source.since,
        -len(record.traits.given_names),
        record.record_id,
    )


def _first(records: Sequence[IdentityRecord], trait: str) -> tuple[object, str] | None:
    for record in records:
        value = getattr(record.traits, trait)
        if value is not None:
            return value, record.record_id
    return None
