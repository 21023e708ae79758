"""Who may do what: the role that the document gives each operation counts, however somebody shows who they are."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from fakes.access import PASSWORD, add_token, add_user, bearer
from fakes.world import SetClock
from scale_core.services.context import Context
from scale_generated.enums import Role
from scale_generated.routes import OPERATIONS, Operation

GUARDED = [operation for operation in OPERATIONS if operation.role != "public"]
ROLES = list(Role)
REMOTE = {"X-Forwarded-For": "203.0.113.7"}


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.operation_id)


def url_of(operation: Operation) -> str:
    return re.sub(r"{(\w+)}", "1", operation.path)


def asked(anonymous: httpx.Client, operation: Operation, **options: Any) -> httpx.Response:
    body: Any = {} if operation.has_body else None
    return anonymous.request(operation.method, url_of(operation), json=body, **options)


def problem(response: httpx.Response, status: int) -> str:
    """What an error says."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["detail"])


@each(GUARDED)
def test_nobody_may_do_anything_without_showing_who_they_are(anonymous: httpx.Client, operation: Operation) -> None:
    response = asked(anonymous, operation)
    assert "POST /session/" in problem(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")


@each([operation for operation in GUARDED if operation.role != Role.VIEWER])
def test_who_has_a_lower_role_may_not(anonymous: httpx.Client, tokens: Mapping[str, str], operation: Operation) -> None:
    for role in ROLES[: ROLES.index(Role(operation.role))]:
        detail = problem(asked(anonymous, operation, headers=bearer(tokens[role])), 403)
        assert f"needs the role {operation.role}" in detail
        assert f"the-{role} is here as {role}" in detail


@each([operation for operation in GUARDED if operation.operation_id != "sign_out"])
def test_who_has_the_role_or_a_higher_one_may(
    anonymous: httpx.Client, tokens: Mapping[str, str], operation: Operation
) -> None:
    for role in ROLES[ROLES.index(Role(operation.role)) :]:
        # Bodies are empty, so that what may be changed is not: that is another answer.
        assert asked(anonymous, operation, headers=bearer(tokens[role])).status_code not in (401, 403)


@each(GUARDED)
def test_the_document_says_so(anonymous: httpx.Client, operation: Operation) -> None:
    described = anonymous.get("/openapi.json").json()["paths"][operation.path][operation.method.lower()]
    assert {"401", "403"} <= set(described["responses"])
    assert ("413" in described["responses"]) == operation.has_body
    assert described["description"].endswith(f"Needs the role `{operation.role}`.")
    session: dict[str, list[str]] = {"session": []} if operation.method == "GET" else {"session": [], "csrf": []}
    assert described["security"] == [{"bearer": []}, session]


def test_what_is_public_needs_nothing(anonymous: httpx.Client) -> None:
    assert anonymous.get("/openapi.json").status_code == anonymous.get("/docs/").status_code == 200
    assert "security" not in anonymous.get("/openapi.json").json()["paths"]["/session/"]["post"]


@pytest.mark.parametrize("shown", ["Bearer", "Bearer nonsense", "Basic YTpi", "nonsense"])
def test_what_is_no_token_is_401(anonymous: httpx.Client, shown: str) -> None:
    problem(anonymous.get("/jobs/", headers={"Authorization": shown}), 401)


def test_a_token_counts_until_it_expires(anonymous: httpx.Client, guarded: Context, clock: SetClock) -> None:
    expires = (clock() + timedelta(hours=1)).isoformat()
    token = add_token(guarded, add_user(guarded, "brief", "viewer"), expires=expires)
    assert anonymous.get("/jobs/", headers=bearer(token)).status_code == 200
    clock.forward(hours=1)
    assert "expired" in problem(anonymous.get("/jobs/", headers=bearer(token)), 401)


def test_a_token_counts_until_it_is_revoked_for_ever(
    anonymous: httpx.Client, guarded: Context, tokens: Mapping[str, str]
) -> None:
    admin = bearer(tokens["admin"])
    user_id = add_user(guarded, "revoked", "viewer")
    created = anonymous.post("/tokens/", json={"user_id": user_id, "title": "once"}, headers=admin)
    assert created.status_code == 201
    token, path = created.json()["token"], created.headers["location"]
    assert anonymous.get("/jobs/", headers=bearer(token)).status_code == 200
    assert "token" not in anonymous.get(path, headers=admin).json()
    revoked = anonymous.patch(path, json={"is_active": False}, headers=admin).json()
    assert (revoked["is_active"], revoked["revoked"]) == (False, revoked["last_modified"])
    problem(anonymous.get("/jobs/", headers=bearer(token)), 401)
    assert "stays so" in problem(anonymous.patch(path, json={"title": "again"}, headers=admin), 409)


def test_a_token_may_be_for_less_than_its_user_may_and_never_for_more(
    anonymous: httpx.Client, guarded: Context, tokens: Mapping[str, str]
) -> None:
    admin = bearer(tokens["admin"])
    user_id = add_user(guarded, "able", "operator")
    token = add_token(guarded, user_id, role="viewer")
    problem(anonymous.post("/queue/requeue-jobs/", json={}, headers=bearer(token)), 403)
    refused = anonymous.post("/tokens/", json={"user_id": user_id, "role": "admin"}, headers=admin)
    assert "able is operator" in problem(refused, 400)

    strong = add_token(guarded, user_id)
    assert anonymous.get("/session/", headers=bearer(strong)).json()["role"] == "operator"
    anonymous.patch(f"/users/{user_id}/", json={"role": "viewer"}, headers=admin)
    assert anonymous.get("/session/", headers=bearer(strong)).json()["role"] == "viewer"


@pytest.mark.parametrize("expires", ["2026-03-04T12:00:00Z", "2030-01-01T00:00:00Z", "2026-12-31T23:59:60Z"])
def test_a_token_cannot_expire_in_the_past_nor_too_late(
    anonymous: httpx.Client, guarded: Context, tokens: Mapping[str, str], expires: str
) -> None:
    response = anonymous.post("/tokens/", json={"user_id": 1, "expires": expires}, headers=bearer(tokens["admin"]))
    problem(response, 400)
    assert response.json()["errors"][0]["pointer"] == "/expires"


def test_users_are_created_listed_and_edited_without_their_passwords(
    anonymous: httpx.Client, tokens: Mapping[str, str]
) -> None:
    admin = bearer(tokens["admin"])
    body = {"name": "grace", "title": "Grace H.", "role": "viewer", "password": PASSWORD}
    created = anonymous.post("/users/", json=body, headers=admin)
    assert created.status_code == 201
    assert created.json()["has_password"] is True
    assert PASSWORD not in created.text
    assert "argon2" not in created.text
    assert anonymous.get(created.headers["location"], headers=admin).json() == created.json()
    assert anonymous.get("/users/?name=grace", headers=admin).json()["results"] == [created.json()]
    assert "another name" in problem(anonymous.post("/users/", json=body, headers=admin), 409)
    edited = anonymous.patch(
        created.headers["location"], json={"role": "operator", "password": None}, headers=admin
    ).json()
    assert (edited["role"], edited["has_password"]) == ("operator", False)


def test_a_user_who_is_not_active_may_do_nothing(
    anonymous: httpx.Client, guarded: Context, tokens: Mapping[str, str]
) -> None:
    user_id = add_user(guarded, "gone", "admin", PASSWORD)
    token = add_token(guarded, user_id)
    anonymous.patch(f"/users/{user_id}/", json={"is_active": False}, headers=bearer(tokens["admin"]))
    problem(anonymous.get("/jobs/", headers=bearer(token)), 401)
    problem(anonymous.post("/session/", json={"name": "gone", "password": PASSWORD}), 401)


def test_the_last_admin_stays_one(anonymous: httpx.Client, guarded: Context, tokens: Mapping[str, str]) -> None:
    admin = bearer(tokens["admin"])
    me = anonymous.get("/session/", headers=admin).json()["user"]["id"]
    for user in anonymous.get("/users/", params={"page_size": 1000}, headers=admin).json()["results"]:
        if user["id"] != me and user["role"] == "admin":  # other tests may have made admins
            anonymous.patch(f"/users/{user['id']}/", json={"role": "viewer"}, headers=admin)
    for body in ({"role": "viewer"}, {"is_active": False}):
        assert "the only active admin" in problem(anonymous.patch(f"/users/{me}/", json=body, headers=admin), 409)
    assert anonymous.get("/session/", headers=admin).json()["role"] == "admin"


def test_bodies_that_are_too_large_are_refused(anonymous: httpx.Client, tokens: Mapping[str, str]) -> None:
    headers = bearer(tokens["admin"]) | {"Content-Type": "application/json"}
    large = b'"' + b"x" * 20_000 + b'"'
    assert "0.01 MiB" in problem(anonymous.post("/errors/", content=large, headers=headers), 413)
    in_parts = iter([large[:10_000], large[10_000:]])
    assert "0.01 MiB" in problem(anonymous.post("/errors/", content=in_parts, headers=headers), 413)


def test_a_body_that_comes_in_parts_is_read(anonymous: httpx.Client, tokens: Mapping[str, str]) -> None:
    headers = bearer(tokens["admin"]) | {"Content-Type": "application/json"}
    in_parts = iter([b'{"name": "in-parts", ', b'"category": "DATA"}'])
    assert anonymous.post("/errors/", content=in_parts, headers=headers).status_code == 201


@pytest.mark.parametrize("path", ["/jobs/", "/nothing/", "/version", "/openapi.json", "/-/healthy", "/docs/"])
def test_browsers_are_told_to_be_careful_with_every_answer(anonymous: httpx.Client, path: str) -> None:
    headers = anonymous.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "strict-transport-security" not in headers
    by_tls = anonymous.get(path, headers={"X-Forwarded-Proto": "https"}).headers
    assert by_tls["strict-transport-security"].startswith("max-age=")


def test_metrics_and_details_of_health_are_for_this_machine_and_those_with_a_token(
    anonymous: httpx.Client, tokens: Mapping[str, str]
) -> None:
    assert anonymous.get("/-/metrics").status_code == 200
    assert "token" in problem(anonymous.get("/-/metrics", headers=REMOTE), 401)
    problem(anonymous.get("/-/metrics", headers=REMOTE | bearer("scale_nonsense")), 401)
    assert anonymous.get("/-/metrics", headers=REMOTE | bearer(tokens["viewer"])).status_code == 200

    assert anonymous.get("/-/healthy", headers=REMOTE).text == "ok"
    checks = anonymous.get("/-/ready").json()["checks"]
    assert checks["scheduler"]["detail"]
    outside = anonymous.get("/-/ready", headers=REMOTE).json()["checks"]
    assert outside == {name: check | {"detail": ""} for name, check in checks.items()}
