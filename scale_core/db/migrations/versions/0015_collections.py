"""What Strike each source file came by, and where the files of each Strike and each job type are."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

from scale_core.db import collection_extents

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_OWNERS: Final = ("strike_id", "job_type_id")
_UNDATED: Final = "data_started IS NULL AND data_ended IS NULL"
_OF_STRIKE: Final = ("strike_id IS NOT NULL AND NOT is_deleted", "strike_id IS NOT NULL AND is_deleted = 0")
_INDEXES: Final[dict[str, tuple[list[str], str, str]]] = {
    "ix_source_strike_id": (["strike_id", "id"], *_OF_STRIKE),
    "ix_source_undated": (
        ["strike_id", "created"],
        f"{_OF_STRIKE[0]} AND {_UNDATED}",
        f"{_OF_STRIKE[1]} AND {_UNDATED}",
    ),
    "ix_product_undated": (
        ["job_type_id", "created"],
        f"is_published AND {_UNDATED}",
        f"is_published = 1 AND {_UNDATED}",
    ),
}


def upgrade() -> None:
    """Go from the revision before to this one."""
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    # As one statement, for SQLite cannot add a constraint to a column that is there.
    op.execute(
        f"ALTER TABLE scale_file ADD COLUMN strike_id {kind} CONSTRAINT fk_scale_file_strike_id REFERENCES strike (id)"
    )
    op.execute(
        "UPDATE scale_file SET strike_id = (SELECT min(ingest.strike_id) FROM ingest "
        "WHERE ingest.source_file_id = scale_file.id AND ingest.status = 'INGESTED') WHERE file_type = 'SOURCE'"
    )
    for name, (columns, where, on_sqlite) in _INDEXES.items():
        op.create_index(name, "scale_file", columns, sqlite_where=sa.text(on_sqlite), postgresql_where=sa.text(where))
    op.create_table(collection_extents.TABLE, *collection_extents.columns(_OWNERS))
    op.create_index(f"ix_{collection_extents.TABLE}", collection_extents.TABLE, list(_OWNERS))
    collection_extents.install(op.get_bind(), _OWNERS)


def downgrade() -> None:
    """Go back to the revision before."""
    collection_extents.remove(op.get_bind())
    op.drop_table(collection_extents.TABLE)
    for name in _INDEXES:
        op.drop_index(name, table_name="scale_file")
    op.drop_column("scale_file", "strike_id")
