"""Who signed out, so that no other tab or copied cookie goes on."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.store.columns import Time
from po_toolkit.store.tables.base import Base


class SignOut(Base):
    """The last time somebody signed out of the app; earlier sign-ins count no more."""

    __tablename__ = "sign_outs"

    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    """Issuer and subject as the provider names them, or a digest of both where they are long."""
    at: Mapped[Time]
