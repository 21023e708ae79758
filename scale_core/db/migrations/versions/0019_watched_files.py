"""Files that Strike processes saw in buckets."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    path = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "watched_file",
        sa.Column("strike_id", number, nullable=False),
        sa.Column("path", path, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("strike_id", "path", name=op.f("pk_watched_file")),
        sa.ForeignKeyConstraint(["strike_id"], ["strike.id"], name=op.f("fk_watched_file_strike_id")),
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("watched_file")
