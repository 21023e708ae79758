"""Since when trigger rules have the trouble that they have."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from scale_core.db import types

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.add_column("trigger_rule", sa.Column("trouble_since", types.Utc(timezone=True)))


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_column("trigger_rule", "trouble_since")
