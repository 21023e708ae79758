"""Alembic migrations; `scale db upgrade` runs them."""
