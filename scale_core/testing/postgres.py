"""A real PostgreSQL with PostGIS, for tests and measurements: started on a free port, in a folder of its own."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from scale_core.testing.ports import reserved_port
from scale_core.testing.servers import ending_with_us

PACKAGES: Final = "postgresql-15 postgresql-15-postgis-3"
ROOTS: Final = Path("/usr/lib/postgresql")
OLDEST: Final = 15
USER: Final = "scale"
EMPTY: Final = "template1"
START_SECONDS: Final = 120.0
FORGETFUL: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Settings for data that need not outlive the server."""


class PostgresMissing(Exception):
    """There is no server to start; the message says how to get one."""


class PostgresFailed(Exception):
    """The server did not start; the message says what it said."""


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
    """A running server, and what is done to its databases.

    :param url: of any of its databases.
    :param pid: its first process, where it was started here.
    """

    def __init__(self, url: URL, pid: int | None = None) -> None:
        self._url = url
        self.pid = pid
        self._admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True)

    @classmethod
    def at(cls, url: str) -> "PostgresServer":
        """The server where this URL's database is."""
        return cls(make_url(url))

    def url(self, name: str) -> str:
        """The URL of a database."""
        return self._url.set(database=name).render_as_string(hide_password=False)

    def version(self) -> str:
        """As the server says it."""
        with self._admin.connect() as connection:
            return str(connection.scalar(text("SHOW server_version")))

    def answers(self) -> bool:
        """Whether it can be connected to."""
        try:
            with self._admin.connect():
                return True
        except OperationalError:
            return False

    def names(self) -> set[str]:
        """The names of all databases."""
        with self._admin.connect() as connection:
            return set(connection.scalars(text("SELECT datname FROM pg_database")))

    def create(self, name: str, template: str = EMPTY, *, is_large: bool = False) -> None:
        """A new database like another one, to which nobody is connected.

        :param is_large: it costs less to copy its files, for which the server has to write down everything first, than
            to put its pages into the log.
        """
        self._do(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {'FILE_COPY' if is_large else 'WAL_LOG'}")

    def rename(self, name: str, new: str) -> None:
        """Give a database to which nobody is connected another name."""
        self._do(f"ALTER DATABASE {name} RENAME TO {new}")

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
def running_postgres(folder: Path, settings: Iterable[str] = ()) -> Iterator[PostgresServer]:
    """A server for as long as the block, and no longer than the thread, whose data is in ``folder`` and stays there for
    the next time.

    As root it is run by another user, who has to be able to reach the folder.

    :param folder: its own; it need not be there.
    :param settings: of the server, ``name=value``.
    :raises PostgresMissing: it is not installed.
    :raises PostgresFailed: it does not start.
    """
    programs = find_programs()
    account = _account()
    folder = folder.absolute()
    secret = folder / "password"
    if not secret.exists():
        _initialize(programs, folder, secret, account)
    with reserved_port() as port, (folder / "log").open("wb") as log:
        command = [str(programs / "postgres"), "-D", str(folder / "data"), *_given(port, settings)]
        process = subprocess.Popen(ending_with_us(command, "INT"), stdout=log, stderr=log, cwd=folder, **_as(account))
        url = URL.create("postgresql+psycopg2", USER, secret.read_text(), "127.0.0.1", port)
        server = PostgresServer(url, process.pid)
        try:
            _wait(server, process, folder / "log")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # fast: it does not wait for clients
            process.wait(START_SECONDS)


def _wait(server: PostgresServer, process: "subprocess.Popen[Any]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise PostgresFailed(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.02)


def _initialize(programs: Path, folder: Path, secret: Path, account: pwd.struct_passwd | None) -> None:
    """Make the data of a server. The password is put in its place last: where it is, all is."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "data", ignore_errors=True)
    new = folder / "new-password"
    new.touch(0o600)
    new.write_text(secrets.token_hex(16))
    if account is not None:
        for each in (folder, new):
            shutil.chown(each, account.pw_uid, account.pw_gid)
    made = subprocess.run(
        [
            programs / "initdb",
            *("--pgdata", folder / "data"),
            *("--username", USER),
            *("--pwfile", new),
            *("--auth", "scram-sha-256"),
            *("--encoding", "UTF8"),
            *("--locale", "C.UTF-8"),
            "--no-sync",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        **_as(account),
    )
    if made.returncode:
        raise PostgresFailed(f"PostgreSQL could not make its data in {folder}:\n{made.stderr[-3000:]}")
    new.rename(secret)


def _given(port: int, settings: Iterable[str]) -> Iterator[str]:
    for setting in (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *settings):
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
