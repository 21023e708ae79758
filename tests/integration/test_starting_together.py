"""Processes that start on one new database at the same moment: one prepares it, the others find it prepared."""

import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from fakes.databases import database_url
from scale_core.db import schema
from scale_core.db.database import Database
from scale_core.db.models import Error, Job, JobType, JobTypeRevision, Scheduler, TriggerRule

PROCESSES = 4

START = """
import sys
from pathlib import Path
from scale_core.db import schema
from scale_core.db.database import Database
from scale_core.plugin.registry import load_registry
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary

step, url, data_dir = sys.argv[1:]
context = Context(Database(url), load_registry(), SpecLibrary.packaged(), Settings(Path(data_dir), url))
print("ready", flush=True)
sys.stdin.readline()
if step == "upgrade":
    print(schema.upgrade(context.database))
else:
    prepare(context)
"""


def together(step: str, url: str, folder: Path) -> list[str]:
    """Have processes do a step at once; what each has printed.

    :raises AssertionError: one has failed.
    """
    command = [sys.executable, "-c", START, step, url, str(folder)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started: list[Any] = [subprocess.Popen(command, **pipes) for _ in range(PROCESSES)]
    for one in started:
        assert one.stdout.readline() == "ready\n"
    for one in started:
        one.stdin.write("go\n")
        one.stdin.flush()
    ended = [one.communicate(timeout=300) for one in started]
    assert [(one.returncode, said) for one, (_, said) in zip(started, ended, strict=True)] == [(0, "")] * PROCESSES
    return [printed for printed, _ in ended]


@pytest.fixture
def empty(tmp_path: Path) -> str:
    """The URL of a database without anything."""
    return database_url(tmp_path, is_empty=True)


def test_one_of_several_upgrades_an_empty_database(empty: str, tmp_path: Path) -> None:
    printed = Counter(together("upgrade", empty, tmp_path))
    head = schema.newest()
    assert printed == {f"(None, '{head}')\n": 1, f"('{head}', '{head}')\n": PROCESSES - 1}
    with closing(Database(empty)) as database:
        schema.require_current(database)


@pytest.mark.sqlite
def test_a_new_database_that_another_process_writes_to_is_waited_for(empty: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "scale.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.2, other.execute, ["COMMIT"])
        done.start()
        with closing(Database(empty)) as database:
            database.check_connection()
        done.join()


def test_one_of_several_upgrades_an_older_database(empty: str, tmp_path: Path) -> None:
    with closing(Database(empty)) as database:
        schema.upgrade(database, "0004")
    printed = Counter(together("upgrade", empty, tmp_path))
    assert printed[f"('0004', '{schema.newest()}')\n"] == 1
    with closing(Database(empty)) as database:
        schema.require_current(database)


def test_one_of_several_creates_what_an_installation_has(empty: str, tmp_path: Path) -> None:
    with closing(Database(empty)) as database:
        schema.upgrade(database)
        together("prepare", empty, tmp_path)
        with database.read() as session:
            assert session.scalars(select(Scheduler.id)).all() == [1]
            for name in (Error.name, JobType.name, JobTypeRevision.job_type_id, TriggerRule.name):
                found = Counter(session.scalars(select(name)).all())
                assert found
                assert set(found.values()) == {1}, name
            assert len(session.scalars(select(Job.id)).all()) == 1
            assert session.scalar(text("SELECT sum(number) FROM job_tally")) == 1
