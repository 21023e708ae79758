"""Find source files by name and content, and ingests under way by name."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OPEN = sa.text("status IN ('TRANSFERRING', 'TRANSFERRED', 'INGESTING')")


def upgrade() -> None:
    """Go from the revision before to this one."""
    source = sa.text("file_type = 'SOURCE'")
    op.create_index(
        "ix_source_content",
        "scale_file",
        ["workspace_id", "file_name", "file_size", "checksum"],
        unique=False,
        sqlite_where=source,
        postgresql_where=source,
    )
    op.drop_index("ix_ingest_open", table_name="ingest")
    op.create_index(
        "ix_ingest_open",
        "ingest",
        ["file_name", "strike_id"],
        unique=False,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_ingest_open", table_name="ingest")
    op.create_index(
        "ix_ingest_open",
        "ingest",
        ["strike_id", "file_name"],
        unique=False,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.drop_index("ix_source_content", table_name="scale_file")
