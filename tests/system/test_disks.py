"""Disks that are full, read-only or gone: an error that says so, and after mending a requeue completes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.disks import SmallDisk, small_disk
from fakes.running import RunningScale, transfer
from fakes.shell import Shell
from fakes.waiting import until_equal

pytestmark = [pytest.mark.any_database, pytest.mark.xdist_group("disks")]  # one Scale for all

MIB = 1 << 20
NO_DISK: dict[str, Any] = {"disk_out_const_required": 0.0}
"""By default a job asks for more than the whole disk has."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disks")


@pytest.fixture(scope="module")
def disk(place: Path) -> Iterator[SmallDisk]:
    """The disk of the workspace ``small``: room for half a MiB."""
    with small_disk(place / "small", 512) as disk:
        yield disk


@pytest.fixture(scope="module")
def scale(place: Path, disk: SmallDisk) -> Iterator[RunningScale]:
    """One for these tests; each has a Strike and job types of its own."""
    running = RunningScale(place / "data", engine_cpus="4", engine_mem="2048")
    running.start()
    running.workspace("small")
    running.workspace("raw")
    yield running
    running.change("/scheduler/", {"is_paused": False})
    assert running.stop() == 0
    running.http.close()


@pytest.fixture
def shell(scale: RunningScale) -> Shell:
    return Shell(scale)


def ingest(scale: RunningScale, name: str) -> dict[str, Any]:
    """The newest ingest of a file once its job has ended, with that job."""

    def job_id() -> Any:
        answer = scale.http.get(f"/ingests/{name}/")
        return (answer.json()["job"] or {}).get("id") if answer.is_success else None

    job = scale.ended(scale.wait(job_id))
    return {**scale.get(f"/ingests/{name}/"), "job": job}


def requeue(scale: RunningScale, *job_ids: int) -> list[str]:
    """Requeue jobs; what became of them."""
    scale.http.post("/queue/requeue-jobs/", json={"job_ids": list(job_ids)})
    return [scale.ended(job_id)["status"] for job_id in job_ids]


def source(scale: RunningScale, name: str, workspace: str = "raw") -> dict[str, Any]:
    """A source file that was ingested into a workspace."""
    incoming = scale.strike(name, workspace)
    transfer(incoming, f"{name}.txt", b"content")
    assert ingest(scale, f"{name}.txt")["status"] == "INGESTED"
    found: dict[str, Any] = scale.get(f"/sources/{name}.txt/")
    return found


def maker(shell: Shell, name: str, kib: int) -> int:
    """A queued job with an output of some KiB in the workspace ``small``."""
    (workspace,) = (one for one in shell.scale.results("/workspaces/") if one["name"] == "small")
    job_type = shell.job_type(
        name,
        f'head -c {kib}k /dev/zero >"$1/{name}.bin"; echo "ARTIFACT:out:$1/{name}.bin"',
        command_arguments="${job_output_dir}",
        output_data=[{"name": "out", "type": "file"}],
    )
    return shell.job(job_type, output_data=[{"name": "out", "workspace_id": workspace["id"]}])


def reader(shell: Shell, name: str, file: dict[str, Any]) -> int:
    """A queued job that reads a file."""
    job_type = shell.job_type(
        name, 'cat "$1"', command_arguments="${file}", input_data=[{"name": "file", "type": "file"}]
    )
    return shell.job(job_type, input_data=[{"name": "file", "file_id": file["id"]}])


def stored(disk: SmallDisk) -> list[str]:
    """Names of all files of the workspace, hidden ones too."""
    return sorted(path.name for path in disk.place.rglob("*") if path.is_file())


def test_a_full_workspace(scale: RunningScale, shell: Shell, disk: SmallDisk) -> None:
    incoming = scale.strike("large", "small")
    transfer(incoming, "large.bin", os.urandom(MIB))
    made = maker(shell, "large-product", 1024)
    failed = ingest(scale, "large.bin")
    assert failed["status"] == "ERRORED"
    assert "No space left" in failed["reason"]
    assert (failed["job"]["status"], failed["job"]["error"]["name"]) == ("FAILED", "output-storage")
    job = scale.ended(made)
    assert (job["status"], job["error"]["name"]) == ("FAILED", "output-storage")
    assert stored(disk) == []
    assert (incoming / "large.bin").exists() or list(incoming.rglob("large.bin"))

    disk.change("size=8m")
    assert requeue(scale, failed["job"]["id"], made) == ["COMPLETED", "COMPLETED"]
    assert ingest(scale, "large.bin")["status"] == "INGESTED"
    assert stored(disk) == ["large-product.bin", "large.bin"]
    until_equal(lambda: [path for path in incoming.rglob("*") if path.is_file()], [])


def test_a_read_only_workspace(scale: RunningScale, shell: Shell, disk: SmallDisk) -> None:
    disk.change("size=8m,ro")
    transfer(scale.strike("read-only", "small"), "read-only.txt", b"x")
    made = maker(shell, "read-only-product", 1)
    failed = ingest(scale, "read-only.txt")
    assert (failed["status"], failed["job"]["error"]["name"]) == ("ERRORED", "output-storage")
    assert "Read-only file system" in failed["reason"]
    assert scale.ended(made)["error"]["name"] == "output-storage"

    disk.change("rw")
    assert requeue(scale, failed["job"]["id"], made) == ["COMPLETED", "COMPLETED"]
    assert ingest(scale, "read-only.txt")["status"] == "INGESTED"
    assert {"read-only.txt", "read-only-product.bin"} <= set(stored(disk))


def test_a_workspace_that_is_gone(scale: RunningScale, shell: Shell, place: Path) -> None:
    file = source(scale, "kept")
    (place / "raw").rename(place / "elsewhere")
    transfer(scale.strike("gone", "raw"), "gone.txt", b"x")
    reads = reader(shell, "gone-reader", file)
    failed = ingest(scale, "gone.txt")
    assert (failed["status"], failed["job"]["error"]["name"]) == ("ERRORED", "output-storage")
    assert "is not there" in failed["reason"]
    job = scale.ended(reads)
    assert (job["status"], job["error"]["name"]) == ("FAILED", "input-unavailable")
    assert not (place / "raw").exists(), "something was written where the workspace should be"

    (place / "elsewhere").rename(place / "raw")
    assert requeue(scale, failed["job"]["id"], reads) == ["COMPLETED", "COMPLETED"]
    assert shell.stdout(reads) == "content"
    assert ingest(scale, "gone.txt")["status"] == "INGESTED"


def test_an_input_file_that_is_gone(scale: RunningScale, shell: Shell, place: Path) -> None:
    file = source(scale, "lost")
    path = place / "raw" / file["file_path"]
    content = path.read_bytes()
    path.unlink()
    reads = reader(shell, "lost-reader", file)
    job = scale.ended(reads)
    assert (job["status"], job["error"]["name"]) == ("FAILED", "input-unavailable")
    assert "lost.txt" in scale.get(f"/job-executions/{job['job_exes'][0]['id']}/logs/")["stderr"]

    path.write_bytes(content)
    assert requeue(scale, reads) == ["COMPLETED"]


@pytest.fixture
def data_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """The disk of a data folder."""
    with small_disk(tmp_path / "data", 32 * 1024) as disk:
        yield disk


@pytest.fixture
def squeezed(tmp_path: Path, data_disk: SmallDisk) -> Iterator[RunningScale]:
    """A Scale whose data folder is on ``data_disk``."""
    running = RunningScale(tmp_path / "data", engine_cpus="2", engine_mem="1024")
    running.start()
    yield running
    running.kill()
    running.http.close()


@pytest.mark.sqlite
def test_a_full_data_folder_stops_nothing_for_good(
    squeezed: RunningScale, tmp_path: Path, data_disk: SmallDisk
) -> None:
    scale, pid = squeezed, squeezed.pid
    shell = Shell(scale)
    scale.workspace("raw")
    incoming = scale.strike("files", "raw")
    runs = shell.run(
        "runs", f"echo begun; while test ! -e {tmp_path}/may-end; do sleep 0.05; done", disk_out_const_required=0.0
    )
    shell.await_stdout(runs, "begun")
    waits_type = shell.job_type("waits", "exit 0", cpus_required=2.0, **NO_DISK)
    waits = [shell.job(waits_type) for _ in range(3)]

    data_disk.fill()
    refused = fill_until_refused(scale, data_disk, waits_type, waits)
    assert refused.status_code >= 500
    assert refused.headers["content-type"].startswith("application/problem+json")
    (tmp_path / "may-end").touch()
    for number in range(5):
        transfer(incoming, f"{number}.txt", b"x")
    scale.wait(lambda: "database or disk is full" in scale.log.read_text())
    assert scale.get(f"/jobs/{runs}/")["id"] == runs, "what needs no space is answered"

    data_disk.free()
    scale.wait(lambda: scale.get("/ingests/", status="INGESTED")["count"] == 5)
    accepted = [*waits, shell.job(waits_type)]
    for job_id in [runs, *accepted]:
        job = scale.ended(job_id)
        if job["status"] == "FAILED":  # the engine had no space either
            assert job["error"]["name"] == "engine-failure"
            assert requeue(scale, job_id) == ["COMPLETED"]
    assert scale.pid == pid
    assert scale.stop() == 0


def fill_until_refused(scale: RunningScale, disk: SmallDisk, job_type_id: int, accepted: list[int]) -> Any:
    """Queue jobs until there is no space for another one; the answer to that."""
    body = {"job_type_id": job_type_id, "job_data": {}}
    while (answer := scale.http.post("/queue/new-job/", json=body)).status_code == 201:
        accepted.append(answer.json()["id"])
        disk.fill()
    return answer


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("is_new", "leaving_kib"),
    [(True, 0), (True, 150), (False, 0)],
    ids=["first start", "first start, half-way", "later start"],
)
def test_a_data_folder_that_is_full_at_the_start_is_one_line_of_error(
    tmp_path: Path, data_disk: SmallDisk, is_new: bool, leaving_kib: int
) -> None:
    scale = RunningScale(tmp_path / "data")
    if not is_new:
        scale.start()
        assert scale.stop() == 0
    data_disk.fill(leaving_kib)
    done = scale.refused()
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    data_disk.free()
    scale.start()
    assert scale.stop() == 0
    scale.http.close()
