"""A whole Scale whose job types run in containers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.docker_engine import IMAGE, DockerEngine
from fakes.running import RunningScale
from fakes.waiting import until_equal

pytestmark = pytest.mark.any_database


@pytest.fixture
def scale(tmp_path: Path, docker_engine: DockerEngine) -> Iterator[RunningScale]:
    options = {"engine_docker": "on", "engine_docker_host": f"unix://{docker_engine.socket}"}
    running = RunningScale(tmp_path / "data", **options, engine_docker_pull="never")
    running.start()
    yield running
    running.stop()
    running.http.close()


def job_type(name: str, script: str, **changes: Any) -> dict[str, Any]:
    interface = {
        "version": "1.0",
        "command": "sh",
        "command_arguments": f"-c '{script}' sh ${{text}} ${{job_output_dir}}",
        "input_data": [{"name": "text", "type": "file", "media_types": ["text/plain"]}],
        "output_data": [{"name": "copy", "type": "file", "media_type": "text/plain"}],
    }
    body = {"name": name, "version": "1.0", "docker_image": IMAGE, "interface": interface, "mem_required": 64.0}
    return {**body, "cpus_required": 0.5, "max_tries": 1, **changes}


def rule() -> dict[str, Any]:
    data = {"input_data_name": "text", "workspace_name": "products"}
    condition = {"media_type": "text/plain"}
    return {"type": "INGEST", "configuration": {"version": "1.0", "condition": condition, "data": data}}


def test_a_file_goes_in_and_what_a_container_made_of_it_comes_out(
    scale: RunningScale, transfer: Callable[[Path, str, bytes], None], docker_engine: DockerEngine
) -> None:
    scale.workspace("raw")
    scale.workspace("products")
    copy = "(cat $1; id -u) > $2/copy.txt && echo ARTIFACT:copy:$2/copy.txt"
    made = scale.create("/job-types/", job_type("boxed", copy, trigger_rule=rule()))
    assert scale.get(f"/job-types/{made['id']}/")["uses_docker"]
    transfer(scale.strike("texts", "raw", r".*\.txt"), "a.txt", b"hello ")
    (product,) = scale.wait(lambda: scale.results("/products/", job_type_name="boxed"))
    files = [each for each in (scale.data_dir.parent / "products").rglob("copy.txt") if each.is_file()]
    assert [each.read_text() for each in files] == ["hello 65532\n"]
    job = scale.ended(product["job"]["id"])
    assert job["status"] == "COMPLETED"
    execution = scale.get(f"/job-executions/{job['job_exes'][0]['id']}/")
    assert execution["environment"]["docker_image"] == IMAGE
    assert execution["environment"]["docker_image_id"].startswith("sha256:")
    until_equal(docker_engine.containers, [])


def test_what_a_container_of_a_killed_scale_did_is_done_again(
    scale: RunningScale, transfer: Callable[[Path, str, bytes], None], docker_engine: DockerEngine
) -> None:
    scale.workspace("raw")
    scale.workspace("products")
    script = "sleep 600 & wait"
    scale.create("/job-types/", job_type("lasting", script, trigger_rule=rule()))
    transfer(scale.strike("texts", "raw", r".*\.txt"), "a.txt", b"hello ")
    scale.wait(lambda: [each["State"] for each in docker_engine.containers()] == ["running"])
    (before,) = docker_engine.containers()
    scale.kill()
    scale.wait(lambda: docker_engine.containers() == [])
    scale.start()
    scale.wait(lambda: [each["State"] for each in docker_engine.containers()] == ["running"])
    (after,) = docker_engine.containers()
    assert after["Labels"]["scale.execution"] != before["Labels"]["scale.execution"]
    (job,) = scale.results("/jobs/", job_type_name="lasting")
    scale.change(f"/jobs/{job['id']}/", {"status": "CANCELED"})
    scale.wait(lambda: docker_engine.containers() == [])
