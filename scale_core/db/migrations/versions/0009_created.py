"""Lists of sources, products, ingests and recipes in the order in which they came to be; of the files of a workspace in
that in which they last changed; the queue by job type."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

QUEUED = sa.text("status = 'QUEUED'")
SOURCE = sa.text("file_type = 'SOURCE'")
PUBLISHED = sa.text("is_published")
PUBLISHED_ON_SQLITE = sa.text("is_published = 1")


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.create_index(
        "ix_source_created",
        "scale_file",
        ["is_parsed", "created", "id"],
        sqlite_where=SOURCE,
        postgresql_where=SOURCE,
    )
    op.create_index(
        "ix_product_created",
        "scale_file",
        ["is_operational", "created", "id"],
        sqlite_where=PUBLISHED_ON_SQLITE,
        postgresql_where=PUBLISHED,
    )
    op.create_index("ix_scale_file_workspace_id_last_modified", "scale_file", ["workspace_id", "last_modified", "id"])
    op.create_index("ix_ingest_created", "ingest", ["created", "id"])
    op.create_index("ix_recipe_created", "recipe", ["created", "id"])
    op.create_index(
        "ix_job_exe_queued_by_type",
        "job_exe",
        ["status", "job_type_id", "queued", "priority"],
        sqlite_where=QUEUED,
        postgresql_where=QUEUED,
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_job_exe_queued_by_type", table_name="job_exe")
    op.drop_index("ix_recipe_created", table_name="recipe")
    op.drop_index("ix_ingest_created", table_name="ingest")
    op.drop_index("ix_scale_file_workspace_id_last_modified", table_name="scale_file")
    op.drop_index("ix_product_created", table_name="scale_file")
    op.drop_index("ix_source_created", table_name="scale_file")
