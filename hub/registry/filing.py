"""The index of blocking keys: what an identity is filed under, and who is filed under a key.

`source_identity.blocking_keys` says what an identity is filed under, and the database inverts it by itself: a GIN
index on PostgreSQL; on SQLite the table `blocking_key`, which triggers keep (migration 0002). Keys are folded to 32
bits: two that meet by chance cost one comparison, and the index is half as large. The last bit marks a weak key.

A key that `MOST_HOLDERS` identities hold is crowded: nobody else is filed under it, so no search reads a longer list.
Whoever would have been is filed under the pairs of it with each other key instead: who shares two keys is found,
however many share one. A search says that it was limited when even so somebody was left out who should have been
compared. The crowded key of a telephone, a mail or a home is not sought: so many bear it that it tells
nobody from another (`identity.widespread`).

`key_index` names the definition of the keys that all identities are filed by. Searches by another one are refused
until `hub identities reindex` (`hub.registry.reindex`) has been through.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.errors import Unavailable
from hub.registry.tables import CrowdedKey, KeyIndex, SourceIdentity, pack_key, unpack_key
from hub.registry.values import IncomingIdentity, StoredIdentity
from identity.blocking import WEAK_KINDS, keys_and_kinds, keys_of_contacts
from identity.ins import Ins, InsOid
from identity.status import Attribute
from identity.traits import Address, BirthDate, Sex, Traits
from identity.widespread import KINDS, MOST_BEARERS

MOST_HOLDERS = MOST_BEARERS
MOST_ALONE = 10
"""Holders of a key that are compared though they share nothing else."""
MOST_ALONE_IF_WEAK = 5
"""The same of a weak key (`identity.blocking.WEAK_KINDS`): two usual names, or a day and a maternity, say little."""
# With its own keys, 26 at most, an identity stays at the 64 keys that SQLite's triggers cut.
MOST_PAIRED = 38
_MOST_KEYS = 5000
# Not an identity: says that the index was not filed by this definition of the keys.
_OTHER_DEFINITION = -1
# For the driver itself: naming the thousands of keys of a batch one by one would cost more than finding them.
_POSTGRESQL = """
    SELECT key, identity_id FROM filed_under(CAST(%s AS integer[]))
    UNION ALL SELECT key, NULL FROM crowded_key WHERE key = ANY(CAST(%s AS integer[]))
    UNION ALL SELECT 0, -1 WHERE NOT EXISTS (SELECT 1 FROM key_index WHERE definition = %s)
"""
_SQLITE = """
    SELECT key, source_identity_id FROM blocking_key WHERE key IN (KEYS)
    UNION ALL SELECT key, NULL FROM crowded_key WHERE key IN (KEYS)
    UNION ALL SELECT 0, -1 WHERE NOT EXISTS (SELECT 1 FROM key_index WHERE definition = ?)
"""


def fold(key: int, kind: str) -> int:
    """Fold a key of a kind to a signed integer of 32 bits, of which the last says whether the kind is a weak one."""
    return _signed(key | 1 if kind in WEAK_KINDS else key & ~1)


def _signed(number: int) -> int:
    return ((number & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000


def _most_alone(key: int) -> int:
    return MOST_ALONE_IF_WEAK if key & 1 else MOST_ALONE


def sought(traits: Traits) -> frozenset[int]:
    """Return the keys under which identities like these are sought."""
    return frozenset(fold(key, kind) for kind, key in keys_and_kinds(traits))


def fileable(incoming: IncomingIdentity | StoredIdentity) -> frozenset[int]:
    """Return the keys to file an identity under: none when it is inactive or fictitious, as nobody may join it."""
    if not incoming.active or Attribute.FICTITIOUS in incoming.attributes:
        return frozenset()
    return sought(incoming.traits)


def _contacts(traits: Traits) -> Iterator[tuple[int, str]]:
    return ((fold(key, kind), KINDS[kind]) for kind, key in keys_of_contacts(traits))


def widespread(session: Session, traits: Mapping[int, Traits]) -> dict[int, frozenset[str]]:
    """Return, of identities given by their id, the traits that too many bear (`identity.widespread`)."""
    keys = {identity_id: list(_contacts(held)) for identity_id, held in traits.items()}
    wanted = sorted({key for pairs in keys.values() for key, _ in pairs})
    crowded: set[int] = set()
    for start in range(0, len(wanted), _MOST_KEYS):
        query = sa.select(CrowdedKey.key).where(CrowdedKey.key.in_(wanted[start : start + _MOST_KEYS]))
        crowded.update(session.scalars(query))
    found = {identity_id: frozenset(t for key, t in pairs if key in crowded) for identity_id, pairs in keys.items()}
    return {identity_id: traits for identity_id, traits in found.items() if traits}


def pairs(crowded: Iterable[int], keys: Collection[int]) -> list[int]:
    """Return one key for each pair of a crowded key with another of the keys, each once, always in the same order."""
    others = sorted(keys)
    found = (
        _signed(min(key, other) * 0x9E3779B1 + max(key, other))
        for key in sorted(crowded)
        for other in others
        if other != key
    )
    return list(dict.fromkeys(found))


class Files:
    """Who is filed under the keys that a batch seeks: read in few queries, growing as the batch files its own."""

    def __init__(self, session: Session, wanted: Collection[frozenset[int]], filed_by: str | None = None) -> None:
        """Read who shares the keys in an index filed by this version's definition, or by the one named."""
        self._definition = definition() if filed_by is None else filed_by
        self._holders: dict[int, list[int]] = {}
        self._crowded: set[int] = set()
        self._newly_crowded: set[int] = set()
        self._is_begun = True
        self._has_asked = False
        self._session = session
        self._read(set(chain.from_iterable(wanted)))
        self._read({key for keys in wanted for key in pairs(keys & self._crowded, keys)[:MOST_PAIRED]})

    def _read(self, keys: set[int], *, asks: bool = False) -> None:
        """Read who is filed under keys; what the index was filed by is asked along, without any key when `asks`."""
        missing = sorted(key for key in keys if key not in self._holders)
        if not missing and (self._has_asked or not asks):
            return
        self._has_asked = True
        self._holders.update((key, []) for key in missing)
        for key, identity_id in _holders(self._session, missing, self._definition):
            if identity_id == _OTHER_DEFINITION:
                self._is_begun = False
                _check_empty(self._session, self._definition)
            elif identity_id is None:
                self._crowded.add(key)
            else:
                self._holders[key].append(identity_id)

    def widespread(self, keys: frozenset[int], traits: Traits) -> dict[int, str]:
        """Return, of the keys of these traits, those of what too many bear, each with the trait that it tells."""
        self._read(set(keys))
        crowded = keys & self._crowded
        return {key: trait for key, trait in _contacts(traits) if key in crowded} if crowded else {}

    def search(self, keys: frozenset[int], *, every: bool = False) -> tuple[list[int], bool]:
        """Return the identities that share a key, those of the rarest keys first; tell whether some were left out.

        Of those who share nothing but a key that more than `MOST_ALONE` hold (`MOST_ALONE_IF_WEAK`), none are
        returned unless `every` is asked for: they are not counted as left out.
        """
        self._read(set(keys))
        crowded = keys & self._crowded
        is_whole = every or len(keys) < 2
        refined = pairs(crowded, keys)
        paired = set(refined[:MOST_PAIRED])
        self._read(paired)
        is_cut = bool(crowded) and is_whole
        limited = is_cut or len(refined) > MOST_PAIRED or not self._crowded.isdisjoint(paired)
        rarity: dict[int, float] = {}
        doubted: set[int] = set()
        for key in sorted(keys | paired):
            holders = self._holders[key]
            is_large = not is_whole and len(holders) > _most_alone(key) and key not in paired
            for identity_id in holders:
                if identity_id not in rarity:
                    rarity[identity_id] = 0.0
                    if is_large:
                        doubted.add(identity_id)
                else:
                    doubted.discard(identity_id)
                rarity[identity_id] += 1 / len(holders)
        found = rarity.keys() - doubted
        return sorted(found, key=lambda identity_id: (-rarity[identity_id], identity_id)), limited

    def file(self, identity_id: int, keys: frozenset[int], former: frozenset[int] = frozenset()) -> list[int]:
        """Return what to file an identity under, given what it is filed under already."""
        # The first of all may have no key: whoever comes next must find that the index was begun.
        self._read(set(keys), asks=True)
        filed = {key for key in keys if key in former or self._has_room(key)}
        crowded = (keys & self._crowded) - filed
        if crowded:
            more = set(pairs(crowded, keys)[:MOST_PAIRED])
            self._read(more)
            filed |= {key for key in more if key in former or self._has_room(key)}
        for key in filed - former:
            self._holders[key].append(identity_id)
        return sorted(filed)

    def _has_room(self, key: int) -> bool:
        if key not in self._crowded and len(self._holders[key]) >= MOST_HOLDERS:
            self._crowded.add(key)
            self._newly_crowded.add(key)
        return key not in self._crowded

    def keep(self) -> None:
        """Write the keys that became crowded, and what the keys of an index that was empty are."""
        if not self._is_begun:
            self._session.execute(sa.delete(KeyIndex))
            begun = {"id": 1, "definition": definition(), "rebuilt_to": 0}
            db.insert_once(self._session, KeyIndex, begun, ["id"])
            self._is_begun = True
        for key in sorted(self._newly_crowded):
            db.insert_once(self._session, CrowdedKey, {"key": key, "crowded_at": db.now(self._session)}, ["key"])
        self._newly_crowded.clear()


def _holders(session: Session, keys: list[int], filed_by: str) -> list[tuple[int, int | None]]:
    """Return each key with each identity filed under it, and with None when it is crowded."""
    if db.is_postgresql(session):
        found = db.rows(session.connection(), _POSTGRESQL, (keys, keys, filed_by))
    else:
        statement = _SQLITE.replace("KEYS", ",".join("?" * len(keys)))
        told = db.rows(session.connection(), statement, (*map(pack_key, keys), *keys, filed_by))
        found = [(unpack_key(key) if isinstance(key, bytes) else key, identity_id) for key, identity_id in told]
    return found


@cache
def definition() -> str:
    """Name what this version files by: a digest of the keys of two persons, and of their pairs."""
    jeanne = Traits(
        birth_name="DUPONT-LE GUEN",
        used_name="DE LA TOUR",
        given_names=("JEANNE-MARIE", "ANNE"),
        used_given_name="ANNE",
        birth_date=BirthDate(1946, 3, 14),
        sex=Sex.FEMALE,
        birth_place="58194",
        ins=Ins("246035819499184", InsOid.NIR_TEST),
        address=Address("3 BD DU GAL LECLERC, RES LES LILAS", "58000", "NEVERS"),
        phone="+33639980001",
        email="jeanne@patient.example",
    )
    # What a first name of two words and a home for many are filed under.
    home = Address("FOYER DES LILAS, 3 RUE NEUVE", "58000", "NEVERS")
    mehdi = Traits(birth_name="ALAMI", given_names=("EL", "MEHDI"), sex=Sex.MALE, address=home)
    hoa = Traits(birth_name="NGUYEN THI", given_names=("THI", "HOA"), birth_date=BirthDate(1958, 5, 13))
    claire = Traits(birth_name="ROUX", given_names=("MME", "CLAIRE"), used_given_name="CLAIRE", sex=Sex.FEMALE)
    claire = replace(claire, address=Address("RUE DU 8 MAI 1945", "58000", "NEVERS"))
    # The family name in the list of given names.
    cuvelier = Traits(birth_name="CUVELIER", given_names=("CUVELIER", "ANNE"), birth_date=BirthDate(1958, 5, 13))
    # What an initial and a guardian leave.
    poor = replace(jeanne, birth_name="M", used_name=None, given_names=("J",), used_given_name=None, ins=None)
    poor = replace(poor, email="tutelle@udaf.example.org")
    keys = sought(jeanne)
    # Keys alone, then those of an identity of which one is crowded.
    told = (
        sorted(keys | sought(mehdi) | sought(hoa) | sought(claire) | sought(cuvelier) | sought(poor)),
        pairs([min(keys)], keys),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def _check_empty(session: Session, filed_by: str) -> None:
    """Refuse an index that was filed by another definition, unless it is empty."""
    unfiled = sa.select(SourceIdentity.id).where(
        SourceIdentity.active, SourceIdentity.attributes.not_like(f"%{Attribute.FICTITIOUS.value}%")
    )
    if session.scalar(unfiled.limit(1)) is None:
        return
    # Asked again: the first arrivals of all may have come since the index was read.
    if session.scalar(sa.select(KeyIndex.definition)) != filed_by:
        raise Unavailable("L'index des identités est à reconstruire : lancez « hub identities reindex ».")
