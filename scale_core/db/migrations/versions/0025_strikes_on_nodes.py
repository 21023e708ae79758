"""What was last recorded of a Strike that a node watches, and which directory was watched."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_WATCHED: Final = {
    "sqlite": "UPDATE strike SET watched = json_extract(configuration, '$.mount') "
    "WHERE EXISTS (SELECT 1 FROM ingest WHERE strike_id = strike.id AND status = 'INGESTED')",
    "postgresql": "UPDATE strike SET watched = configuration ->> 'mount' "
    "WHERE EXISTS (SELECT 1 FROM ingest WHERE strike_id = strike.id AND status = 'INGESTED')",
}


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.add_column("strike", sa.Column("watched", sa.Text()))
    op.add_column("strike", sa.Column("watcher_id", sa.BigInteger()))
    op.add_column("strike", sa.Column("watcher_number", sa.BigInteger()))
    # What has files has been watched, and has its folders.
    op.execute(_WATCHED[op.get_bind().dialect.name])


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_column("strike", "watcher_number")
    op.drop_column("strike", "watcher_id")
    op.drop_column("strike", "watched")
