"""A whole Scale one of whose watched directories is on a mount that hangs, past a stop and a start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.hanging_mount import HangingMount
from fakes.running import RunningScale, transfer
from fakes.shell import Shell

pytestmark = pytest.mark.any_database

GRACE_SECONDS = 3.0
PATIENCE = "2"
"""Seconds in which a process that asks has to be answered: on a busy machine it takes a while to begin."""
LARGE = 2 << 20
"""Bytes of a file that goes over the queue."""


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[RunningScale]:
    """One that is impatient with mounts."""
    running = RunningScale(tmp_path / "data", grace_seconds=str(GRACE_SECONDS), storage_nfs_timeout=PATIENCE)
    running.start()
    yield running
    running.stop()
    running.http.close()


def ingests(scale: RunningScale) -> dict[str, str]:
    """Status by file name."""
    return {one["file_name"]: one["status"] for one in scale.results("/ingests/")}


def trouble(scale: RunningScale) -> str | None:
    """What the Strike says whose directory may hang."""
    (strike,) = scale.results("/strikes/", name="hanging")
    found: str | None = strike["trouble"]
    return found


def test_a_directory_that_hangs_holds_up_nothing_else_and_is_watched_again_when_it_answers(
    scale: RunningScale, hanging_mount: HangingMount
) -> None:
    scale.workspace("raw")
    incoming = scale.strike("other", "raw")
    file = {"filename_regex": ".*", "workspace_name": "raw", "workspace_path": "hanging"}
    configuration = {"version": "1.0", "mount": str(hanging_mount.place), "transfer_suffix": "_tmp"}
    scale.create("/strikes/", {"name": "hanging", "configuration": {**configuration, "files_to_ingest": [file]}})
    transfer(hanging_mount.place, "before.bin", bytes(LARGE))
    scale.wait(lambda: ingests(scale).get("before.bin") == "INGESTED")
    with hanging_mount.hanging():
        scale.wait(lambda: f"{hanging_mount.place} has not answered for " in str(trouble(scale)))
        transfer(incoming, "small.txt", b"small")
        transfer(incoming, "large.bin", bytes(LARGE))
        scale.wait(lambda: {"small.txt", "large.bin"} <= {k for k, v in ingests(scale).items() if v == "INGESTED"})
        job_id = Shell(scale).run("job", "echo done")
        assert scale.ended(job_id)["status"] == "COMPLETED"
        assert scale.stop() == 0  # though it hangs
        transfer(hanging_mount.storage, "meanwhile.bin", bytes(LARGE))
        scale.start()
        transfer(incoming, "restarted.bin", bytes(LARGE))
        scale.wait(lambda: ingests(scale).get("restarted.bin") == "INGESTED")
        scale.wait(lambda: trouble(scale))
    scale.wait(lambda: ingests(scale).get("meanwhile.bin") == "INGESTED")
    scale.wait(lambda: trouble(scale) is None)
