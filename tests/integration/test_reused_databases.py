"""What tests leave in a database on PostgreSQL that the next test uses, too."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from fakes.databases import SERVER, TEMPLATE
from fakes.reused import LARGE, ReusedDatabases
from scale_core.db.database import Database
from scale_core.db.models import JobType
from scale_core.plugin.registry import Registry
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary
from scale_core.testing.postgres import PostgresServer

pytestmark = pytest.mark.postgresql


GROW = """
    INSERT INTO trigger_event (type, occurred, description)
    SELECT 'USER', now(), jsonb_build_object('x', string_agg(md5(one::text), '')) FROM generate_series(1, :some) AS one
"""

Fill = Callable[[Database], None]


@pytest.fixture
def server() -> PostgresServer:
    return PostgresServer.at(os.environ[SERVER])


@pytest.fixture
def reused(server: PostgresServer) -> Iterator[ReusedDatabases]:
    before = server.names()
    yield ReusedDatabases(server, TEMPLATE)
    for name in server.names() - before:
        server.drop(name)


@pytest.fixture
def lend(reused: ReusedDatabases, server: PostgresServer) -> Iterator[Callable[[], Database]]:
    """A function that lends a database."""
    lent: list[Database] = []

    def lend() -> Database:
        lent.append(Database(server.url(reused.lend())))
        return lent[-1]

    yield lend
    for one in lent:
        one.close()


@pytest.fixture
def fill(tmp_path: Path, built_in_registry: Registry, packaged_specs: SpecLibrary) -> Fill:
    """A function that fills a database with what an installation has from the beginning."""
    return lambda database: prepare(Context(database, built_in_registry, packaged_specs, Settings(tmp_path)))


def name_of(database: Database) -> str:
    return str(database.url.database)


def rows(database: Database) -> dict[str, int]:
    """How many each table has that has any."""
    with database.engine.connect() as connection:
        counted = {
            name: int(connection.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0)  # noqa: S608 - ours
            for name in inspect(connection).get_table_names()
        }
    return {name: number for name, number in counted.items() if number}


def job_types(database: Database) -> list[int]:
    """Their ids."""
    with database.read() as session:
        return list(session.scalars(select(JobType.id).order_by(JobType.id)))


def test_a_database_is_lent_again_with_nothing_in_it_and_numbers_that_begin_anew(
    reused: ReusedDatabases, lend: Callable[[], Database], fill: Fill
) -> None:
    first = lend()
    as_new = rows(first)
    fill(first)
    filled, ids = rows(first), job_types(first)
    reused.take_back(name_of(first))
    second = lend()
    assert name_of(second) == name_of(first)
    assert rows(second) == as_new
    fill(second)
    assert (rows(second), job_types(second)) == (filled, ids)


def test_two_at_a_time_are_two(lend: Callable[[], Database], fill: Fill) -> None:
    first, second = lend(), lend()
    fill(first)
    assert job_types(second) == []


def test_whoever_is_still_connected_and_holds_locks_is_cut_off(
    reused: ReusedDatabases, lend: Callable[[], Database], fill: Fill
) -> None:
    first = lend()
    fill(first)
    with first.engine.connect() as connection:
        connection.execute(text("UPDATE job_type SET priority = 1"))
        reused.take_back(name_of(first))
        with pytest.raises(DBAPIError):
            connection.commit()
    assert job_types(lend()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE node RENAME TO lost",
        "DROP INDEX ix_audit_record_occurred",
        "ANALYZE job_type",
    ],
)
def test_one_that_was_more_than_filled_is_dropped(
    reused: ReusedDatabases, server: PostgresServer, lend: Callable[[], Database], fill: Fill, statement: str
) -> None:
    first = lend()
    fill(first)
    with first.engine.begin() as connection:
        connection.execute(text(statement))
    reused.take_back(name_of(first))
    assert name_of(first) not in server.names()
    assert rows(lend()).keys() == {"alembic_version", "spatial_ref_sys"}


def test_one_that_has_grown_is_dropped(
    reused: ReusedDatabases, server: PostgresServer, lend: Callable[[], Database]
) -> None:
    first = lend()
    with first.engine.begin() as connection:
        connection.execute(text(GROW), {"some": LARGE // 16})
    reused.take_back(name_of(first))
    assert name_of(first) not in server.names()
