"""The version of the database's schema: what it is, what it should be, and getting there."""

from importlib import resources
from typing import Final

from sqlalchemy import column, inspect, select, table

from scale_core.db import postgres
from scale_core.db.database import Database
from scale_core.db.errors import DatabaseUnusable
from scale_core.db.sqlite_geometry import require_tree

_VERSION: Final = table("alembic_version", column("version_num"))


def upgrade(database: Database, to: str | None = None) -> tuple[str | None, str]:
    """Migrate to the newest schema; an empty database gets all tables.

    :param to: a revision, instead of the newest one.
    :return: the revisions before and after.
    :raises DatabaseUnusable: the schema is newer than this software, or the server lacks what Scale needs.
    """
    if database.is_sqlite:
        require_tree()
    else:
        postgres.prepare(database)
    before, known = _current(database), revisions()
    head = to or known[-1]
    if before is not None and before not in known:
        raise DatabaseUnusable(_newer(before))
    if before != head:
        _migrate(database, head)
    return before, head


def _migrate(database: Database, to: str) -> None:
    # Imported where it is needed: most starts find a schema that is current, and it takes as long as a third of Scale.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("scale_core.db") / "migrations"))
    config.set_main_option("path_separator", "os")
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


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


def revisions() -> list[str]:
    """The revisions that this software knows, the oldest first: what the files of its migrations begin with."""
    versions = resources.files("scale_core.db") / "migrations" / "versions"
    return sorted(file.name.partition("_")[0] for file in versions.iterdir() if file.name[0].isdigit())


def _current(database: Database) -> str | None:
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(_VERSION.name):
            return None
        revision: str | None = connection.scalar(select(_VERSION.c.version_num))
        return revision
