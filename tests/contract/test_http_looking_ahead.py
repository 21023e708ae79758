"""Why a job waits, what would become of a file, and many jobs changed at once, over HTTP."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes import documents
from fakes.documents import created
from scale_core.services import bulk_changes


@pytest.fixture
def jobs(http: httpx.Client) -> list[int]:
    """Two queued jobs of the type ``plain``."""
    interface = {"command": "true", "command_arguments": ""}
    job_type = created(http.post("/job-types/", json={"name": "plain", "version": "1", "interface": interface}))
    body = {"job_type_id": job_type["id"], "job_data": {}}
    return [created(http.post("/queue/new-job/", json=body))["id"] for _ in range(2)]


def test_a_job_says_what_it_waits_on_until_it_is_canceled(http: httpx.Client, jobs: list[int]) -> None:
    waiting_on = http.get(f"/jobs/{jobs[0]}/").json()["waiting_on"]
    assert [one["reason"] for one in waiting_on] == ["NO_NODES", "NO_SCHEDULER"]
    assert http.patch(f"/jobs/{jobs[0]}/", json={"status": "CANCELED"}).json()["waiting_on"] == []


def test_jobs_are_counted_before_they_are_canceled(http: httpx.Client, jobs: list[int]) -> None:
    asked = {"job_type_names": ["plain"], "status": "QUEUED"}
    preview = http.post("/queue/cancel-jobs/", json={**asked, "dry_run": True}).json()
    (counted,) = preview["job_types"]
    assert (preview["count"], preview["results"], preview["job"], counted["count"]) == (2, [], None, 2)
    canceled = http.post("/queue/cancel-jobs/", json=asked).json()
    assert [(one["id"], one["status"]) for one in canceled["results"]] == [(job, "CANCELED") for job in jobs]
    assert canceled["job_types"] == preview["job_types"]
    assert http.post("/queue/requeue-jobs/", json={"dry_run": True}).json()["job_types"] == preview["job_types"]


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("cancel-jobs", {"status": "COMPLETED"}, "/status"),
        ("cancel-jobs", {"priority": 3}, "/priority"),
        ("cancel-jobs", {"dry_run": "yes"}, "/dry_run"),
        ("cancel-jobs", {"job_ids": [0]}, "/job_ids/0"),
        ("cancel-jobs", {"started": "yesterday"}, "started"),
        ("requeue-jobs", {"status": "QUEUED"}, "/status"),
    ],
    ids=str,
)
def test_a_wrong_filter_is_refused_and_changes_nothing(
    http: httpx.Client, jobs: list[int], path: str, body: dict[str, Any], pointer: str
) -> None:
    response = http.post(f"/queue/{path}/", json=body)
    assert response.status_code == 400
    shown = response.json()
    assert pointer in str(shown.get("errors", shown["detail"]))
    assert {http.get(f"/jobs/{job}/").json()["status"] for job in jobs} == {"QUEUED"}


def test_a_file_that_might_arrive_is_told_about(http: httpx.Client, tmp_path: Path) -> None:
    created(http.post("/workspaces/", json=documents.workspace("raw", tmp_path / "raw")))
    strike = created(http.post("/strikes/", json=documents.strike("s", tmp_path, "raw")))
    told = http.post("/dry-run/file/", json={"file_name": "a.txt", "file_size": 1})
    assert told.status_code == 200, told.text
    assert (told.json()["strike"]["id"], told.json()["status"]) == (strike["id"], "INGESTED")
    assert http.get("/sources/").json()["count"] == 0
    assert http.get("/ingests/").json()["count"] == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"file_size": 1}, "file_name"),
        ({"file_name": "a/b", "file_size": 1}, "/file_name"),
        ({"file_name": "a\u0000", "file_size": 1}, "/file_name"),
        ({"file_name": "", "file_size": 1}, "/file_name"),
        ({"file_name": "a", "file_size": -1}, "/file_size"),
        ({"file_name": "a", "file_size": 1, "media_type": "text"}, "/media_type"),
        ({"file_name": "a", "file_size": 1, "data_types": [""]}, "/data_types/0"),
        ({"file_name": "a", "file_size": 1, "path": "/"}, "/path"),
    ],
    ids=str,
)
def test_a_file_that_cannot_be_is_refused(http: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    response = http.post("/dry-run/file/", json=body)
    assert response.status_code == 400
    assert pointer in str(response.json()["errors"])


def test_a_strike_process_that_there_is_not_is_404(http: httpx.Client) -> None:
    body = {"file_name": "a", "file_size": 1, "strike_id": 4711}
    assert http.post("/dry-run/file/", json=body).status_code == 404


def test_a_name_that_is_no_text_is_no_fault_of_the_server(http: httpx.Client) -> None:
    content = b'{"file_name": "a\\ud800", "file_size": 1}'
    response = http.post("/dry-run/file/", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code in (200, 400), response.text


@pytest.mark.parametrize("operation", ["cancel", "requeue"])
def test_what_goes_on_after_the_answer_is_accepted_with_where_to_watch_it(
    http: httpx.Client, jobs: list[int], monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    if operation == "requeue":
        assert http.post("/queue/cancel-jobs/", json={"job_ids": jobs}).status_code == 200
    monkeypatch.setattr(bulk_changes, "AT_ONCE", 1)
    asked = {"job_ids": jobs}
    assert http.post(f"/queue/{operation}-jobs/", json={**asked, "dry_run": True}).status_code == 200
    accepted = http.post(f"/queue/{operation}-jobs/", json=asked)
    assert accepted.status_code == 202
    watched = http.get(accepted.headers["location"])
    assert (watched.status_code, watched.json()["id"]) == (200, accepted.json()["job"]["id"])
    assert watched.json()["job_type"]["name"] == "scale-change-jobs"
