"""Who changed what, and when."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from fakes.access import PASSWORD, bearer
from fakes.waiting import SECONDS
from fakes.world import SetClock


@pytest.fixture
def admin(anonymous: httpx.Client, tokens: Mapping[str, str], clock: SetClock) -> Iterator[httpx.Client]:
    clock.forward(hours=1)
    with httpx.Client(
        base_url=anonymous.base_url, headers=bearer(tokens["admin"]), trust_env=False, timeout=SECONDS
    ) as client:
        yield client


def records(http: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    response = http.get("/audit/", params=query)
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()["results"]
    return results


def test_a_change_is_listed_with_what_was_before_and_after(admin: httpx.Client, clock: SetClock) -> None:
    body = {"name": "audited", "title": "Audited", "category": "DATA"}
    error_id = admin.post("/errors/", json=body).json()["id"]
    admin.patch(f"/errors/{error_id}/", json={"title": "Other", "category": "DATA"})

    edited, created = records(admin, started="PT1M")
    for record, operation in ((created, "create_error"), (edited, "edit_error")):
        assert record["operation"] == operation
        assert (record["user"], record["method"]) == ("the-admin", "token")
        assert (record["object_type"], record["object_id"]) == ("error", error_id)
        assert record["occurred"] == clock().strftime("%Y-%m-%dT%H:%M:%S.000Z")
        assert record["touched"] == [{"object_type": "error", "count": 1, "object_ids": [error_id]}]
    assert created["request"] == body
    assert created["changes"][0]["before"] is None
    assert created["changes"][0]["after"]["name"] == "audited"
    assert edited["changes"] == [
        {
            "object_type": "error",
            "object_id": error_id,
            "before": {"title": "Audited"},
            "after": {"title": "Other"},
        }
    ]


def test_what_changes_nothing_is_not_listed(admin: httpx.Client) -> None:
    assert admin.post("/errors/", json={"name": "no spaces", "category": "DATA"}).status_code == 400
    assert admin.patch("/errors/1/", json={"title": "builtin"}).status_code == 400
    assert admin.patch("/scheduler/", json={"is_paused": False}).status_code == 201
    assert admin.get("/jobs/").status_code == 200
    assert records(admin, started="PT1M") == []


def test_secrets_are_not_listed(admin: httpx.Client) -> None:
    user = admin.post("/users/", json={"name": "secretive", "role": "viewer", "password": PASSWORD}).json()
    token = admin.post("/tokens/", json={"user_id": user["id"]}).json()["token"]
    admin.post("/session/", json={"name": "secretive", "password": PASSWORD})
    text = admin.get("/audit/", params={"started": "PT1M"}).text
    for secret in (PASSWORD, token, "argon2"):
        assert secret not in text
    signed_in, _, created = records(admin, started="PT1M")
    assert (signed_in["operation"], signed_in["user"]) == ("sign_in", "secretive")
    assert created["request"]["password"] == created["changes"][0]["after"]["password_hash"] == "***"


def test_jobs_that_are_queued_are_listed_by_their_ids(admin: httpx.Client) -> None:
    interface = {"version": "1.0", "command": "true", "command_arguments": ""}
    job_type = admin.post("/job-types/", json={"name": "quick", "version": "1", "interface": interface}).json()
    job = admin.post("/queue/new-job/", json={"job_type_id": job_type["id"], "job_data": {}}).json()
    touched = {one["object_type"]: one for one in records(admin, operation="queue_job")[0]["touched"]}
    assert touched["job"] == {"object_type": "job", "count": 1, "object_ids": [job["id"]]}
    admin.patch(f"/jobs/{job['id']}/", json={"status": "CANCELED"})
    canceled = records(admin, operation="edit_job")[0]
    assert (canceled["object_type"], canceled["object_id"]) == ("job", job["id"])
    assert canceled["request"] == {"status": "CANCELED"}


def test_the_list_can_be_searched_by_who_what_and_when(admin: httpx.Client, tokens: Mapping[str, str]) -> None:
    for is_paused in (True, False):
        admin.patch("/scheduler/", json={"is_paused": is_paused}, headers=bearer(tokens["operator"]))
    admin.post("/errors/", json={"name": "searched", "category": "DATA"})
    found = [record["operation"] for record in records(admin, started="PT1M")]
    assert found == ["create_error", "edit_scheduler", "edit_scheduler"]
    assert [one["user"] for one in records(admin, started="PT1M", operation="edit_scheduler")] == ["the-operator"] * 2
    assert [one["operation"] for one in records(admin, started="PT1M", user="the-admin")] == ["create_error"]
    both = {"user": "the-operator", "operation": ["edit_scheduler", "create_error"], "started": "PT1M"}
    assert admin.get("/audit/", params=both).json()["count"] == len(records(admin, **both)) == 2
    assert records(admin, ended="PT30M", user="the-operator") == []
    oldest = records(admin, order="occurred", page_size=1)[0]
    assert oldest["id"] == min(record["id"] for record in records(admin))


def test_where_nobody_is_asked_changes_are_listed_too(http: httpx.Client) -> None:
    http.post("/errors/", json={"name": "anybody", "category": "DATA"})
    (record,) = records(http)
    assert (record["user"], record["method"], record["operation"]) == (None, "none", "create_error")


def test_changes_are_found_by_what_they_were_made_to(admin: httpx.Client) -> None:
    made = [admin.post("/errors/", json={"name": name, "category": "DATA"}).json()["id"] for name in ("this", "that")]
    admin.patch(f"/errors/{made[0]}/", json={"title": "This"})
    admin.patch("/scheduler/", json={"is_paused": True})
    admin.patch("/scheduler/", json={"is_paused": False})
    told = records(admin, object_type="error", object_id=made[0])
    assert [one["operation"] for one in told] == ["edit_error", "create_error"]
    assert {one["object_id"] for one in records(admin, object_type="error", started="PT1M")} == set(made)
    without_kind = admin.get("/audit/", params={"object_id": made[0]})
    assert without_kind.status_code == 400
    assert "object_type" in without_kind.json()["detail"]
