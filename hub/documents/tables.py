"""Rows of documents. The bytes lie in the store, sealed under the row's own key."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, BigId, UtcDateTime


class Document(Base):
    """A document deposited by a structure about one of its patients; a draft until it is sent."""

    __tablename__ = "document"
    __table_args__ = (
        sa.UniqueConstraint("store_key"),
        sa.Index("ix_document_patient", "source_identity_id"),
        sa.Index("ix_document_organization", "organization_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    source_identity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("source_identity.id"))
    identification_id: Mapped[int | None] = mapped_column(sa.ForeignKey("identification_request.id"))
    title: Mapped[str] = mapped_column(sa.String(200))
    type_code: Mapped[str | None] = mapped_column(sa.String(40))
    content_type: Mapped[str] = mapped_column(sa.String(60))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    pages: Mapped[int] = mapped_column(sa.Integer)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    store_key: Mapped[str] = mapped_column(sa.String(120))
    kek_id: Mapped[str] = mapped_column(sa.String(40), index=True)
    wrapped_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    deposited_by: Mapped[int] = mapped_column(sa.ForeignKey("staff_user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
