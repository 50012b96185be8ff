"""Values of routing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.directory.values import Correspondent


class ChannelName(StrEnum):
    """By which way a delivery leaves."""

    PORTAL = "portal"
    MSSANTE = "mssante"


class DeliveryState(StrEnum):
    """How far a delivery came."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"


class RecipientKind(StrEnum):
    """Who receives."""

    PATIENT = "patient"
    PROFESSIONAL = "professional"
    PHARMACY = "pharmacy"


@dataclass(frozen=True, slots=True)
class PatientCopy:
    """What is known of the patient's portal when a document is routed."""

    account_id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """One recipient with the channel and the reason for it."""

    channel: ChannelName
    kind: RecipientKind
    recipient_id: int
    name: str
    account_id: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient that cannot be served, and what to do about it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What sending would do: the deliveries, and what stands in the way."""

    deliveries: tuple[PlannedDelivery, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery as the sender sees it."""

    id: int
    channel: ChannelName
    kind: RecipientKind
    name: str
    state: DeliveryState
    reason: str | None
    next_try_at: datetime | None
    queued_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A sending being prepared."""

    id: int
    organization_id: int
    document_id: int
    copy_to_patient: bool
    recipients: tuple[Correspondent, ...]
