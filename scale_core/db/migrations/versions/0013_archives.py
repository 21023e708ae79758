"""What retention takes away, and where it went."""

import re
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

from scale_core.db.types import Json, Keyword, Utc

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TO_EXECUTIONS: Final = {"scale_file": "fk_scale_file_job_exe_id", "file_ancestry": "fk_file_ancestry_job_exe_id"}
_LOGS: Final = sa.text("ended IS NOT NULL AND logs_archive_id IS NULL")
_PENDING: Final = sa.text("pending IS NOT NULL")
_KEPT: Final = {
    "ix_unpublished_kept": (
        "unpublished",
        "NOT is_published AND NOT is_deleted",
        "is_published = 0 AND is_deleted = 0",
    ),
    "ix_source_kept": (
        "created",
        "file_type = 'SOURCE' AND NOT is_deleted",
        "file_type = 'SOURCE' AND is_deleted = 0",
    ),
}


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.create_table(
        "archive",
        sa.Column("id", _Id, nullable=False),
        sa.Column("kind", Keyword(20), nullable=False),
        sa.Column("file_name", sa.String(100)),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("created", Utc(), nullable=False),
        sa.Column("pending", Json),
        sa.PrimaryKeyConstraint("id", name="pk_archive"),
    )
    op.create_index("ix_archive_pending", "archive", ["id"], sqlite_where=_PENDING, postgresql_where=_PENDING)
    op.create_table(
        "archived_job_exe",
        sa.Column("id", _Id, autoincrement=False, nullable=False),
        sa.Column("archive_id", _Id, nullable=False),
        sa.ForeignKeyConstraint(["archive_id"], ["archive.id"], name="fk_archived_job_exe_archive_id"),
        sa.PrimaryKeyConstraint("id", name="pk_archived_job_exe"),
    )
    op.add_column("job_exe", sa.Column("logs_archive_id", sa.BigInteger()))
    op.create_index(
        "ix_job_exe_logs", "job_exe", ["logs_archive_id", "ended", "id"], sqlite_where=_LOGS, postgresql_where=_LOGS
    )
    for name, (column, where, on_sqlite) in _KEPT.items():
        op.create_index(
            name, "scale_file", [column, "id"], sqlite_where=sa.text(on_sqlite), postgresql_where=sa.text(where)
        )
    for table, constraint in _TO_EXECUTIONS.items():
        if any(one["name"] == constraint for one in sa.inspect(op.get_bind()).get_foreign_keys(table)):
            _drop_foreign_key(table, constraint)


def downgrade() -> None:
    """Go back, but for the foreign keys: files that archived executions made refer to what is not there any more."""
    for name in _KEPT:
        op.drop_index(name, table_name="scale_file")
    op.drop_index("ix_job_exe_logs", table_name="job_exe")
    op.drop_column("job_exe", "logs_archive_id")
    op.drop_table("archived_job_exe")
    op.drop_table("archive")


def _drop_foreign_key(table: str, constraint: str) -> None:
    """SQLite keeps the text of CREATE TABLE and has no statement that takes a constraint out of it; to change that text
    is what its documentation of ALTER TABLE advises. To make the table anew would take as long as it is large."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(constraint, table, type_="foreignkey")
        return
    connection = op.get_bind()
    sql = str(
        connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :t"), {"t": table})
    )
    without, number = re.subn(
        rf",\s*CONSTRAINT {constraint} FOREIGN KEY\s*\(job_exe_id\) REFERENCES job_exe \(id\)", "", sql
    )
    if number != 1:
        raise RuntimeError(f"The table {table} is not as Scale makes it: its constraint {constraint} is not found.")
    version = int(connection.exec_driver_sql("PRAGMA schema_version").scalar_one())
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :t"), {"sql": without, "t": table}
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
