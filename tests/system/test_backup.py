"""A backup that is taken while Scale runs, restored elsewhere, is a Scale that goes on (docs/operations.md: Backup)."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from fakes.databases import database_name, database_url, on_postgres
from fakes.pipeline import Pipeline, build_pipeline
from fakes.running import RunningScale, transfer
from fakes.traffic import Traffic, await_quiet, check, roomy_scale
from scale_core.db.database import Database
from scale_core.testing.postgres import EMPTY, PostgresServer, find_programs

BEFORE_SECONDS = 4.0
MEANWHILE_SECONDS = 1.5
AFTER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Known:
    """What a database knows: paths of files, with whether they are sources, and those of ingests under way; jobs that
    are complete, by id; ids of all; those of users' jobs that wait or run."""

    files: dict[str, bool]
    under_way: set[str]
    completed: dict[int, tuple[Any, ...]]
    jobs: set[int]
    unfinished: set[int]

    @classmethod
    def at(cls, url: str) -> "Known":
        with closing(Database(url)) as database, database.read() as session:

            def rows(statement: str) -> list[Any]:
                return list(session.execute(text(statement)).all())

            return cls(
                {path: kind == "SOURCE" for path, kind in rows("SELECT file_path, file_type FROM scale_file")},
                {path for (path,) in rows("SELECT file_path FROM ingest WHERE status <> 'INGESTED'") if path},
                {
                    row.id: tuple(row)
                    for row in rows("SELECT id, num_exes, ended, results FROM job WHERE status = 'COMPLETED'")
                },
                {one for (one,) in rows("SELECT id FROM job")},
                {
                    one
                    for (one,) in rows(
                        "SELECT job.id FROM job JOIN job_type ON job_type.id = job_type_id "
                        "WHERE NOT is_system AND status IN ('QUEUED', 'PENDING', 'RUNNING')"
                    )
                },
            )


def is_at_work(scale: RunningScale) -> bool:
    """Whether jobs of users run."""
    return any(not one["job_type"]["name"].startswith("scale-") for one in scale.results("/jobs/", status="RUNNING"))


def back_up(here: Path, copy: Path) -> None:
    """The database, as it is at one moment."""
    if not on_postgres():
        with closing(sqlite3.connect(here / "scale.db")) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return
    postgres("pg_dump", "--format=custom", f"--file={copy}", database=database_name(here))


def restore(copy: Path, there: Path) -> None:
    """Make the database of another data folder of the copy."""
    if not on_postgres():
        shutil.copy(copy, there / "scale.db")
        return
    url = database_url(there, is_empty=True)
    PostgresServer.at(url).drop(database_name(there))
    PostgresServer.at(url).create(database_name(there), EMPTY)
    postgres("pg_restore", "--no-owner", "--exit-on-error", str(copy), database=database_name(there), into=True)


def postgres(program: str, *arguments: str, database: str, into: bool = False) -> None:
    url = make_url(PostgresServer.at(os.environ["SCALE_TEST_POSTGRES"]).url(database))
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    named = f"--dbname={plain}"
    done = subprocess.run([find_programs() / program, named, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def copy_new(source: Path, target: Path) -> None:
    """Copy what is not there yet, as ``rsync --archive --ignore-existing`` does; what vanishes is left out."""
    for folder, _folders, names in os.walk(source):
        place = target / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            if not (place / name).exists() and not name.endswith("_tmp"):
                try:
                    shutil.copy2(Path(folder, name), place / f".{name}.part")
                except FileNotFoundError:
                    continue
                (place / f".{name}.part").rename(place / name)


def send_again(known: Known, raw: Path, incoming: Path, sent: dict[str, str]) -> list[str]:
    """What came after the backup: files of the workspace that the database does not know go back to where they came
    from, and what is in no copy is sent again."""
    again = []
    known_names = {place.rpartition("/")[2] for place in (*known.files, *known.under_way)}
    for path in [one for one in raw.rglob("*") if one.is_file()]:
        place = str(path.relative_to(raw))
        if place in known.files or place in known.under_way:
            continue
        if path.name in known_names or path.name not in sent or (incoming / "ingesting" / path.name).exists():
            path.unlink()  # half a file, or one that is elsewhere too: it was moved between the two copies
        else:
            path.rename(incoming / path.name)
            again.append(path.name)
    there = {one.name for root in (raw, incoming) for one in root.rglob("*") if one.is_file()}
    for name in sorted(sent.keys() - there):
        transfer(incoming, name, sent[name].encode())
        again.append(name)
    return again


def put_back(known: Known, raw: Path) -> None:
    """Files that a parse result has moved after the backup go back to where the database knows them."""
    for place, is_source in known.files.items():
        name = place.rpartition("/")[2]
        if is_source and not (raw / place).exists():
            (moved,) = [one for one in raw.rglob(name) if str(one.relative_to(raw)) not in known.files]
            (raw / place).parent.mkdir(parents=True, exist_ok=True)
            moved.rename(raw / place)


def move_in(there: RunningScale, pipeline: Pipeline) -> None:
    """Tell the restored Scale where its workspaces and directories are now, before a scheduler runs."""
    web = RunningScale(there.data_dir, command="web")
    web.start()
    for workspace in web.results("/workspaces/"):
        broker = {"type": "host", "host_path": str(there.data_dir.parent / workspace["name"])}
        web.change(f"/workspaces/{workspace['id']}/", {"json_config": {"version": "1.0", "broker": broker}})
    for strike in web.results("/strikes/"):
        configuration = web.get(f"/strikes/{strike['id']}/")["configuration"]
        web.change(f"/strikes/{strike['id']}/", {"configuration": {**configuration, "mount": str(pipeline.incoming)}})
    assert web.stop() == 0
    web.http.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[RunningScale]:
    place = tmp_path / "here"
    place.mkdir()
    with roomy_scale(place) as running:
        yield running


@pytest.fixture
def scale_at() -> Iterator[Callable[[Path], RunningScale]]:
    """Makes a Scale with a data folder, which ends with the test."""
    made = []

    def make(data_dir: Path) -> RunningScale:
        made.append(RunningScale(data_dir, engine_cpus="4", engine_mem="2048"))
        return made[-1]

    yield make
    for one in made:
        one.kill()
        one.http.close()


@pytest.mark.slow
def test_a_backup_of_a_running_scale_restored_elsewhere_goes_on(
    here: RunningScale, scale_at: Callable[[Path], RunningScale], tmp_path: Path
) -> None:
    pipeline = build_pipeline(here)
    place = tmp_path / "there"
    copies = {pipeline.raw: place / "raw", pipeline.products: place / "products"}
    with Traffic(here, pipeline) as traffic:
        time.sleep(BEFORE_SECONDS)
        for source, target in copies.items():
            copy_new(source, target)
        here.wait(lambda: here.get("/jobs/", status="COMPLETED")["count"])
        here.wait(lambda: is_at_work(here))
        back_up(here.data_dir, tmp_path / "backup")
        time.sleep(MEANWHILE_SECONDS)
        copy_new(pipeline.incoming, place / "files-incoming")
        for source, target in copies.items():
            copy_new(source, target)
        time.sleep(MEANWHILE_SECONDS)
    here.kill()

    data_dir = place / "data"
    data_dir.mkdir()
    restore(tmp_path / "backup", data_dir)
    known = Known.at(database_url(data_dir))
    assert known.completed
    assert known.unfinished
    incoming = place / "files-incoming"
    put_back(known, place / "raw")
    assert send_again(known, place / "raw", incoming, traffic.sent), "nothing came between backup and disaster"
    moved = replace(pipeline, incoming=incoming, raw=place / "raw", products=place / "products")
    there = scale_at(data_dir)
    move_in(there, moved)

    there.start()
    later = Traffic(there, moved)
    later.sent.update(traffic.sent)
    later.accepted += [one for one in traffic.accepted if one in known.jobs]
    with later:
        time.sleep(AFTER_SECONDS)
    assert len(later.sent) > len(traffic.sent), "no new file came"
    await_quiet(there, len(later.sent))
    check(there, moved, later, place)
    now = Known.at(database_url(data_dir)).completed
    assert {one: now.get(one) for one in known.completed} == known.completed, "what had ended did not stay as it was"
    assert known.unfinished <= now.keys(), "what waited or ran did not run on"
