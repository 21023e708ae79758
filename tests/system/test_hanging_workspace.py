"""A whole Scale one of whose workspaces is on a mount that hangs: logs and jobs that are there hold up nobody."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from fakes.hanging_mount import HangingMount
from fakes.running import RunningScale
from fakes.shell import Shell

pytestmark = pytest.mark.any_database

READERS = 60
"""More than there are threads for requests."""


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[RunningScale]:
    """One that is impatient with storages, and has its logs in the workspace that may hang."""
    impatient = {"storage_nfs_timeout": "2", "content_seconds": "1", "grace_seconds": "3"}
    running = RunningScale(tmp_path / "data", logs_workspace="hanging", **impatient)
    running.start()
    yield running
    running.stop()
    running.http.close()


def workspace_on(scale: RunningScale, mount: HangingMount) -> None:
    broker = {"type": "host", "host_path": str(mount.place)}
    scale.create("/workspaces/", {"name": "hanging", "json_config": {"version": "1.0", "broker": broker}})


def execution_of(scale: RunningScale, job_id: int) -> int:
    return int(scale.ended(job_id)["job_exes"][0]["id"])


def test_who_reads_logs_that_hang_holds_up_neither_requests_nor_the_end_of_scale(
    scale: RunningScale, hanging_mount: HangingMount
) -> None:
    workspace_on(scale, hanging_mount)
    execution_id = execution_of(scale, Shell(scale).run("told", "echo told"))
    path = f"/job-executions/{execution_id}/logs/stdout/"
    scale.wait(lambda: list(hanging_mount.storage.rglob("stdout")))
    scale.wait(lambda: scale.http.get(path).text == "told\n")
    with hanging_mount.hanging(), ThreadPoolExecutor(READERS) as readers:
        url = scale.http.base_url.join(path)
        answers = [readers.submit(httpx.get, url, timeout=120) for _ in range(READERS)]
        assert {one.result().status_code for one in answers} == {503}
        assert scale.results("/jobs/")
        assert scale.stop() == 0
        scale.start()
        other = execution_of(scale, Shell(scale).run("other", "echo other"))
        scale.wait(lambda: "Storing logs of executions: it waits." in scale.log.read_text())
        assert scale.get(f"/job-executions/{other}/logs/")["stdout"] == "other\n"
    scale.wait(lambda: scale.http.get(path).text == "told\n")
    scale.wait(lambda: list(hanging_mount.storage.rglob(f"{other}/stdout")))


def test_jobs_whose_workspace_hangs_fail_and_are_tried_again_while_others_run(
    scale: RunningScale, hanging_mount: HangingMount
) -> None:
    workspace_on(scale, hanging_mount)
    output = [{"name": "one", "type": "file"}]
    script, arguments = "echo x > $1/x; echo ARTIFACT:one:$1/x", "${job_output_dir}"
    shell = Shell(scale)
    store = shell.job_type("store", script, command_arguments=arguments, output_data=output, max_tries=2)
    with hanging_mount.hanging():
        job_id = shell.job(store, output_data=[{"name": "one", "workspace_id": 1}])
        job = scale.ended(job_id)
        assert (job["status"], job["error"]["name"]) == ("FAILED", "output-storage")
        assert len(job["job_exes"]) == 2
        assert scale.ended(shell.run("other", "echo other"))["status"] == "COMPLETED"
    assert scale.http.post("/queue/requeue-jobs/", json={"job_ids": [job_id]}).is_success
    assert scale.in_status(job_id, "COMPLETED")["status"] == "COMPLETED"
