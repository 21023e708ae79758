"""Which process leads."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.add_column("scheduler", sa.Column("leader", sa.String(32)))


def downgrade() -> None:
    """Go back."""
    op.drop_column("scheduler", "leader")
