"""A real PostgreSQL with PostGIS for tests: started on a free port of the loopback, in a folder that is removed."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from scale_core.db import schema
from scale_core.db.database import Database

PACKAGES: Final = "postgresql-15 postgresql-15-postgis-3"
ROOTS: Final = Path("/usr/lib/postgresql")
OLDEST: Final = 15
USER: Final = "scale"
TEMPLATE: Final = "scale_template"
EMPTY: Final = "template1"
START_SECONDS: Final = 60.0
FAST: Final = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "max_connections=200",
    "jit=off",
)
"""What is in it does not outlive the tests."""


class PostgresMissing(Exception):
    """There is no server to start; the message says how to get one."""


def find_programs() -> Path:
    """The folder of PostgreSQL's programs, the newest there are.

    :raises PostgresMissing: there are none that are new enough, or no PostGIS.
    """
    versions = sorted((int(each.name) for each in ROOTS.glob("[0-9]*") if (each / "bin/initdb").exists()), reverse=True)
    for version in versions:
        if version >= OLDEST and Path(f"/usr/share/postgresql/{version}/extension/postgis.control").exists():
            return ROOTS / str(version) / "bin"
    raise PostgresMissing(
        f"No PostgreSQL from {OLDEST} on with PostGIS is installed here. On Debian: sudo apt-get install {PACKAGES}"
    )


class PostgresServer:
    """A running server; databases on it are copies of one that has been migrated.

    :param url: of any of its databases.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)

    @classmethod
    def at(cls, url: str) -> "PostgresServer":
        """The server where this URL's database is."""
        return cls(make_url(url))

    def url(self, name: str) -> str:
        """The URL of a database."""
        return self._url.set(database=name).render_as_string(hide_password=False)

    def wait(self, process: "subprocess.Popen[Any]") -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with self._admin.connect():
                    return
            except OperationalError:
                assert process.poll() is None, "PostgreSQL ended when it was to start"
                assert time.monotonic() < deadline, "PostgreSQL did not start"
                time.sleep(0.02)

    def make_template(self) -> None:
        """Migrate an empty database, once."""
        self._do(f"CREATE DATABASE {TEMPLATE}")
        database = Database(self.url(TEMPLATE))
        schema.upgrade(database)
        database.close()

    def names(self) -> set[str]:
        """The names of all databases."""
        with self._admin.connect() as connection:
            return set(connection.scalars(text("SELECT datname FROM pg_database")))

    def create(self, name: str, template: str) -> None:
        """A new database like another one."""
        self._do(f"CREATE DATABASE {name} TEMPLATE {template}")

    def drop(self, name: str) -> None:
        """Drop a database, whoever uses it."""
        self._do(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def cut_connections(self, name: str) -> int:
        """Kill all connections to a database; how many there were."""
        with self._admin.connect() as connection:
            killed = connection.scalars(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
            )
            return len(killed.all())

    @contextmanager
    def away(self, name: str) -> Iterator[None]:
        """Within the block nobody can connect to a database."""
        self._do(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self.cut_connections(name)
        try:
            yield
        finally:
            self._do(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def _do(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server with the template, for as long as the block.

    :raises PostgresMissing: it is not installed.
    """
    programs = find_programs()
    account = _account()
    with tempfile.TemporaryDirectory(prefix="scale-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        password = secrets.token_hex(16)
        secret = folder / "password"
        secret.write_text(password)
        if account is not None:
            for each in (folder, secret):
                shutil.chown(each, account.pw_uid, account.pw_gid)
        _initialize(programs, folder, secret, account)
        port = _free_port()
        with (folder / "log").open("wb") as log:
            command = [str(programs / "postgres"), "-D", str(folder / "data"), *_settings(folder, port)]
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **_as(account))
        server = PostgresServer(URL.create("postgresql+psycopg2", USER, password, "127.0.0.1", port))
        try:
            server.wait(process)
            server.make_template()
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # fast: it does not wait for clients
            process.wait(START_SECONDS)


def _initialize(programs: Path, folder: Path, secret: Path, account: pwd.struct_passwd | None) -> None:
    subprocess.run(
        [
            programs / "initdb",
            *("--pgdata", folder / "data"),
            *("--username", USER),
            *("--pwfile", secret),
            *("--auth", "scram-sha-256"),
            *("--encoding", "UTF8"),
            *("--locale", "C.UTF-8"),
            "--no-sync",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        **_as(account),
    )


def _settings(folder: Path, port: int) -> Iterator[str]:
    for setting in (f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", *FAST):
        yield from ("-c", setting)


def _account() -> pwd.struct_passwd | None:
    """Who runs the server: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
