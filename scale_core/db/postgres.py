"""What is special to PostgreSQL: the version and extension that Scale needs, and telling other processes."""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from scale_core.db.database import Database
from scale_core.db.errors import DatabaseUnusable
from scale_core.db.troubles import said

OLDEST = 15
"""The oldest major version that Scale is tested with."""

FIRST_OF_OLDEST = OLDEST * 10_000
"""Its first release, as the server counts."""

SETUP_LOCK = 0x5CA1F
"""The number of the advisory lock of whoever changes what an installation is made of."""

QUEUE_CHANNEL = "scale_queue"
"""Where is told that a transaction has given the scheduler something to do."""


def tell_queue_changed(session: Session) -> None:
    """Wake the scheduler, in whatever process it is, once the transaction is committed. SQLite cannot: there it looks
    by itself, every second."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {QUEUE_CHANNEL}"))


def one_at_a_time(connection: Connection) -> None:
    """Have the transaction wait until no other one is open, in any process, that has asked for this. On SQLite there is
    one at a time that was begun to write."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SETUP_LOCK})


def prepare(database: Database) -> None:
    """Add PostGIS to the database, if it has none.

    :raises DatabaseUnusable: the server is too old, has no PostGIS to add, or does not let us.
    """
    with database.engine.begin() as connection:
        _require_version(connection)
        one_at_a_time(connection)
        if _has_postgis(connection):
            return
        try:
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        except DBAPIError as error:
            raise DatabaseUnusable(_no_postgis(connection, said(error.orig))) from error


def require(database: Database) -> None:
    """Raise DatabaseUnusable, saying what to do, unless the server is new enough and the database has PostGIS."""
    with database.engine.connect() as connection:
        _require_version(connection)
        if not _has_postgis(connection):
            raise DatabaseUnusable(_no_postgis(connection, "it is not there"))


def _require_version(connection: Connection) -> None:
    number = int(connection.scalar(text("SHOW server_version_num")) or 0)
    if number < FIRST_OF_OLDEST:
        version = connection.scalar(text("SHOW server_version"))
        raise DatabaseUnusable(f"PostgreSQL is {version} here; Scale needs {OLDEST} or newer. Upgrade the server.")


def _has_postgis(connection: Connection) -> bool:
    return connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'postgis'")) is not None


def _no_postgis(connection: Connection, why: str) -> str:
    name = connection.engine.url.database
    return (
        f"The database {name} needs the extension postgis: {why}. Install PostGIS on the server (on Debian "
        f"postgresql-{OLDEST}-postgis-3), then have an administrator run `CREATE EXTENSION postgis` in {name}."
    )
