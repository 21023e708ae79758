"""A served Scale for contract tests: real HTTP, a real database, responses checked against the document."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes import documents
from fakes.access import add_token, add_user
from fakes.databases import database_url, new_database
from fakes.installations import installed
from fakes.pipeline import build_pipeline
from fakes.running import RunningScale, transfer
from fakes.served import serving
from fakes.waiting import SECONDS
from fakes.world import SetClock
from scale_core.db.base import Base
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_generated.enums import Role


@contextmanager
def served(context: Context) -> Iterator[str]:
    """Where the installation answers."""
    with serving(context) as address:
        yield address


@pytest.fixture(scope="session")
def served_context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """An installation that tests may empty."""
    with installed(tmp_path_factory.mktemp("data")) as context:
        yield context


@pytest.fixture(scope="session")
def base_url(served_context: Context) -> Iterator[str]:
    """Where that installation answers."""
    with served(served_context) as url:
        yield url


@pytest.fixture(scope="session")
def seeded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an installation answers that has processed files: of everything that can be asked for there is some. Who
    uses it only reads."""
    with seeded(tmp_path_factory.mktemp("seeded")) as url:
        yield url


@pytest.fixture(scope="module")
def own_seeded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same, for a module that leaves nothing as it was."""
    with seeded(tmp_path_factory.mktemp("own-seeded")) as url:
        yield url


@contextmanager
def seeded(folder: Path) -> Iterator[str]:
    """Where a new installation answers that has processed files."""
    process_files(RunningScale(folder / "data"))
    with installed(folder / "data") as context, served(context) as url:
        yield url


def process_files(scale: RunningScale) -> None:
    """Bring files to products, and leave behind jobs that failed, were canceled and wait."""
    scale.start()
    try:
        pipeline = build_pipeline(scale)
        broken = {"name": "broken", "version": "1.0", "interface": {"command": "false", "command_arguments": ""}}
        failing = scale.create("/job-types/", {**broken, "max_tries": 1})
        for name in ("a.txt", "b.txt"):
            transfer(pipeline.incoming, name, b"text\n")
        failed = scale.create("/queue/new-job/", {"job_type_id": failing["id"], "job_data": {}})
        scale.wait(lambda: len(scale.results("/jobs/", job_type_name="late", status="COMPLETED")) == 2)
        scale.in_status(failed["id"], "FAILED")
        take_archive_in(scale)
        scale.change("/scheduler/", {"is_paused": True})
        canceled = scale.create("/queue/new-job/", pipeline.direct_job())
        scale.change(f"/jobs/{canceled['id']}/", {"status": "CANCELED"})
        scale.create("/queue/new-job/", pipeline.direct_job())
        user = scale.create("/users/", {"name": "ada", "role": "viewer"})
        scale.create("/tokens/", {"user_id": user["id"]})
    finally:
        scale.stop()
        scale.http.close()


def take_archive_in(scale: RunningScale) -> None:
    """Have a file that was there before ingested by a Scan."""
    archive = scale.data_dir.parent / "archive"
    archive.mkdir()
    (archive / "old.bin").write_bytes(b"\0")
    rule = {"filename_regex": ".*", "workspace_path": "old", "workspace_name": "raw"}
    body = {"name": "archive", "configuration": {"mount": str(archive), "files_to_ingest": [rule]}}
    url = f"/scans/{scale.create('/scans/', body)['id']}/"
    for is_ingest, kind in ((False, "dry_run_job"), (True, "job")):
        assert scale.http.post(f"{url}process/", json={"ingest": is_ingest}).status_code == 202
        scale.in_status(scale.get(url)[kind]["id"], "COMPLETED")
    scale.wait(lambda: scale.get(url)["ingests"] == [{"status": "INGESTED", "count": 1}])


@pytest.fixture(scope="session")
def reading_http(base_url: str) -> Iterator[httpx.Client]:
    """A client for tests that change nothing; redirects are not followed."""
    with httpx.Client(base_url=base_url, timeout=SECONDS) as client:
        yield client


@pytest.fixture
def http(served_context: Context, reading_http: httpx.Client) -> httpx.Client:
    """A client of an installation that is as good as new."""
    with served_context.database.write() as session:
        if served_context.database.is_sqlite:
            session.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for table in reversed(Base.metadata.sorted_tables):  # to truncate them takes PostgreSQL four times as long
            session.execute(table.delete())
    prepare(served_context)
    return reading_http


@pytest.fixture
def workspace(http: httpx.Client, tmp_path: Path) -> dict[str, Any]:
    """A workspace called products."""
    body = documents.workspace("products", tmp_path / "products")
    return documents.created(http.post("/workspaces/", json=body))


@pytest.fixture(scope="package")
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="package")
def guarded(served_context: Context, tmp_path_factory: pytest.TempPathFactory, clock: SetClock) -> Iterator[Context]:
    """An installation that asks who its clients are."""
    folder = tmp_path_factory.mktemp("guarded")
    settings = replace(
        served_context.settings, data_dir=folder, database_url=database_url(folder), auth=True, max_request_mib=0.01
    )
    database = new_database(folder, alone=True)
    context = replace(served_context, database=database, settings=settings, now=clock)
    yield context
    database.close()


@pytest.fixture(scope="package")
def address(guarded: Context) -> Iterator[str]:
    with serving(guarded) as address:
        yield address


@pytest.fixture(scope="package")
def tokens(guarded: Context) -> Mapping[str, str]:
    """A token of a user of each role."""
    prepare(guarded)
    users = {role: add_user(guarded, f"the-{role}", role) for role in Role}
    return {role: add_token(guarded, user_id) for role, user_id in users.items()}


@pytest.fixture(scope="package")
def anonymous(address: str) -> Iterator[httpx.Client]:
    """A client that shows nothing of itself, and follows no redirect."""
    with httpx.Client(base_url=address, timeout=SECONDS, trust_env=False) as client:
        yield client
