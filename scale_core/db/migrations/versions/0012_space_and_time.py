"""Files by where they are, in what countries, and of what time; footprints that are there get their countries."""

import pkgutil
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from scale_core.db import country_index, extent_index
from scale_core.db.types import Json, Wkb

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_FILES: Any = sa.table(
    "scale_file", sa.column("id", sa.BigInteger()), sa.column("geometry", Wkb()), sa.column("countries", Json)
)
_AT_ONCE = 1000


def upgrade() -> None:
    """Go from the revision before to this one."""
    _look_countries_up(op.get_bind())
    extent_index.INDEX.install(op.get_bind())
    country_index.INDEX.install(op.get_bind())


def downgrade() -> None:
    """Go back. The countries stay: that nobody reads them does no harm."""
    country_index.INDEX.remove(op.get_bind())
    extent_index.INDEX.remove(op.get_bind())


def _look_countries_up(connection: sa.Connection) -> None:
    columns = _FILES.c
    located = sa.select(columns.id, columns.geometry).where(columns.geometry.is_not(None)).order_by(columns.id)
    found = sa.update(_FILES).where(columns.id == sa.bindparam("file")).values(countries=sa.bindparam("found"))
    countries: Any = None
    last = 0
    while rows := connection.execute(located.where(columns.id > last).limit(_AT_ONCE)).all():
        if countries is None:
            countries = pkgutil.resolve_name("scale_core.boundaries.countries:Countries").packaged()
        connection.execute(found, [{"file": row.id, "found": countries.of(row.geometry)} for row in rows])
        last = rows[-1].id
