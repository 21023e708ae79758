"""What engines keep over restarts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from scale_core.db.types import Keyword

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.create_table(
        "engine_note",
        sa.Column("engine", Keyword(50), nullable=False),
        sa.Column("name", Keyword(100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("engine", "name", name="pk_engine_note"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("engine_note")
