"""How much of a file that is ingested is in its workspace."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.add_column("ingest", sa.Column("bytes_stored", sa.BigInteger()))


def downgrade() -> None:
    """Go back."""
    op.drop_column("ingest", "bytes_stored")
