"""Who may use this system, what they show, and what they changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scale_core.db.base import Base, Document, Id, Record
from scale_core.db.changes import RESOURCE, SECRET, UNRECORDED
from scale_core.db.tallies import Tally
from scale_core.db.types import Json


class User(Record):
    """Somebody, or a program. ``subject``: by what an OpenID Connect provider knows them, its address first."""

    __tablename__ = "scale_user"
    __table_args__: Any = ({"info": {RESOURCE: "user"}},)

    name: Mapped[str] = mapped_column(String(100), unique=True)
    title: Mapped[str | None]
    role: Mapped[str] = mapped_column(String(20))
    is_active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(String(200), info={SECRET: True})
    subject: Mapped[str | None] = mapped_column(String(500), unique=True)


class Token(Record):
    """What a program shows; only its hash is kept. ``hint`` is how it begins."""

    __tablename__ = "api_token"
    __table_args__: Any = ({"info": {RESOURCE: "token"}},)

    user_id: Mapped[int] = mapped_column(ForeignKey("scale_user.id"), index=True)
    title: Mapped[str | None]
    role: Mapped[str] = mapped_column(String(20))
    hint: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True, info={SECRET: True})
    is_active: Mapped[bool] = mapped_column(default=True)
    expires: Mapped[datetime]
    revoked: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class UserSession(Base):
    """A browser in which a user has signed in; only the hash of its cookie is kept. One that has ended is deleted."""

    __tablename__ = "user_session"
    __table_args__: Any = ({"info": {RESOURCE: "session"}},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("scale_user.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, info={SECRET: True})
    created: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)

    user: Mapped[User] = relationship()


class SignInFailure(Base):
    """Somebody tried to sign in and could not; kept as long as it counts."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (
        Index("ix_sign_in_failure_user_name", "user_name", "occurred"),
        Index("ix_sign_in_failure_address", "address", "occurred"),
        {"info": {UNRECORDED: True}},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_name: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(100))
    occurred: Mapped[datetime] = mapped_column(index=True)


class AuditRecord(Base):
    """What one request changed, and who made it; nobody is named where nobody was asked. ``request`` is its body
    without secrets."""

    __tablename__ = "audit_record"
    __table_args__ = (
        Index("ix_audit_record_user_name", "user_name", "occurred", "id"),
        Index("ix_audit_record_operation", "operation", "occurred", "id"),
        Index("ix_audit_record_user_name_operation", "user_name", "operation", "occurred", "id"),
        Index("ix_audit_record_occurred", "occurred", "id"),
        Index("ix_audit_record_object_type", "object_type", "occurred", "id"),
        Index("ix_audit_record_object_id", "object_type", "object_id", "occurred", "id"),
        {"info": {UNRECORDED: True}},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    occurred: Mapped[datetime]
    user_name: Mapped[str | None] = mapped_column(String(100))
    method: Mapped[str] = mapped_column(String(20))
    token_id: Mapped[int | None] = mapped_column(ForeignKey("api_token.id"))
    operation: Mapped[str] = mapped_column(String(100))
    object_type: Mapped[str | None] = mapped_column(String(50))
    object_id: Mapped[int | None] = mapped_column(BigInteger)
    request: Mapped[Document | None]
    changes: Mapped[list[Document]] = mapped_column(Json)
    touched: Mapped[list[Document]] = mapped_column(Json)


AUDIT_TALLY = Tally("audit_tally", AuditRecord.__tablename__, ("user_name", "operation", "object_type"))
