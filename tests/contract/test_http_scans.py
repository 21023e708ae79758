"""What Scans promise over HTTP, without anything running."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.documents import created, pointers


@pytest.fixture
def body(workspace: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """A Scan of text files."""
    rule = {"filename_regex": ".*txt", "workspace_path": "in", "workspace_name": workspace["name"]}
    configuration = {"version": "1.0", "mount": str(tmp_path), "files_to_ingest": [rule]}
    return {"name": "archive", "configuration": configuration}


def test_a_scan_is_created_listed_and_edited(http: httpx.Client, body: dict[str, Any]) -> None:
    scan = created(http.post("/scans/", json=body))
    assert [scan[name] for name in ("job", "dry_run_job", "preview", "progress", "ingests")] == [None] * 4 + [[]]
    assert http.post("/scans/", json=body).status_code == 409
    assert http.patch(f"/scans/{scan['id']}/", json={"title": "T"}).json()["title"] == "T"
    (listed,) = http.get("/scans/?name=archive").json()["results"]
    assert listed.items() <= http.get(f"/scans/{scan['id']}/").json().items()
    assert http.get("/scans/?name=other").json()["count"] == 0


def test_a_scan_is_previewed_canceled_and_ingested(http: httpx.Client, body: dict[str, Any]) -> None:
    url = f"/scans/{created(http.post('/scans/', json=body))['id']}"
    assert http.post(f"{url}/cancel/").status_code == 409
    preview = http.post(f"{url}/process/", json={})
    assert (preview.status_code, preview.json()["dry_run_job"]["status"]) == (202, "QUEUED")
    assert preview.json()["dry_run_job"]["job_type"]["name"] == "scale-scan"
    assert http.post(f"{url}/process/", json={"ingest": True}).status_code == 409
    assert http.post(f"{url}/cancel/").json()["dry_run_job"]["status"] == "CANCELED"
    assert http.post(f"{url}/process/", json={"ingest": True}).json()["job"]["status"] == "QUEUED"
    assert http.get("/ingests/?scan_id=1").json()["count"] == 0


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"filename_regex": "("}, "/configuration/files_to_ingest/0/filename_regex"),
        ({"workspace_name": "nowhere"}, "/configuration/files_to_ingest/0/workspace_name"),
        ({"workspace_path": "../out"}, "/configuration/files_to_ingest/0/workspace_path"),
    ],
)
def test_a_scan_that_cannot_work_is_refused(
    http: httpx.Client, body: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    body["configuration"]["files_to_ingest"][0].update(change)
    for url in ("/scans/", "/scans/validation/"):
        assert pointers(http.post(url, json=body)) == [pointer]
    assert http.get("/scans/").json()["count"] == 0


def test_a_rule_without_a_workspace_needs_files_that_lie_in_one(http: httpx.Client, body: dict[str, Any]) -> None:
    configuration = {**body["configuration"], "files_to_ingest": [{"filename_regex": ".*"}]}
    answer = http.post("/scans/", json={**body, "configuration": configuration})
    assert pointers(answer) == ["/configuration/files_to_ingest/0"]
    assert "name the workspace that stores copies" in answer.json()["errors"][0]["detail"]
    configuration["workspace"] = "nowhere"
    del configuration["mount"]
    assert pointers(http.post("/scans/", json={**body, "configuration": configuration})) == ["/configuration/workspace"]


def test_a_scan_that_there_is_not_is_404(http: httpx.Client) -> None:
    assert http.get("/scans/4711/").status_code == 404
    for action, given in (("process", {}), ("cancel", None)):
        assert http.post(f"/scans/4711/{action}/", json=given).status_code == 404
