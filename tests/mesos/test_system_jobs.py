"""Scale's own jobs on the cluster: Strikes, ingests and the clock are tasks of agents, done by real executors there."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from fakes.mesos.cluster import FakeCluster
from fakes.mesos.processes import EXECUTOR
from fakes.object_store import ObjectStore
from fakes.running import RunningScale, transfer
from fakes.shell import Shell


def ingests(scale: RunningScale, number: int, status: str) -> Any:
    """So many ingests, once they have that status."""
    return scale.wait(lambda: len(found := scale.results("/ingests/", status=status)) == number and found)


def executions(scale: RunningScale, job_type: str) -> list[dict[str, Any]]:
    """Executions of a job type, the oldest first."""
    found = scale.results("/job-executions/", job_type_name=job_type, order="id")
    return [scale.get(f"/job-executions/{one['id']}/") for one in found]


def test_a_directory_is_watched_on_an_agent_and_a_duplicate_is_found_and_removed_on_one(
    scale: RunningScale, cluster: FakeCluster
) -> None:
    scale.workspace("raw")
    incoming = scale.strike("files", "raw")
    transfer(incoming, "one.txt", b"same\n")
    (first,) = ingests(scale, 1, "INGESTED")
    (job,) = scale.results("/jobs/", job_type_name="scale-ingest")
    Shell(scale).await_stdout(job["id"], f"{incoming}/ingesting/one.txt is ")
    transfer(incoming, "one.txt", b"same\n")
    (second,) = ingests(scale, 1, "DUPLICATE")
    assert second["source_file"]["id"] == first["source_file"]["id"]
    scale.wait(lambda: [one["status"] for one in executions(scale, "scale-ingest")] == ["COMPLETED"] * 3)
    assert [path.name for path in (incoming.parent / "raw").rglob("*") if path.is_file()] == ["one.txt"]
    scale.wait(lambda: not list((incoming / "ingesting").iterdir()))
    (watch,) = executions(scale, "scale-strike")
    assert (watch["status"], watch["node"] is not None) == ("RUNNING", True)


@pytest.mark.slow
def test_the_clock_is_kept_on_an_agent_fires_what_is_due_and_shows_where_it_is(scale: RunningScale) -> None:
    def where() -> list[tuple[str, str]]:
        """The statuses and nodes of what runs, as the nodes have it."""
        nodes = scale.results("/nodes/status/")
        return [
            (one["job"]["job_type"]["name"], node["node"]["slave_id"])
            for node in nodes
            for one in node["job_exes_running"]
        ]

    ((name, agent_id),) = scale.wait(where)
    assert name == "scale-clock"
    (job,) = scale.results("/jobs/", job_type_name="scale-clock")
    (keeper,) = executions(scale, "scale-clock")
    assert (job["status"], keeper["status"], keeper["node"]["slave_id"]) == ("RUNNING", "RUNNING", agent_id)
    # The jobs that wait and run are counted once a minute.
    scale.wait(lambda: scale.results("/load/"))
    assert [one["status"] for one in executions(scale, "scale-clock")] == ["RUNNING"]


def test_a_bucket_is_watched_on_an_agent_that_has_the_settings_of_its_storage(
    tmp_path: Path, cluster: FakeCluster, object_store: ObjectStore
) -> None:
    object_store.client().create_bucket(Bucket="arrivals-on-agents")
    options = {f"STORAGE_S3_{name.upper()}": str(value) for name, value in object_store.options().items()}
    executor = tmp_path / "executor"
    exports = "".join(f"export SCALE_{name}={shlex.quote(value)}\n" for name, value in options.items())
    executor.write_text(f"#!/bin/sh\n{exports}exec {shlex.quote(EXECUTOR)}\n")
    executor.chmod(0o755)
    master = cluster.masters.split(",")[0]
    settings = {"engine": "mesos", "mesos_master": master, "mesos_executor": str(executor), **options}
    scale = RunningScale(tmp_path / "data", **settings)
    scale.start()
    try:
        scale.workspace("raw")
        broker = {"type": "s3", "bucket_name": "arrivals-on-agents"}
        scale.create("/workspaces/", {"name": "arrivals", "json_config": {"version": "1.0", "broker": broker}})
        rules = [{"filename_regex": r".*\.txt$", "workspace_path": "in", "workspace_name": "raw"}]
        monitor = {"type": "s3", "workspace_name": "arrivals", "listing_seconds": 1}
        configuration = {"version": "1.0", "monitor": monitor, "files_to_ingest": rules}
        for name in ("a.txt", "b.png"):
            object_store.client().put_object(Bucket="arrivals-on-agents", Key=name, Body=b"content")
        scale.create("/strikes/", {"name": "bucket", "configuration": configuration})
        (ingest,) = ingests(scale, 1, "INGESTED")
        assert (ingest["file_name"], ingest["strike"]["name"]) == ("a.txt", "bucket")
        (watch,) = executions(scale, "scale-strike")
        assert (watch["status"], watch["node"] is not None) == ("RUNNING", True)
        (taken,) = executions(scale, "scale-ingest")
        assert taken["node"] is not None
    finally:
        assert scale.stop() == 0
        scale.http.close()
