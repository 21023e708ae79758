"""The version of the database's schema: what it is, what it should be, and getting there."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from scale_core.db import postgres
from scale_core.db.database import WRITES, Database
from scale_core.db.errors import DatabaseUnusable
from scale_core.db.sqlite_geometry import require_tree


def upgrade(database: Database, to: str | None = None) -> tuple[str | None, str]:
    """Migrate to the newest schema; an empty database gets all tables. Of several processes one does it; the others
    wait until it is done.

    :param to: a revision, instead of the newest one.
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
            before = _upgrade(connection, head)
    return before, head


@contextmanager
def _changing(database: Database) -> Iterator[Connection]:
    """A transaction of which there is one at a time."""
    with database.engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        postgres.one_at_a_time(connection)
        yield connection


def _upgrade(connection: Connection, head: str) -> str | None:
    """Migrate; the revision before, which another process may have brought about meanwhile."""
    before = MigrationContext.configure(connection).get_current_revision()
    if before is not None and before not in _known():
        raise DatabaseUnusable(_newer(before))
    if before != head:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, head)
    return before


def newest() -> str:
    """The revision of the schema that this software was made for."""
    return _scripts().get_current_head() or ""


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
        self._head = _scripts().get_current_head()
        self._known = _known()

    def require(self, database: Database) -> None:
        """Raise DatabaseUnusable, saying what to do, unless the schema is the one that this software was made for."""
        current = _current(database)
        if current == self._head:
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
        return MigrationContext.configure(connection).get_current_revision()


def _known() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("scale_core.db") / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
