"""Which logs of executions are in a workspace."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "stored_log",
        sa.Column("id", big, autoincrement=False, nullable=False),
        sa.Column("workspace_id", big, nullable=False),
        sa.Column("stdout_size", sa.BigInteger(), nullable=False),
        sa.Column("stderr_size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_stored_log_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_log")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("stored_log")
