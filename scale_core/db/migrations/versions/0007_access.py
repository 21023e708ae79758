"""Users, their tokens and sessions, and what they changed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from scale_core.db.tallies import Tally
from scale_core.db.types import Json, Utc

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TALLY = Tally("audit_tally", "audit_record", ("user_name", "operation"))
_USER = ["scale_user.id"]


def upgrade() -> None:
    """Go from the revision before to this one."""
    _create_users()
    _create_tokens()
    _create_sessions()
    _create_failures()
    _create_audit()


def downgrade() -> None:
    """Go back to the revision before."""
    _TALLY.remove(op.get_bind())
    for table in ("audit_tally", "audit_record", "sign_in_failure", "user_session", "api_token", "scale_user"):
        op.drop_table(table)


def _create_users() -> None:
    op.create_table(
        "scale_user",
        sa.Column("id", _Id, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=True),
        sa.Column("subject", sa.String(500), nullable=True),
        sa.Column("created", Utc(), nullable=False),
        sa.Column("last_modified", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scale_user"),
        sa.UniqueConstraint("name", name="uq_scale_user_name"),
        sa.UniqueConstraint("subject", name="uq_scale_user_subject"),
    )
    op.create_index("ix_scale_user_last_modified", "scale_user", ["last_modified"])


def _create_tokens() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", _Id, nullable=False),
        sa.Column("user_id", _Id, nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("hint", sa.String(20), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("expires", Utc(), nullable=False),
        sa.Column("revoked", Utc(), nullable=True),
        sa.Column("created", Utc(), nullable=False),
        sa.Column("last_modified", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.ForeignKeyConstraint(["user_id"], _USER, name="fk_api_token_user_id"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_index("ix_api_token_user_id", "api_token", ["user_id"])
    op.create_index("ix_api_token_last_modified", "api_token", ["last_modified"])


def _create_sessions() -> None:
    op.create_table(
        "user_session",
        sa.Column("id", _Id, nullable=False),
        sa.Column("user_id", _Id, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created", Utc(), nullable=False),
        sa.Column("expires", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user_session"),
        sa.ForeignKeyConstraint(["user_id"], _USER, name="fk_user_session_user_id"),
        sa.UniqueConstraint("secret_hash", name="uq_user_session_secret_hash"),
    )
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"])
    op.create_index("ix_user_session_expires", "user_session", ["expires"])


def _create_failures() -> None:
    op.create_table(
        "sign_in_failure",
        sa.Column("id", _Id, nullable=False),
        sa.Column("user_name", sa.String(100), nullable=False),
        sa.Column("address", sa.String(100), nullable=False),
        sa.Column("occurred", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_failure"),
    )
    op.create_index("ix_sign_in_failure_user_name", "sign_in_failure", ["user_name", "occurred"])
    op.create_index("ix_sign_in_failure_address", "sign_in_failure", ["address", "occurred"])
    op.create_index("ix_sign_in_failure_occurred", "sign_in_failure", ["occurred"])


def _create_audit() -> None:
    op.create_table(
        "audit_record",
        sa.Column("id", _Id, nullable=False),
        sa.Column("occurred", Utc(), nullable=False),
        sa.Column("user_name", sa.String(100), nullable=True),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("token_id", _Id, nullable=True),
        sa.Column("operation", sa.String(100), nullable=False),
        sa.Column("object_type", sa.String(50), nullable=True),
        sa.Column("object_id", sa.BigInteger(), nullable=True),
        sa.Column("request", Json, nullable=True),
        sa.Column("changes", Json, nullable=False),
        sa.Column("touched", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_record"),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name="fk_audit_record_token_id"),
    )
    op.create_index("ix_audit_record_user_name", "audit_record", ["user_name", "occurred", "id"])
    op.create_index("ix_audit_record_operation", "audit_record", ["operation", "occurred", "id"])
    op.create_index("ix_audit_record_user_name_operation", "audit_record", ["user_name", "operation", "occurred", "id"])
    op.create_index("ix_audit_record_occurred", "audit_record", ["occurred", "id"])
    op.create_table(
        "audit_tally",
        sa.Column("user_name", sa.String(100), nullable=True),
        sa.Column("operation", sa.String(100), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
    )
    op.create_index("ix_audit_tally", "audit_tally", ["user_name", "operation"])
    _TALLY.install(op.get_bind())
