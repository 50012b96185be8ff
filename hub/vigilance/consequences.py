"""What an act on persons concerns: documents, deliveries, accounts, consents and INS, counted before it is done.

Everything belongs to a source identity and follows it; nothing here writes. Officers see identities, not health: no
title of a document comes out, and contacts come out masked.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from hub.accounts.portal_accounts import AccountState
from hub.accounts.tables import Consent, PortalAccount
from hub.directory import organizations
from hub.documents.tables import Document
from hub.registry import identities, operations
from hub.registry.tables import SourceIdentity
from hub.registry.values import PersonView, StoredIdentity
from hub.routing.tables import Delivery
from hub.routing.values import ChannelName, DeliveryState, RecipientKind
from identity.ins import Ins
from identity.status import IdentityStatus

_MOST_DELIVERIES = 200
_SHOWN = (
    "birth_name", "given_names", "birth_date", "sex", "birth_place", "ins", "used_name", "used_given_name", "address",
    "phone", "email", "death_date",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DocumentCount:
    """How many documents of one type a structure sent or prepared."""

    organization_id: int
    type_code: str | None
    number: int


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A portal account: its state, its contact masked, how many consents hold."""

    id: int
    identity_id: int
    state: AccountState
    email: str
    mobile_end: str
    consents: int


@dataclass(frozen=True, slots=True)
class InsLine:
    """A matricule, on which identities it is, and whether one of them is qualified."""

    ins: Ins
    identity_ids: tuple[int, ...]
    is_qualified: bool


@dataclass(frozen=True, slots=True)
class Belongings:
    """What follows a set of identities wherever they go."""

    identities: tuple[StoredIdentity, ...]
    documents: tuple[DocumentCount, ...]
    deliveries: Mapping[DeliveryState, int]
    accounts: tuple[AccountLine, ...]
    ins: tuple[InsLine, ...]

    @property
    def document_count(self) -> int:
        """How many documents there are."""
        return sum(item.number for item in self.documents)

    @property
    def delivery_count(self) -> int:
        """How many deliveries of these documents there are."""
        return sum(self.deliveries.values())

    @property
    def consent_count(self) -> int:
        """How many consents hold."""
        return sum(item.consents for item in self.accounts)

    @property
    def open_accounts(self) -> tuple[AccountLine, ...]:
        """The accounts that are not closed."""
        return tuple(item for item in self.accounts if item.state is not AccountState.CLOSED)


@dataclass(frozen=True, slots=True)
class KeptValue:
    """A trait that the person will show, which identity it is of, and whether others say something else."""

    name: str
    origin_id: int
    is_disputed: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """Two persons as one: who stays, what it will show and from where, what moves, what is together."""

    survivor_id: int
    survivor: str
    absorbed_id: int
    absorbed: str
    after: PersonView
    kept: tuple[KeptValue, ...]
    moved: Belongings
    together: Belongings


@dataclass(frozen=True, slots=True)
class DeliveryMade:
    """A delivery of a document about one identity, to whom, how far; `account_identity_id` is its account's."""

    id: int
    document_id: int
    organization_id: int
    identity_id: int
    account_identity_id: int | None
    channel: ChannelName
    kind: RecipientKind
    state: DeliveryState
    queued_at: datetime
    read_at: datetime | None


def of_merge(session: Session, groups: operations.Groups) -> Merged:
    """Tell what merging two persons would make."""
    survivor = operations.survivor_of(groups)
    (absorbed,) = (person_id for person_id in groups if person_id != survivor)
    everyone = (*groups[survivor], *groups[absorbed])
    after = identities.view(everyone, organizations.trusts(session))
    return Merged(
        survivor,
        groups[survivor][0].regional_id,
        absorbed,
        groups[absorbed][0].regional_id,
        after,
        kept_values(after),
        belongings(session, groups[absorbed]),
        belongings(session, everyone),
    )


def kept_values(person: PersonView) -> tuple[KeptValue, ...]:
    """Tell from which identity each trait that a person shows comes."""
    live = [item for item in person.identities if item.active] or list(person.identities)
    found = []
    for name in _SHOWN:
        if name not in person.origins:
            continue
        shown = getattr(person.traits, name)
        said = [getattr(item.traits, name) for item in live]
        found.append(KeptValue(name, person.origins[name], any(value and value != shown for value in said)))
    return tuple(found)


def belongings(session: Session, group: Sequence[StoredIdentity]) -> Belongings:
    """Count what follows these identities."""
    ids = [item.id for item in group]
    return Belongings(
        tuple(group), _documents(session, ids), _deliveries(session, ids), _accounts(session, ids), _ins(group)
    )


def _documents(session: Session, ids: Sequence[int]) -> tuple[DocumentCount, ...]:
    columns = (Document.organization_id, Document.type_code)
    query = sa.select(*columns, sa.func.count()).where(Document.source_identity_id.in_(ids)).group_by(*columns)
    return tuple(DocumentCount(*row) for row in session.execute(query.order_by(*columns)))


def _deliveries(session: Session, ids: Sequence[int]) -> dict[DeliveryState, int]:
    query = (
        sa.select(Delivery.state, sa.func.count())
        .join(Document, Document.id == Delivery.document_id)
        .where(Document.source_identity_id.in_(ids))
        .group_by(Delivery.state)
    )
    return {DeliveryState(state): number for state, number in session.execute(query)}


def _accounts(session: Session, ids: Sequence[int]) -> tuple[AccountLine, ...]:
    found = list(session.scalars(sa.select(PortalAccount).where(PortalAccount.source_identity_id.in_(ids))))
    query = sa.select(Consent.account_id).where(
        Consent.account_id.in_([row.id for row in found]), Consent.withdrawn_at.is_(None)
    )
    consents = Counter(session.scalars(query))
    return tuple(
        AccountLine(
            row.id, row.source_identity_id, AccountState(row.state), _masked(row.email), row.mobile[-2:],
            consents[row.id],
        )
        for row in sorted(found, key=lambda row: row.id)
    )  # fmt: skip


def _masked(email: str) -> str:
    name, _, domain = email.partition("@")
    return f"{name[:1]}…@{domain}"


def _ins(group: Sequence[StoredIdentity]) -> tuple[InsLine, ...]:
    carriers: dict[Ins, list[StoredIdentity]] = {}
    for item in group:
        if item.traits.ins is not None:
            carriers.setdefault(item.traits.ins, []).append(item)
    return tuple(
        InsLine(ins, tuple(item.id for item in items), any(item.status is IdentityStatus.QUALIFIED for item in items))
        for ins, items in carriers.items()
    )


def deliveries_since(session: Session, identity_ids: Sequence[int], since: datetime) -> tuple[DeliveryMade, ...]:
    """Return the deliveries made since a moment of documents about these identities, oldest first, 200 at most."""
    own = aliased(PortalAccount)
    query = (
        sa.select(Delivery, Document.organization_id, Document.source_identity_id, own.source_identity_id)
        .join(Document, Document.id == Delivery.document_id)
        .join(SourceIdentity, SourceIdentity.id == Document.source_identity_id)
        .outerjoin(own, own.id == Delivery.account_id)
        .where(Document.source_identity_id.in_(identity_ids), Delivery.queued_at >= since)
        .order_by(Delivery.id)
        .limit(_MOST_DELIVERIES)
    )
    return tuple(_made(*row) for row in session.execute(query))


def _made(
    row: Delivery, organization_id: int, identity_id: int | None, account_identity_id: int | None
) -> DeliveryMade:
    return DeliveryMade(
        row.id, row.document_id, organization_id, int(identity_id or 0), account_identity_id,
        ChannelName(row.channel), RecipientKind(row.recipient_kind), DeliveryState(row.state), row.queued_at,
        row.read_at,
    )  # fmt: skip
