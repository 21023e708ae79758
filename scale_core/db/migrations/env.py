"""Runs migrations on the connection that `scale_core.db.schema` hands over."""

from alembic import context

from scale_core.db.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
