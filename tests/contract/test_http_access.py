"""Who may do what: the role that the document gives each operation counts, however somebody shows who they are."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from fakes.access import PASSWORD, add_token, add_user, bearer
from fakes.served import serving
from fakes.world import SetClock
from scale_core.db import schema
from scale_core.db.database import Database
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_generated.enums import Role
from scale_generated.routes import OPERATIONS, Operation

GUARDED = [operation for operation in OPERATIONS if operation.role != "public"]
ROLES = list(Role)
REMOTE = {"X-Forwarded-For": "203.0.113.7"}


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.operation_id)


@pytest.fixture(scope="module")
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="module")
def guarded(served_context: Context, tmp_path_factory: pytest.TempPathFactory, clock: SetClock) -> Iterator[Context]:
    """An installation that asks who its clients are."""
    folder = tmp_path_factory.mktemp("guarded")
    settings = replace(served_context.settings, data_dir=folder, auth=True, max_request_mib=0.01)
    database = Database(settings.url)
    schema.upgrade(database)
    context = replace(served_context, database=database, settings=settings, now=clock)
    yield context
    database.close()


@pytest.fixture(scope="module")
def address(guarded: Context) -> Iterator[str]:
    with serving(guarded) as address:
        yield address


@pytest.fixture(scope="module")
def tokens(guarded: Context) -> Mapping[str, str]:
    """A token of a user of each role."""
    prepare(guarded)
    users = {role: add_user(guarded, f"the-{role}", role) for role in ROLES}
    return {role: add_token(guarded, user_id) for role, user_id in users.items()}


def url_of(operation: Operation) -> str:
    return re.sub(r"{(\w+)}", "1", operation.path)


def asked(http: httpx.Client, operation: Operation, **options: Any) -> httpx.Response:
    body = {"json": {}} if operation.has_body else {}
    return http.request(operation.method, url_of(operation), **body, **options)


@pytest.fixture(scope="module")
def http(address: str) -> Iterator[httpx.Client]:
    """A client that shows nothing of itself, and follows no redirect."""
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
        yield client


def problem(response: httpx.Response, status: int) -> str:
    """What an error says."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["detail"])


@each(GUARDED)
def test_nobody_may_do_anything_without_showing_who_they_are(http: httpx.Client, operation: Operation) -> None:
    response = asked(http, operation)
    assert "POST /session/" in problem(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")


@each([operation for operation in GUARDED if operation.role != Role.VIEWER])
def test_who_has_a_lower_role_may_not(http: httpx.Client, tokens: Mapping[str, str], operation: Operation) -> None:
    for role in ROLES[: ROLES.index(Role(operation.role))]:
        detail = problem(asked(http, operation, headers=bearer(tokens[role])), 403)
        assert f"needs the role {operation.role}" in detail
        assert f"the-{role} is here as {role}" in detail


@each([operation for operation in GUARDED if operation.operation_id != "sign_out"])
def test_who_has_the_role_or_a_higher_one_may(
    http: httpx.Client, tokens: Mapping[str, str], operation: Operation
) -> None:
    for role in ROLES[ROLES.index(Role(operation.role)) :]:
        # Bodies are empty, so that what may be changed is not: that is another answer.
        assert asked(http, operation, headers=bearer(tokens[role])).status_code not in (401, 403)


@each(GUARDED)
def test_the_document_says_so(http: httpx.Client, operation: Operation) -> None:
    described = http.get("/openapi.json").json()["paths"][operation.path][operation.method.lower()]
    assert {"401", "403"} <= set(described["responses"])
    assert ("413" in described["responses"]) == operation.has_body
    assert described["description"].endswith(f"Needs the role `{operation.role}`.")
    session: dict[str, list[str]] = {"session": []} if operation.method == "GET" else {"session": [], "csrf": []}
    assert described["security"] == [{"bearer": []}, session]


def test_what_is_public_needs_nothing(http: httpx.Client) -> None:
    assert http.get("/openapi.json").status_code == http.get("/docs/").status_code == 200
    assert "security" not in http.get("/openapi.json").json()["paths"]["/session/"]["post"]


@pytest.mark.parametrize("shown", ["Bearer", "Bearer nonsense", "Basic YTpi", "nonsense"])
def test_what_is_no_token_is_401(http: httpx.Client, shown: str) -> None:
    problem(http.get("/jobs/", headers={"Authorization": shown}), 401)


def test_a_token_counts_until_it_expires(http: httpx.Client, guarded: Context, clock: SetClock) -> None:
    expires = (clock() + timedelta(hours=1)).isoformat()
    token = add_token(guarded, add_user(guarded, "brief", "viewer"), expires=expires)
    assert http.get("/jobs/", headers=bearer(token)).status_code == 200
    clock.forward(hours=1)
    assert "expired" in problem(http.get("/jobs/", headers=bearer(token)), 401)


def test_a_token_counts_until_it_is_revoked_for_ever(
    http: httpx.Client, guarded: Context, tokens: Mapping[str, str]
) -> None:
    admin = bearer(tokens["admin"])
    user_id = add_user(guarded, "revoked", "viewer")
    created = http.post("/tokens/", json={"user_id": user_id, "title": "once"}, headers=admin)
    assert created.status_code == 201
    token, path = created.json()["token"], created.headers["location"]
    assert http.get("/jobs/", headers=bearer(token)).status_code == 200
    assert "token" not in http.get(path, headers=admin).json()
    revoked = http.patch(path, json={"is_active": False}, headers=admin).json()
    assert (revoked["is_active"], revoked["revoked"]) == (False, revoked["last_modified"])
    problem(http.get("/jobs/", headers=bearer(token)), 401)
    assert "stays so" in problem(http.patch(path, json={"title": "again"}, headers=admin), 409)


def test_a_token_may_be_for_less_than_its_user_may_and_never_for_more(
    http: httpx.Client, guarded: Context, tokens: Mapping[str, str]
) -> None:
    admin = bearer(tokens["admin"])
    user_id = add_user(guarded, "able", "operator")
    token = add_token(guarded, user_id, role="viewer")
    problem(http.post("/queue/requeue-jobs/", json={}, headers=bearer(token)), 403)
    refused = http.post("/tokens/", json={"user_id": user_id, "role": "admin"}, headers=admin)
    assert "able is operator" in problem(refused, 400)

    strong = add_token(guarded, user_id)
    assert http.get("/session/", headers=bearer(strong)).json()["role"] == "operator"
    http.patch(f"/users/{user_id}/", json={"role": "viewer"}, headers=admin)
    assert http.get("/session/", headers=bearer(strong)).json()["role"] == "viewer"


@pytest.mark.parametrize("expires", ["2026-03-04T12:00:00Z", "2030-01-01T00:00:00Z", "2026-12-31T23:59:60Z"])
def test_a_token_cannot_expire_in_the_past_nor_too_late(
    http: httpx.Client, guarded: Context, tokens: Mapping[str, str], expires: str
) -> None:
    response = http.post("/tokens/", json={"user_id": 1, "expires": expires}, headers=bearer(tokens["admin"]))
    problem(response, 400)
    assert response.json()["errors"][0]["pointer"] == "/expires"


def test_users_are_created_listed_and_edited_without_their_passwords(
    http: httpx.Client, tokens: Mapping[str, str]
) -> None:
    admin = bearer(tokens["admin"])
    body = {"name": "grace", "title": "Grace H.", "role": "viewer", "password": PASSWORD}
    created = http.post("/users/", json=body, headers=admin)
    assert created.status_code == 201
    assert created.json()["has_password"] is True
    assert PASSWORD not in created.text
    assert "argon2" not in created.text
    assert http.get(created.headers["location"], headers=admin).json() == created.json()
    assert http.get("/users/?name=grace", headers=admin).json()["results"] == [created.json()]
    assert "another name" in problem(http.post("/users/", json=body, headers=admin), 409)
    edited = http.patch(created.headers["location"], json={"role": "operator", "password": None}, headers=admin).json()
    assert (edited["role"], edited["has_password"]) == ("operator", False)


def test_a_user_who_is_not_active_may_do_nothing(
    http: httpx.Client, guarded: Context, tokens: Mapping[str, str]
) -> None:
    user_id = add_user(guarded, "gone", "admin", PASSWORD)
    token = add_token(guarded, user_id)
    http.patch(f"/users/{user_id}/", json={"is_active": False}, headers=bearer(tokens["admin"]))
    problem(http.get("/jobs/", headers=bearer(token)), 401)
    problem(http.post("/session/", json={"name": "gone", "password": PASSWORD}), 401)


def test_the_last_admin_stays_one(http: httpx.Client, guarded: Context, tokens: Mapping[str, str]) -> None:
    admin = bearer(tokens["admin"])
    me = http.get("/session/", headers=admin).json()["user"]["id"]
    for body in ({"role": "viewer"}, {"is_active": False}):
        assert "the only active admin" in problem(http.patch(f"/users/{me}/", json=body, headers=admin), 409)
    assert http.get("/session/", headers=admin).json()["role"] == "admin"


def test_bodies_that_are_too_large_are_refused(http: httpx.Client, tokens: Mapping[str, str]) -> None:
    headers = bearer(tokens["admin"]) | {"Content-Type": "application/json"}
    large = b'"' + b"x" * 20_000 + b'"'
    assert "0.01 MiB" in problem(http.post("/errors/", content=large, headers=headers), 413)
    in_parts = iter([large[:10_000], large[10_000:]])
    assert "0.01 MiB" in problem(http.post("/errors/", content=in_parts, headers=headers), 413)


def test_a_body_that_comes_in_parts_is_read(http: httpx.Client, tokens: Mapping[str, str]) -> None:
    headers = bearer(tokens["admin"]) | {"Content-Type": "application/json"}
    in_parts = iter([b'{"name": "in-parts", ', b'"category": "DATA"}'])
    assert http.post("/errors/", content=in_parts, headers=headers).status_code == 201


@pytest.mark.parametrize("path", ["/jobs/", "/nothing/", "/version", "/openapi.json", "/-/healthy", "/docs/"])
def test_browsers_are_told_to_be_careful_with_every_answer(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "strict-transport-security" not in headers
    by_tls = http.get(path, headers={"X-Forwarded-Proto": "https"}).headers
    assert by_tls["strict-transport-security"].startswith("max-age=")


def test_metrics_and_details_of_health_are_for_this_machine_and_those_with_a_token(
    http: httpx.Client, tokens: Mapping[str, str]
) -> None:
    assert http.get("/-/metrics").status_code == 200
    assert "token" in problem(http.get("/-/metrics", headers=REMOTE), 401)
    problem(http.get("/-/metrics", headers=REMOTE | bearer("scale_nonsense")), 401)
    assert http.get("/-/metrics", headers=REMOTE | bearer(tokens["viewer"])).status_code == 200

    assert http.get("/-/healthy", headers=REMOTE).text == "ok"
    checks = http.get("/-/ready").json()["checks"]
    assert checks["scheduler"]["detail"]
    outside = http.get("/-/ready", headers=REMOTE).json()["checks"]
    assert outside == {name: check | {"detail": ""} for name, check in checks.items()}
