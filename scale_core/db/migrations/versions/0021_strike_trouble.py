"""What keeps Strike processes from watching."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.add_column("strike", sa.Column("trouble", sa.Text()))


def downgrade() -> None:
    """Go back."""
    op.drop_column("strike", "trouble")
