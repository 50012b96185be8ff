"""The region's identities as columns, and the pairs of them that lie across two persons though they may be one.

Read page by page with Core: what memory holds is columns, never objects. Nothing is decided here: `doubles` asks the
online matching about each pair.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from numpy.typing import NDArray

from hub import db
from hub.registry.tables import SourceIdentity
from identity.bulk.blocking import Candidates, candidate_pairs
from identity.bulk.engine import Report, Stage, count_bearers, score_candidates
from identity.bulk.records import prepare
from identity.model import Model
from identity.status import Attribute

PAGE = 20_000
_TEXT = pa.dictionary(pa.int32(), pa.string())
Longs = NDArray[np.int64]
Pair = tuple[int, int]
"""Two identities, the earlier one first."""

_TEXTS = {
    "source": SourceIdentity.domain,
    "birth_family": SourceIdentity.birth_name,
    "used_family": SourceIdentity.used_name,
    "given_names": SourceIdentity.given_names,
    "used_given": SourceIdentity.used_given_name,
    "sex": SourceIdentity.sex,
    "birth_place": SourceIdentity.birth_place,
    "ins": SourceIdentity.ins_matricule,
    "address": SourceIdentity.address_line,
    "postcode": SourceIdentity.postcode,
    "city": SourceIdentity.city,
    "phone": SourceIdentity.phone,
    "email": SourceIdentity.email,
}
_MATCHED = sa.and_(SourceIdentity.active, SourceIdentity.attributes.not_like(f"%{Attribute.FICTITIOUS.value}%"))
_READ: tuple[Any, ...] = (
    SourceIdentity.id,
    SourceIdentity.person_id,
    SourceIdentity.birth_date,
    SourceIdentity.birth_date_presumed,
)
_PAGE = (
    sa.select(*_READ, *_TEXTS.values())
    .where(_MATCHED, SourceIdentity.id > sa.bindparam("after"))
    .order_by(SourceIdentity.id)
    .limit(PAGE)
)


@dataclass(frozen=True, slots=True)
class Region:
    """The identities that are matched, in the order of their ids: traits as in a file, and who holds each."""

    table: pa.Table
    ids: Longs
    persons: Longs


@dataclass(frozen=True, slots=True)
class Doubles:
    """Pairs across two persons that are near enough for an officer at least, in the order of the later identity."""

    identities: int
    examined: int
    early: Longs
    late: Longs
    unexamined: Mapping[str, int]
    """Pairs left out because too many identities share a key, by kind of key."""
    widespread: Mapping[str, int]
    """Identities of which something is left out as too many bear it, by kind of key."""

    def batches(self, most: int) -> Iterator[list[Pair]]:
        """Yield pairs about `most` at a time; all pairs of one later identity stay together."""
        batch: list[Pair] = []
        pairs = zip(self.early.tolist(), self.late.tolist(), strict=True)
        for _, group in groupby(pairs, key=lambda pair: pair[1]):
            batch += group
            if len(batch) >= most:
                yield batch
                batch = []
        if batch:
            yield batch


def read(report: Report) -> Region:
    """Read every active identity that is not fictitious."""
    with db.reading() as session:
        total = session.scalar(sa.select(sa.func.count()).select_from(SourceIdentity).where(_MATCHED)) or 0
    pages: list[pa.Table] = []
    ids, persons = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    after = done = 0
    report(Stage.READ, 0, total)
    while rows := _page(after):
        after = rows[-1].id
        done += len(rows)
        ids.append(np.array([row.id for row in rows], np.int64))
        persons.append(np.array([row.person_id for row in rows], np.int64))
        pages.append(_columns(rows))
        report(Stage.READ, done, max(total, done))
    table = pa.concat_tables(pages).unify_dictionaries() if pages else pa.table({})
    return Region(table, np.concatenate(ids), np.concatenate(persons))


def _page(after: int) -> Sequence[sa.Row[Any]]:
    # One transaction a page: a long one would keep PostgreSQL from cleaning up behind everybody's writes.
    with db.reading() as session:
        return session.connection().execute(_PAGE, {"after": after}).all()


def _columns(rows: Sequence[sa.Row[Any]]) -> pa.Table:
    texts = list(zip(*(row[len(_READ) :] for row in rows), strict=True))
    columns = {name: pa.array(values, pa.string()) for name, values in zip(_TEXTS, texts, strict=True)}
    columns["birth_date"] = pa.array(
        [_birth_date(row.birth_date, row.birth_date_presumed) for row in rows], pa.string()
    )
    return pa.table({name: column.dictionary_encode().cast(_TEXT) for name, column in columns.items()})


def _birth_date(text: str | None, presumed: bool) -> str | None:
    """Write a date as a file says it: of a presumed one, what the rule of the RNIV completed is left out again."""
    if text is None or not presumed or len(text) < 10:
        return text
    if text.endswith("-12-31"):
        return text[:4]
    return text[:7] if text.endswith("-01") else text


def doubles(region: Region, done_to: int, model: Model, report: Report, *, wide: bool = False) -> Doubles:
    """Compare the region with itself; pairs of which the later identity is not after `done_to` are left out."""
    count = len(region.ids)
    none = np.zeros(0, np.int64)
    if count < 2:
        return Doubles(count, 0, none, none, {}, {})
    report(Stage.PREPARE, 0, count)
    records = prepare(region.table)
    report(Stage.PREPARE, count, count)
    report(Stage.PAIRS, 0, count)
    found = candidate_pairs(records, wide=wide)
    report(Stage.PAIRS, count, count)
    asked = (region.persons[found.left] != region.persons[found.right]) & (region.ids[found.right] > done_to)
    across = Candidates(found.left[asked], found.right[asked], found.unexamined, found.bearers)
    scored = score_candidates(records, across, model, report)
    near = scored.near
    early, late = region.ids[across.left[near]], region.ids[across.right[near]]
    order = np.lexsort((early, late))
    widespread = count_bearers(found)
    return Doubles(count, len(across.left), early[order], late[order], found.unexamined, widespread)
