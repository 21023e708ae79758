"""The version of the database's schema: what it is, what it should be, and getting there."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select

from scale_core.db import postgres
from scale_core.db.database import WRITES, Database
from scale_core.db.errors import DatabaseUnusable
from scale_core.db.models import Base
from scale_core.db.sqlite_geometry import require_tree

_VERSION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As alembic makes it."""


def upgrade(database: Database, to: str | None = None) -> tuple[str | None, str]:
    """Migrate to the newest schema; an empty database gets all tables at once, without the way that led to them
    (docs/decisions/0069). Of several processes one does it; the others wait until it is done.

    :param to: a revision, instead of the newest one; an empty database is migrated there from the first.
    :return: the revisions before and after.
    :raises DatabaseUnusable: the schema is newer than this software, or the server lacks what Scale needs.
    """
    if database.is_sqlite:
        require_tree()
    else:
        postgres.prepare(database)
    head = to or newest()
    before = _current(database)
    if before != head:
        with _changing(database) as connection:
            before = _upgrade(connection, head, from_models=to is None)
    return before, head


@contextmanager
def _changing(database: Database) -> Iterator[Connection]:
    """A transaction of which there is one at a time."""
    with database.engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        postgres.one_at_a_time(connection)
        yield connection


def _upgrade(connection: Connection, head: str, *, from_models: bool) -> str | None:
    """Make or migrate; the revision before, which another process may have brought about meanwhile."""
    before = _revision(connection)
    if before is not None and before not in revisions():
        raise DatabaseUnusable(_newer(before))
    if before is None and from_models:
        _make(connection, head)
    elif before != head:
        _migrate(connection, head)
    return before


def _make(connection: Connection, head: str) -> None:
    """Make what the models say: the same as all migrations lead to, as a test says, in a tenth of the time."""
    # What is there already belongs to others: it is an error, as it is for migrations.
    Base.metadata.create_all(connection, checkfirst=False)
    _VERSION.create(connection, checkfirst=True)
    connection.execute(insert(_VERSION).values(version_num=head))


def _migrate(connection: Connection, to: str) -> None:
    # Imported where it is needed: most starts find a schema that is current, and it takes as long as a third of Scale.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("scale_core.db") / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def newest() -> str:
    """The revision of the schema that this software was made for."""
    return revisions()[-1]


def revisions() -> list[str]:
    """The revisions that this software knows, the oldest first: what the files of its migrations begin with."""
    versions = resources.files("scale_core.db") / "migrations" / "versions"
    return sorted(file.name.partition("_")[0] for file in versions.iterdir() if file.name[0].isdigit())


def require_current(database: Database) -> None:
    """Raise DatabaseUnusable, saying what to do, unless the server has what Scale needs and the schema is the one that
    this software was made for."""
    if database.is_sqlite:
        require_tree()
    else:
        postgres.require(database)
    SchemaCheck().require(database)


class SchemaCheck:
    """The check of :func:`require_current` for whoever asks often: what this software knows is read once."""

    def __init__(self) -> None:
        self._known = revisions()

    def require(self, database: Database) -> None:
        """Raise DatabaseUnusable, saying what to do, unless the schema is the one that this software was made for."""
        current = _current(database)
        if current == self._known[-1]:
            return
        if current is None:
            raise DatabaseUnusable("The database is empty. Run `scale db upgrade` first.")
        if current in self._known:
            raise DatabaseUnusable(
                f"The database is at schema {current}, which is older. Run `scale db upgrade` first."
            )
        raise DatabaseUnusable(_newer(current))


def _newer(revision: str) -> str:
    return f"The database is at schema {revision}, which is newer than this version of Scale. Upgrade Scale."


def _current(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION.name):
        return None
    revision: str | None = connection.scalar(select(_VERSION.c.version_num))
    return revision
