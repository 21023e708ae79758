"""In a running Scale the new plugins take part, all at once: each file that is ingested meets every kind of them."""

import json
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.plugin_environment import Environment
from fakes.running import RunningScale, transfer

ALGORITHM = """
import os, pathlib, sys
image, output = map(pathlib.Path, sys.argv[1:])
if not image.stat().st_size:
    sys.exit(os.EX_DATAERR)
size = output / f"{image.stem}.size"
size.write_text(str(image.stat().st_size))
print(f"ARTIFACT:size:{size}")
"""


@pytest.fixture(scope="module")
def running(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningScale]:
    """A Scale whose engine, storage, rules … are the new plugins', after it was given three files."""
    folder = tmp_path_factory.mktemp("running")
    (folder / "algorithm.py").write_text(ALGORITHM)
    variables = {"SCALE_ENGINE": "acme-engine", "ACME_NOTICE_JOURNAL": str(folder / "journal")}
    with environment.running(folder, **variables) as scale:
        scale.create("/workspaces/", workspace(str(folder / "files.sqlite")))
        scale.create("/job-types/", job_type(folder / "algorithm.py"))
        incoming = scale.strike("raw", "files", r".*\.txt")
        for name, content in (("N45W120.txt", b"ten bytes!"), ("N46W120.txt", b""), ("other.txt", b"other")):
            transfer(incoming, name, content)
        scale.wait(lambda: is_over(scale))
        yield scale


def is_over(scale: RunningScale) -> bool:
    """Whether all has happened: three sources, a product and a failure."""
    sources, products = scale.get("/sources/")["count"], scale.get("/products/")["count"]
    failed = scale.get("/jobs/", job_type_name="measure", status="FAILED")["count"]
    return (sources, products, failed) == (3, 1, 1)


def workspace(database: str) -> dict[str, Any]:
    broker = {"type": "acme-broker", "database": database}
    return {"name": "files", "json_config": {"version": "1.0", "broker": broker}}


def job_type(algorithm: Path, pattern: str = "N??W*") -> dict[str, Any]:
    return {
        "name": "measure",
        "version": "1.0",
        "title": "Measure",
        "description": "Writes how large a file is.",
        "max_tries": 1,
        "interface": {
            "version": "1.0",
            "command": shlex.join([sys.executable, str(algorithm)]),
            "command_arguments": "${image} ${job_output_dir}",
            "input_data": [{"name": "image", "type": "file", "required": True}],
            "output_data": [{"name": "size", "type": "file", "required": True}],
        },
        "trigger_rule": {
            "type": "ACME-TRIGGER-TYPE",
            "name": "tiles",
            "configuration": {
                "version": "1.0",
                "condition": {"file_name": pattern},
                "data": {"input_data_name": "image", "workspace_name": "files"},
            },
        },
    }


def test_the_broker_holds_sources_and_products(running: RunningScale) -> None:
    (product,) = running.results("/products/")
    assert product["file_name"] == "N45W120.size"
    assert running.http.get(f"/files/{product['id']}/content/").text == "10"
    path = running.get(f"/files/{product['id']}/")["file_path"]
    database = sqlite3.connect(running.data_dir.parent / "files.sqlite")
    sizes = {bytes(path).decode(): size for path, size in database.execute("select path, size from file")}
    database.close()
    assert sizes.pop(path) == 2
    assert sorted(sizes.values()) == [0, 5, 10]


def test_the_trigger_type_starts_jobs_for_names_that_match(running: RunningScale) -> None:
    jobs = running.results("/jobs/", job_type_name="measure")
    assert sorted(job["status"] for job in jobs) == ["COMPLETED", "FAILED"]


def test_the_engine_runs_them(running: RunningScale) -> None:
    (node,) = running.results("/nodes/")
    assert node["slave_id"] == "acme-engine"
    (job,) = running.results("/jobs/", job_type_name="measure", status="COMPLETED")
    (execution,) = running.results("/job-executions/", job_type_name="measure", status="COMPLETED")
    assert execution["job"]["id"] == job["id"]
    assert (running.data_dir / "acme-engine" / str(execution["id"]) / "report.json").is_file()


def test_the_error_mapper_names_the_failure(running: RunningScale) -> None:
    (job,) = running.results("/jobs/", job_type_name="measure", status="FAILED")
    assert job["error"]["name"] == "acme-error-mapper-bad-data"


def test_the_plugin_for_notices_has_heard_of_everything(running: RunningScale) -> None:
    def told() -> list[Any]:
        lines = (running.data_dir.parent / "journal").read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    # It hears of what is committed after the commit.
    running.wait(lambda: sum(one["what"] == "file ingested" for one in told()) == 3)
    running.wait(lambda: [one["file_name"] for one in told() if one["what"] == "product published"] == ["N45W120.size"])
    running.wait(lambda: [one["job_type_name"] for one in told() if one.get("new") == "FAILED"] == ["measure"])


def test_the_clock_processor_has_a_rule(running: RunningScale) -> None:
    rules = running.results("/trigger-rules/", type="CLOCK")
    assert "acme-clock-processor" in {rule["name"] for rule in rules}


def test_the_metric_is_served(running: RunningScale) -> None:
    assert running.get("/metrics/acme-metric/")["title"] == "Acme Metric"
    assert running.get("/metrics/acme-metric/plot-data/", column=["failed_count", "lost_time"])["count"] == 2


def test_a_workspace_or_rule_that_the_plugin_refuses_is_refused(running: RunningScale) -> None:
    answer = running.http.post("/workspaces/", json=workspace("not/absolute.sqlite") | {"name": "others"})
    assert answer.status_code == 400
    assert "database" in answer.text
    answer = running.http.post(
        "/job-types/", json=job_type(running.data_dir.parent / "algorithm.py", "tiles/*.png") | {"version": "2.0"}
    )
    assert answer.status_code == 400
    assert "leave the folders out" in answer.text
