"""What a PostgreSQL server and a database on it must have, and what is said where something is missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from fakes.databases import database_url
from scale_core.cli.main import scale
from scale_core.db import postgres
from scale_core.db.database import Database

pytestmark = pytest.mark.postgresql

Run = Callable[..., Result]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a new database without anything."""
    return database_url(tmp_path, is_empty=True)


@pytest.fixture
def run(tmp_path: Path, url: str) -> Run:
    """Runs ``scale db …`` on that database."""

    def run(command: str, url: str = url) -> Result:
        return CliRunner().invoke(scale, ["--database-url", url, "--data-dir", str(tmp_path), "db", command])

    return run


def execute(url: str, *statements: str) -> None:
    """Execute statements as an administrator."""
    database = Database(url)
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    database.close()


def refused(result: Result) -> str:
    """The one line that is said."""
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_statements_are_not_compiled_however_long_the_server_expects_them_to_take(url: str) -> None:
    database = Database(url)
    for _connection in range(2):
        with database.engine.connect() as connection:
            assert connection.scalar(text("SHOW jit")) == "off"
            connection.rollback()
            assert connection.scalar(text("SHOW jit")) == "off"
            connection.invalidate()
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT reset_val FROM pg_settings WHERE name = 'jit'")) == "on"
    database.close()


def test_an_empty_database_is_upgraded_once_and_can_then_be_used(run: Run) -> None:
    assert "postgis" in refused(run("check"))
    assert run("upgrade").stdout.startswith("Upgraded from None to ")
    assert run("upgrade").stdout.startswith("The database is at schema ")
    assert run("check").exit_code == 0


def test_who_may_not_add_postgis_is_told_who_may_and_what_to_do(run: Run, url: str) -> None:
    name = url.rpartition("/")[2]
    execute(
        url,
        "DROP ROLE IF EXISTS nobody_much",
        "CREATE ROLE nobody_much LOGIN PASSWORD 'secret'",
        f"GRANT ALL ON DATABASE {name} TO nobody_much",
        "GRANT ALL ON SCHEMA public TO nobody_much",
    )
    theirs = Database(url).url.set(username="nobody_much", password="secret").render_as_string(hide_password=False)
    said = refused(run("upgrade", theirs))
    assert "permission denied" in said
    assert f"have an administrator run `CREATE EXTENSION postgis` in {name}" in said
    assert "secret" not in said
    execute(url, "CREATE EXTENSION postgis")
    assert run("upgrade", theirs).exit_code == 0
    assert run("check", theirs).exit_code == 0


def test_a_server_that_is_too_old_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "FIRST_OF_OLDEST", 990_000)
    for command in ("upgrade", "check"):
        assert "Upgrade the server" in refused(run(command))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"port": 1}, "Connection refused"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"password": "wrong"}, "password authentication failed"),
    ],
)
def test_a_url_that_leads_nowhere_is_one_line_without_the_password(
    run: Run, url: str, change: dict[str, Any], said: str
) -> None:
    wrong = Database(url).url.set(**change).render_as_string(hide_password=False)
    line = refused(run("check", wrong))
    assert said in line
    assert "***" in line


def test_an_older_and_a_newer_schema_are_refused_with_what_to_do(run: Run, url: str) -> None:
    assert run("upgrade").exit_code == 0
    for revision, advice in (("0001", "Run `scale db upgrade` first."), ("9999", "Upgrade Scale.")):
        execute(url, f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608 - ours
        assert advice in refused(run("check"))
