"""What trigger rules break at; by what Scan each source file came, and where the files of each Scan are."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

from scale_core.db import collection_extents

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_CONSTRAINT: Final = " CONSTRAINT fk_scale_file_scan_id REFERENCES scan (id)"
_OWNERS: Final = ("strike_id", "scan_id", "job_type_id")
_OWNERS_BEFORE: Final = ("strike_id", "job_type_id")
_UNDATED: Final = "data_started IS NULL AND data_ended IS NULL"
_OF_SCAN: Final = ("scan_id IS NOT NULL AND NOT is_deleted", "scan_id IS NOT NULL AND is_deleted = 0")
_INDEXES: Final[dict[str, tuple[list[str], str, str]]] = {
    "ix_source_scan_id": (["scan_id", "id"], *_OF_SCAN),
    "ix_source_scan_undated": (
        ["scan_id", "created"],
        f"{_OF_SCAN[0]} AND {_UNDATED}",
        f"{_OF_SCAN[1]} AND {_UNDATED}",
    ),
}


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.add_column("trigger_rule", sa.Column("trouble", sa.Text()))
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    # As one statement, for SQLite cannot add a constraint to a column that is there.
    op.execute(f"ALTER TABLE scale_file ADD COLUMN scan_id {kind}{_CONSTRAINT}")
    op.execute(
        "UPDATE scale_file SET scan_id = (SELECT min(ingest.scan_id) FROM ingest "
        "WHERE ingest.source_file_id = scale_file.id AND ingest.status = 'INGESTED') "
        "WHERE id IN (SELECT source_file_id FROM ingest WHERE scan_id IS NOT NULL AND status = 'INGESTED')"
    )
    for name, (columns, where, on_sqlite) in _INDEXES.items():
        op.create_index(name, "scale_file", columns, sqlite_where=sa.text(on_sqlite), postgresql_where=sa.text(where))
    _know_owners(_OWNERS)


def downgrade() -> None:
    """Go back to the revision before."""
    _know_owners(_OWNERS_BEFORE)
    for name in _INDEXES:
        op.drop_index(name, table_name="scale_file")
    if op.get_bind().dialect.name == "sqlite":
        _drop_constraint()
    op.drop_column("scale_file", "scan_id")
    op.drop_column("trigger_rule", "trouble")


def _know_owners(owners: tuple[str, ...]) -> None:
    """Make the table of outer bounds anew, for collections of these."""
    collection_extents.remove(op.get_bind())
    op.drop_table(collection_extents.TABLE)
    op.create_table(collection_extents.TABLE, *collection_extents.columns(owners))
    op.create_index(f"ix_{collection_extents.TABLE}", collection_extents.TABLE, list(owners))
    collection_extents.install(op.get_bind(), owners)


def _drop_constraint() -> None:
    """SQLite keeps the text of CREATE TABLE and cannot change a constraint in it; to change that text is what its
    documentation of ALTER TABLE advises. To make the table anew would take as long as it is large."""
    connection = op.get_bind()
    version = int(connection.exec_driver_sql("PRAGMA schema_version").scalar_one())
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :constraint, '') WHERE type = 'table' AND name = 'scale_file'"
        ),
        {"constraint": _CONSTRAINT},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
