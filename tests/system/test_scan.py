"""A Scan that is killed while it works: the next start goes on with it, and takes every file once."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from fakes.running import RunningScale
from fakes.traffic import SEED, roomy_scale
from fakes.waiting import until, until_equal

FILES = 1200
KILLS = 3


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[RunningScale]:
    with roomy_scale(tmp_path) as running:
        yield running


def fill(folder: Path) -> None:
    for number in range(FILES):
        path = folder / f"{number % 7}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {number}")


def has_seen(scale: RunningScale, url: str, files: float) -> bool:
    """Whether a Scan has seen more files than that."""
    return bool((scale.get(url)["progress"] or {"files_seen": 0})["files_seen"] > files)


@pytest.mark.slow
def test_a_scan_that_is_killed_again_and_again_ingests_every_file_once(scale: RunningScale, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - not for secrets
    archive, storage = tmp_path / "archive", tmp_path / "storage"
    fill(archive)
    broker = {"type": "host", "host_path": str(storage)}
    scale.create("/workspaces/", {"name": "kept", "json_config": {"version": "1.0", "broker": broker}})
    rule = {"filename_regex": ".*", "workspace_path": "in", "workspace_name": "kept"}
    configuration = {"version": "1.0", "mount": str(archive), "files_to_ingest": [rule]}
    url = f"/scans/{scale.create('/scans/', {'name': 'archive', 'configuration': configuration})['id']}/"
    scale.http.post(f"{url}process/", json={"ingest": True}).raise_for_status()
    for number in range(KILLS):
        scale.wait(partial(has_seen, scale, url, number * FILES / (KILLS + 1)))
        time.sleep(chance.uniform(0.0, 0.1))
        scale.kill()
        scale.start()
    until_equal(lambda: scale.get(url)["ingests"], [{"status": "INGESTED", "count": FILES}])
    progress = until(lambda: scale.get(url)["progress"], lambda found: found["ended"] is not None)
    assert (progress["files_seen"], progress["files_taken"], progress["files_refused"]) == (FILES, FILES, 0)
    assert scale.http.get("/files/?page_size=1").json()["count"] == FILES
    stored = Counter(path.read_text() for path in storage.rglob("*.txt"))
    assert stored == Counter(f"content of {number}" for number in range(FILES))


def test_a_scan_of_what_is_not_there_fails_with_its_reason(scale: RunningScale, tmp_path: Path) -> None:
    broker = {"type": "host", "host_path": str(tmp_path / "storage")}
    scale.create("/workspaces/", {"name": "kept", "json_config": {"version": "1.0", "broker": broker}})
    rule = {"filename_regex": ".*", "workspace_path": "in", "workspace_name": "kept"}
    configuration = {"version": "1.0", "mount": str(tmp_path / "nowhere"), "files_to_ingest": [rule]}
    url = f"/scans/{scale.create('/scans/', {'name': 'nowhere', 'configuration': configuration})['id']}/"
    scale.http.post(f"{url}process/", json={"ingest": False}).raise_for_status()
    job = scale.ended(scale.get(url)["dry_run_job"]["id"])
    assert (job["status"], job["error"]["name"]) == ("FAILED", "input-unavailable")
    scale.wait(lambda: f"{tmp_path}/nowhere cannot be read: No such file or directory" in scale.log.read_text())
    assert "Traceback" not in scale.log.read_text()
