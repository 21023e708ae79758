"""Metrics and load over HTTP, with responses checked against the document."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from fakes import documents
from fakes.documents import created
from scale_core.services.clock_runs import ProcessorContext
from scale_core.services.context import Context
from scale_core.services.queue import QueueService
from scale_core.services.serialization import SerializerContext

BUILTIN = ["error-types", "ingests", "job-types", "scans", "workspaces"]


@pytest.fixture
def job(http: httpx.Client, served_context: Context) -> dict[str, Any]:
    """A canceled job, of which metrics and load know."""
    job_type = created(
        http.post("/job-types/", json=documents.job_type(interface={"command": "true", "command_arguments": ""}))
    )
    urls = SerializerContext("http://scale")
    job = QueueService(served_context).new_job({"job_type_id": job_type["id"], "job_data": {}}, urls)
    clock = ProcessorContext(served_context, served_context.now())
    clock.record_job_load()
    assert http.patch(f"/jobs/{job['id']}/", json={"status": "CANCELED"}).status_code == 200
    clock.record_job_load()
    ended = datetime.fromisoformat(http.get(f"/jobs/{job['id']}/").json()["ended"])
    # On the day on which it ended, though that may have passed by now.
    ProcessorContext(replace(served_context, now=lambda: ended), ended).compute_metrics()
    return {**job, "ended": ended}


def test_the_metrics_say_what_there_is_to_ask_for(http: httpx.Client) -> None:
    page = http.get("/metrics/").json()
    assert [one["name"] for one in page["results"]] == BUILTIN
    for metric in page["results"]:
        details = http.get(f"/metrics/{metric['name']}/").json()
        assert metric.items() <= details.items()
        assert {one["group"] for one in details["columns"]} == {one["name"] for one in details["groups"]}


def test_the_column_of_the_reference_is_as_the_reference_says(http: httpx.Client) -> None:
    columns = {one["name"]: one for one in http.get("/metrics/job-types/").json()["columns"]}
    assert columns["completed_count"] == {
        "name": "completed_count",
        "title": "Completed Count",
        "description": "Number of successfully completed jobs.",
        "units": "count",
        "group": "overview",
        "aggregate": "sum",
    }
    assert columns["run_time_min"] == {
        "name": "run_time_min",
        "title": "Run Time (Min)",
        "description": "Minimum time spent running the pre, job, and post tasks.",
        "units": "seconds",
        "group": "run_time",
        "aggregate": "min",
    }


def test_what_was_done_today_is_plotted(http: httpx.Client, job: dict[str, Any]) -> None:
    page = http.get("/metrics/job-types/plot-data/", params={"choice_id": job["job_type"]["id"], "group": "overview"})
    values = {one["column"]["name"]: one["values"] for one in page.json()["results"]}
    today = f"{job['ended']:%Y-%m-%d}"
    assert values["canceled_count"] == [{"date": today, "value": 1}]
    assert values["completed_count"] == [{"date": today, "value": 0}]
    assert len(values) == page.json()["count"] == 4


def test_pages_of_columns_lead_to_each_other(http: httpx.Client) -> None:
    first = http.get("/metrics/job-types/plot-data/?page_size=20").json()
    second = http.get(first["next"]).json()
    assert len(first["results"]) + len(second["results"]) == first["count"] == 31
    assert second["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "column=nonsense",
        "group=nonsense",
        "choice_id=4711",
        "choice_id=x",
        "category=x",
        "started=2015-01-01",
        "surprise=1",
        "started=P1D&ended=P2D",
    ],
)
def test_a_plot_that_cannot_be_is_refused_with_the_parameter_that_is_wrong(http: httpx.Client, query: str) -> None:
    answer = http.get(f"/metrics/job-types/plot-data/?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()["detail"]


def test_an_unknown_metric_is_not_found(http: httpx.Client) -> None:
    for path in ("/metrics/nonsense/", "/metrics/nonsense/plot-data/"):
        assert http.get(path).status_code == 404


def test_the_load_tells_how_many_jobs_waited(http: httpx.Client, job: dict[str, Any]) -> None:
    page = http.get("/load/", params={"job_type_id": job["job_type"]["id"]}).json()
    assert [one["queued_count"] for one in page["results"]] == [1, 0]
    everything = http.get("/load/").json()["results"]
    assert everything[0]["queued_count"] == 1 + everything[1]["queued_count"] > 1  # the clock's job waits too


def test_the_load_is_told_for_31_days_at_most(http: httpx.Client, served_context: Context) -> None:
    assert http.get("/load/?started=P31D").status_code == 200
    long_ago = (served_context.now() - timedelta(days=32)).isoformat()
    assert http.get("/load/", params={"started": long_ago}).status_code == 400
