"""Signing in and out with a browser."""

from collections.abc import Iterator

import httpx
import pytest

from fakes.access import PASSWORD, add_token, add_user, bearer
from fakes.waiting import SECONDS
from fakes.world import SetClock
from scale_core.db.models import SignInFailure
from scale_core.domain.access import Caller
from scale_core.services.context import Context
from scale_core.services.credentials import Passwords
from scale_core.services.exceptions import Conflict, TooManyAttempts
from scale_core.services.sessions import SessionService
from scale_generated.enums import AccessMethod, Role

SIGN_IN = {"name": "browsing", "password": PASSWORD}


@pytest.fixture(scope="module")
def user_id(guarded: Context) -> int:
    return add_user(guarded, "browsing", "operator", PASSWORD)


@pytest.fixture
def browser(address: str, user_id: int, clock: SetClock) -> Iterator[httpx.Client]:
    """A client that keeps cookies, long after anybody failed to sign in."""
    clock.forward(minutes=15)
    with httpx.Client(base_url=address, timeout=SECONDS, trust_env=False) as client:
        yield client


def sign_in(browser: httpx.Client) -> dict[str, str]:
    """Sign in; the header for changes."""
    response = browser.post("/session/", json=SIGN_IN)
    assert response.status_code == 200, response.text
    return {"X-CSRF-Token": response.json()["csrf_token"]}


def test_a_session_begins_with_a_cookie_that_scripts_and_other_sites_do_not_have(browser: httpx.Client) -> None:
    response = browser.post("/session/", json=SIGN_IN)
    assert (response.json()["user"]["name"], response.json()["role"]) == ("browsing", "operator")
    assert response.json() == browser.get("/session/").json()
    parts = response.headers["set-cookie"].lower().split("; ")
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= set(parts)
    assert "secure" not in parts
    by_tls = browser.post("/session/", json=SIGN_IN, headers={"X-Forwarded-Proto": "https"})
    assert "secure" in by_tls.headers["set-cookie"].lower().split("; ")


def test_a_change_needs_the_sessions_own_csrf_token(browser: httpx.Client, address: str) -> None:
    csrf = sign_in(browser)
    body = {"is_paused": False}
    with httpx.Client(base_url=address, trust_env=False, timeout=SECONDS) as other:
        others = sign_in(other)
    wrong: list[dict[str, str]] = [{}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, others]
    for headers in wrong:
        refused = browser.patch("/scheduler/", json=body, headers=headers)
        assert refused.status_code == 403
        assert "X-CSRF-Token" in refused.json()["detail"]
    assert browser.patch("/scheduler/", json=body, headers=csrf).status_code == 201
    assert browser.get("/jobs/").status_code == 200


def test_a_session_ends_when_its_user_signs_out(browser: httpx.Client) -> None:
    csrf = sign_in(browser)
    cookie = browser.cookies["scale_session"]
    response = browser.delete("/session/", headers=csrf)
    assert (response.status_code, response.content) == (204, b"")
    assert "scale_session" not in browser.cookies
    stolen = browser.get("/jobs/", headers={"Cookie": f"scale_session={cookie}"})
    assert stolen.status_code == 401


def test_a_session_ends_after_twelve_hours(browser: httpx.Client, clock: SetClock) -> None:
    sign_in(browser)
    clock.forward(hours=11, minutes=59)
    assert browser.get("/jobs/").status_code == 200
    clock.forward(minutes=1)
    assert "has ended" in browser.get("/jobs/").json()["detail"]


def test_another_password_ends_all_sessions(browser: httpx.Client, guarded: Context, user_id: int) -> None:
    admin_id = add_user(guarded, "resetting", "admin")
    admin = bearer(add_token(guarded, admin_id))
    sign_in(browser)
    changed = browser.patch(f"/users/{user_id}/", json={"password": PASSWORD}, headers=admin)
    assert changed.status_code == 200
    assert browser.get("/jobs/").status_code == 401
    sign_in(browser)


@pytest.mark.parametrize("body", [SIGN_IN | {"password": "wrong"}, {"name": "nobody", "password": PASSWORD}])
def test_it_is_not_told_whether_it_was_the_name_or_the_password(browser: httpx.Client, body: dict[str, str]) -> None:
    response = browser.post("/session/", json=body)
    assert response.status_code == 401
    assert response.json()["detail"].startswith("The name or the password is wrong")
    assert "set-cookie" not in response.headers


def test_a_name_can_be_tried_ten_times_in_a_quarter_of_an_hour(browser: httpx.Client, clock: SetClock) -> None:
    wrong = SIGN_IN | {"password": "wrong"}
    for _ in range(10):
        assert browser.post("/session/", json=wrong).status_code == 401
    refused = browser.post("/session/", json=SIGN_IN)
    assert refused.status_code == 429
    seconds = int(refused.headers["retry-after"])
    clock.forward(seconds=seconds - 2)
    assert browser.post("/session/", json=SIGN_IN).status_code == 429
    clock.forward(seconds=2)
    sign_in(browser)


def test_guesses_that_are_made_at_once_count_too(browser: httpx.Client, guarded: Context) -> None:
    # Those that were let in before the tenth failure was noted: the password is right, and it is too late.
    sessions = SessionService(guarded, _Late(guarded))
    with pytest.raises(TooManyAttempts):
        sessions.sign_in({"name": "browsing", "password": PASSWORD}, "203.0.113.9")


class _Late(Passwords):
    """Takes so long that ten others fail meanwhile."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def is_right(self, password: str, kept: str | None) -> bool:
        with self._context.database.write() as session:
            now = self._context.now()
            session.add_all(SignInFailure(user_name="browsing", address="x", occurred=now) for _ in range(10))
        return super().is_right(password, kept)


def test_an_address_can_try_fifty_names(browser: httpx.Client) -> None:
    here = {"X-Forwarded-For": "203.0.113.50"}
    for number in range(50):
        tried = browser.post("/session/", json={"name": f"x{number}", "password": "x"}, headers=here)
        assert tried.status_code == 401
    assert browser.post("/session/", json=SIGN_IN, headers=here).status_code == 429
    elsewhere = browser.post("/session/", json=SIGN_IN, headers={"X-Forwarded-For": "203.0.113.51"})
    assert elsewhere.status_code == 200


def test_where_nobody_is_asked_the_session_says_so(reading_http: httpx.Client) -> None:
    session = reading_http.get("/session/").json()
    assert (session["user"], session["role"], session["method"]) == (None, "admin", "none")
    assert session["is_access_controlled"] is False
    assert reading_http.delete("/session/").status_code == 204


def test_who_has_signed_in_changes_the_own_password(guarded: Context, address: str, clock: SetClock) -> None:
    clock.forward(minutes=15)
    add_user(guarded, "changing", "viewer", PASSWORD)
    body = {"current_password": PASSWORD, "password": "another horse battery"}
    with (
        httpx.Client(base_url=address, timeout=SECONDS, trust_env=False) as here,
        httpx.Client(base_url=address, timeout=SECONDS, trust_env=False) as there,
    ):
        csrf = [browser.post("/session/", json=SIGN_IN | {"name": "changing"}).json() for browser in (here, there)]
        headers = {"X-CSRF-Token": csrf[0]["csrf_token"]}
        wrong = here.post("/session/password/", json=body | {"current_password": "guessed"}, headers=headers)
        assert wrong.status_code == 400
        assert [error["pointer"] for error in wrong.json()["errors"]] == ["/current_password"]
        assert here.post("/session/password/", json=body | {"password": "short"}, headers=headers).status_code == 400
        assert there.get("/session/").status_code == 200
        assert here.post("/session/password/", json=body, headers=headers).status_code == 204
        assert (here.get("/session/").status_code, there.get("/session/").status_code) == (200, 401)
        assert there.post("/session/", json=SIGN_IN | {"name": "changing"}).status_code == 401
        again = there.post("/session/", json={"name": "changing", "password": body["password"]})
        assert again.status_code == 200


def test_guessing_the_own_password_ends_after_some_attempts(guarded: Context, address: str, clock: SetClock) -> None:
    clock.forward(minutes=15)
    add_user(guarded, "guessing", "viewer", PASSWORD)
    body = {"current_password": "guessed", "password": "another horse battery"}
    with httpx.Client(base_url=address, timeout=SECONDS, trust_env=False) as browser:
        session = browser.post("/session/", json=SIGN_IN | {"name": "guessing"}).json()
        headers = {"X-CSRF-Token": session["csrf_token"]}
        answers = [browser.post("/session/password/", json=body, headers=headers).status_code for _ in range(11)]
    assert answers == [400] * 10 + [429]
    clock.forward(minutes=15)


def test_a_token_changes_no_password(guarded: Context, address: str) -> None:
    user_id = add_user(guarded, "program", "viewer")
    body = {"current_password": PASSWORD, "password": "another horse battery"}
    headers = bearer(add_token(guarded, user_id))
    refused = httpx.post(f"{address}/session/password/", json=body, headers=headers, trust_env=False, timeout=SECONDS)
    assert refused.status_code == 403
    assert "POST /session/" in refused.json()["detail"]


def test_who_has_no_password_has_none_to_change(guarded: Context) -> None:
    user_id = add_user(guarded, "outside", "viewer")
    sessions = SessionService(guarded, Passwords())
    session_id = 1
    caller = Caller(user_id, "outside", Role.VIEWER, AccessMethod.SESSION, session_id=session_id)
    with pytest.raises(Conflict, match="no password"):
        sessions.change_password({"current_password": "x", "password": "another horse battery"}, caller, "here")
