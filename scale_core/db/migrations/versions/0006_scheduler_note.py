"""What the scheduler alone knows."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from scale_core.db.types import Json

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.add_column("scheduler", sa.Column("note", Json, nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_column("scheduler", "note")
