"""Scans, and ingests that come of them instead of a Strike process."""

import re
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from scale_core.db.tallies import Tally
from scale_core.db.types import Json, Utc

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TALLY: Final = Tally("ingest_tally", "ingest", ("status", "scan_id"))
_TALLY_BEFORE: Final = Tally("ingest_tally", "ingest", ("status",))
_NEW_COLUMNS: Final = {"scan_id": "scan", "origin_id": "workspace"}
_OF_A_SCAN: Final = {
    "id": ("id",),
    "status": ("status", "id"),
    "file_name": ("file_name", "id"),
    "created": ("created", "id"),
    "last_modified": ("last_modified", "id"),
    "status_last_modified": ("status", "last_modified", "id"),
}
_IS_OF_A_SCAN: Final = sa.text("scan_id IS NOT NULL")


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.create_table(
        "scan",
        sa.Column("id", _Id, nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("title", sa.String()),
        sa.Column("description", sa.String()),
        sa.Column("configuration", Json, nullable=False),
        sa.Column("job_id", _Id),
        sa.Column("dry_run_job_id", _Id),
        sa.Column("preview", Json),
        sa.Column("progress", Json),
        sa.Column("place", sa.Text()),
        sa.Column("created", Utc(), nullable=False),
        sa.Column("last_modified", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_scan_job_id"),
        sa.ForeignKeyConstraint(["dry_run_job_id"], ["job.id"], name="fk_scan_dry_run_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_scan"),
        sa.UniqueConstraint("name", name="uq_scan_name"),
    )
    op.create_index("ix_scan_last_modified", "scan", ["last_modified"])
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    for column, table in _NEW_COLUMNS.items():
        # As one statement, for SQLite cannot add a constraint to a column that is there.
        constraint = f"CONSTRAINT fk_ingest_{column} REFERENCES {table} (id)"
        op.execute(f"ALTER TABLE ingest ADD COLUMN {column} {kind} {constraint}")
    _let_strike_be_null(True)
    for name, columns in _OF_A_SCAN.items():
        op.create_index(
            f"ix_ingest_scan_{name}",
            "ingest",
            ["scan_id", *columns],
            sqlite_where=_IS_OF_A_SCAN,
            postgresql_where=_IS_OF_A_SCAN,
        )
    _count_by(_TALLY)


def downgrade() -> None:
    """Go back; what Scans ingested stays, its ingests go."""
    op.execute("DELETE FROM ingest WHERE scan_id IS NOT NULL")
    _count_by(_TALLY_BEFORE)
    for name in _OF_A_SCAN:
        op.drop_index(f"ix_ingest_scan_{name}", table_name="ingest")
    _let_strike_be_null(False)
    for column, table in _NEW_COLUMNS.items():
        if op.get_bind().dialect.name == "sqlite":
            _change_table("ingest", rf" CONSTRAINT fk_ingest_{column} REFERENCES {table} \(id\)", "")
        op.drop_column("ingest", column)
    op.drop_table("scan")


def _count_by(tally: Tally) -> None:
    """Count ingests anew, by other columns."""
    tally.remove(op.get_bind())
    op.drop_table(tally.name)
    columns: dict[str, sa.Column[Any]] = {
        "status": sa.Column("status", sa.String(20)),
        "scan_id": sa.Column("scan_id", _Id),
    }
    op.create_table(
        tally.name,
        *(columns[name] for name in tally.columns),
        sa.Column("number", sa.Integer(), nullable=False),
    )
    op.create_index(f"ix_{tally.name}", tally.name, list(tally.columns))
    tally.install(op.get_bind())


def _let_strike_be_null(may_be: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        given, wanted = ("NOT NULL", "") if may_be else ("", "NOT NULL")
        before = rf"(\bstrike_id (?:BIGINT|INTEGER)){' ' + given if given else ''}(?=,)"
        _change_table("ingest", before, rf"\1{' ' + wanted if wanted else ''}")
    else:
        op.alter_column("ingest", "strike_id", nullable=may_be)


def _change_table(table: str, pattern: str, replacement: str) -> None:
    """SQLite keeps the text of CREATE TABLE and cannot change a constraint in it; to change that text is what its
    documentation of ALTER TABLE advises. To make the table anew would take as long as it is large."""
    connection = op.get_bind()
    text = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    changed, number = re.subn(pattern, replacement, str(connection.scalar(text, {"name": table})))
    if number != 1:
        raise RuntimeError(f"The table {table} is not as Scale makes it: {pattern} is not found once.")
    version = int(connection.exec_driver_sql("PRAGMA schema_version").scalar_one())
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name"),
        {"sql": changed, "name": table},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
