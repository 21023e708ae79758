"""Count jobs by error, and find those that failed with one; find products that are not published any more, and changes
by what they were made to."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from scale_core.db.tallies import Tally

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FAILED = sa.text("status = 'FAILED'")
_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "status": sa.String(20),
    "job_type_id": sa.BigInteger(),
    "error_id": sa.BigInteger(),
    "user_name": sa.String(100),
    "operation": sa.String(100),
    "object_type": sa.String(50),
}
_BEFORE = (
    Tally("job_tally", "job", ("status", "job_type_id")),
    Tally("audit_tally", "audit_record", ("user_name", "operation")),
)
_AFTER = (
    Tally("job_tally", "job", ("status", "job_type_id", "error_id")),
    Tally("audit_tally", "audit_record", ("user_name", "operation", "object_type")),
)
_AUDIT = {
    "ix_audit_record_object_type": ["object_type", "occurred", "id"],
    "ix_audit_record_object_id": ["object_type", "object_id", "occurred", "id"],
}
_UNPUBLISHED = {
    "ix_unpublished": ["is_operational", "id"],
    "ix_unpublished_last_modified": ["is_operational", "last_modified", "id"],
    "ix_unpublished_job_type_id": ["job_type_id", "id"],
    "ix_unpublished_job_type_id_last_modified": ["job_type_id", "last_modified", "id"],
}


def upgrade() -> None:
    """Go from the revision before to this one."""
    for old, new in zip(_BEFORE, _AFTER, strict=True):
        _replace(old, new)
    for name, columns in _AUDIT.items():
        op.create_index(name, "audit_record", columns)
    failure = ["job_type_id", "error_id", "last_status_change"]
    op.create_index("ix_job_failure", "job", failure, sqlite_where=FAILED, postgresql_where=FAILED)
    for name, columns in _UNPUBLISHED.items():
        op.create_index(
            name,
            "scale_file",
            columns,
            sqlite_where=sa.text("is_published = 0"),
            postgresql_where=sa.text("NOT is_published"),
        )


def downgrade() -> None:
    """Go back to the revision before."""
    for name in _UNPUBLISHED:
        op.drop_index(name, table_name="scale_file")
    op.drop_index("ix_job_failure", table_name="job")
    for name in _AUDIT:
        op.drop_index(name, table_name="audit_record")
    for old, new in zip(_AFTER, _BEFORE, strict=True):
        _replace(old, new)


def _replace(old: Tally, new: Tally) -> None:
    old.remove(op.get_bind())
    op.drop_table(old.name)
    columns: list[sa.Column[Any]] = [sa.Column(name, _COLUMNS[name]) for name in new.columns]
    op.create_table(new.name, *columns, sa.Column("number", sa.Integer(), nullable=False))
    op.create_index(f"ix_{new.name}", new.name, list(new.columns))
    new.install(op.get_bind())
