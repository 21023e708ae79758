"""Signing in with OpenID Connect, at a provider that runs beside the tests."""

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fakes import oidc_provider
from fakes.access import add_user
from fakes.served import serving
from fakes.waiting import SECONDS, until
from scale_core.db import schema
from scale_core.db.database import Database
from scale_core.services.context import Context, utc_now
from scale_core.services.installation import prepare
from scale_core.services.oidc import roles_by_value
from scale_core.settings import Settings, SettingsError
from scale_core.testing.ports import reserved_port

pytestmark = pytest.mark.any_database


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider."""
    with reserved_port() as port:
        yield from serving_provider(port)


def serving_provider(port: int) -> Iterator[str]:
    command = [sys.executable, oidc_provider.__file__, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:

        def answers() -> bool:
            assert process.poll() is None, "the provider did not start"
            return _answers(address)

        until(answers)
        yield address
    finally:
        process.terminate()
        process.wait(SECONDS)


def _answers(address: str) -> bool:
    try:
        return (
            httpx.get(f"{address}/.well-known/openid-configuration", trust_env=False, timeout=SECONDS).status_code
            == 200
        )
    except httpx.ConnectError:
        return False


@dataclass(frozen=True)
class Site:
    """A Scale that knows a provider."""

    context: Context
    address: str
    provider: str


@pytest.fixture(scope="module")
def site(served_context: Context, tmp_path_factory: pytest.TempPathFactory, provider: str) -> Iterator[Site]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("oidc"),
        auth=True,
        oidc_issuer=provider,
        oidc_client_id="scale",
        oidc_client_secret="shared",
        oidc_claim="groups",
        oidc_roles="admin=scale-admins,operator=scale-operators",
    )
    database = Database(settings.url)
    schema.upgrade(database)
    context = replace(served_context, database=database, settings=settings, now=utc_now)
    prepare(context)
    with serving(context) as address:
        yield Site(context, address, provider)
    database.close()


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=SECONDS, trust_env=False) as client:
        yield client


def known(site: Site, subject: str, **claims: Any) -> None:
    """Have the provider know a user."""
    httpx.put(f"{site.provider}/users/{subject}", json=claims, trust_env=False, timeout=SECONDS).raise_for_status()


def come_back(browser: httpx.Client, site: Site, subject: str) -> str:
    """Begin in the browser, and sign in at the provider; where that leads back to."""
    begun = browser.get(f"{site.address}/session/oidc/")
    assert begun.status_code == 302, begun.text
    signed_in = browser.post(begun.headers["location"], data={"sub": subject})
    assert signed_in.status_code == 302, signed_in.text
    return str(signed_in.headers["location"])


def test_who_the_provider_knows_signs_in_with_the_role_that_it_says(browser: httpx.Client, site: Site) -> None:
    known(site, "u1", preferred_username="grace", name="Grace H.", groups=["other", "scale-operators"])
    done = browser.get(come_back(browser, site, "u1"))
    assert (done.status_code, done.headers["location"]) == (302, f"{site.address}/")
    session = browser.get(f"{site.address}/session/").json()
    assert (session["user"]["name"], session["role"], session["method"]) == ("grace", "operator", "session")
    assert "scale_sign_in" not in browser.cookies

    known(site, "u1", preferred_username="grace", groups=["scale-admins", "viewer"])
    browser.get(come_back(browser, site, "u1"))
    again = browser.get(f"{site.address}/session/").json()
    assert (again["user"]["id"], again["role"]) == (session["user"]["id"], "admin")
    user = browser.get(f"{site.address}/users/{again['user']['id']}/").json()
    assert (user["title"], user["is_external"], user["has_password"]) == ("Grace H.", True, False)
    changed, created = browser.get(f"{site.address}/audit/?user=grace").json()["results"]
    assert created["operation"] == changed["operation"] == "finish_external_sign_in"
    assert changed["changes"][0]["before"] == {"role": "operator"}


def test_the_request_has_a_challenge_a_state_and_a_nonce(browser: httpx.Client, site: Site) -> None:
    begun = browser.get(f"{site.address}/session/oidc/")
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    state, nonce, verifier = browser.cookies["scale_sign_in"].split(".")
    assert (query["state"], query["nonce"]) == ([state], [nonce])
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert query["code_challenge"] == [challenge]
    assert query["redirect_uri"] == [f"{site.address}/session/oidc/callback/"]
    assert "httponly" in begun.headers["set-cookie"].lower()


def test_who_has_no_role_stays_outside(browser: httpx.Client, site: Site) -> None:
    known(site, "u2", preferred_username="stranger", groups=["other"])
    done = browser.get(come_back(browser, site, "u2"))
    assert done.status_code == 403
    assert "scale-admins" in done.json()["detail"]
    assert browser.get(f"{site.address}/session/").status_code == 401


def test_a_user_of_this_system_is_not_taken_over_by_name(browser: httpx.Client, site: Site) -> None:
    add_user(site.context, "local", "admin")
    known(site, "u3", preferred_username="local", groups=["scale-admins"])
    assert browser.get(come_back(browser, site, "u3")).status_code == 409


def test_a_sign_in_ends_in_the_browser_where_it_began_and_once(browser: httpx.Client, site: Site) -> None:
    known(site, "u4", preferred_username="once", groups=["viewer"])
    back = come_back(browser, site, "u4")
    with httpx.Client(trust_env=False, timeout=SECONDS) as other:
        assert "not begun in this browser" in other.get(back).json()["detail"]
        other.get(f"{site.address}/session/oidc/")
        assert other.get(back).status_code == 401
    forged = re.sub(r"state=[^&]+", "state=forged", back)
    assert browser.get(forged).status_code == 401
    cookie = {"Cookie": f"scale_sign_in={browser.cookies['scale_sign_in']}"}
    assert browser.get(back).status_code == 302
    assert "refused" in httpx.get(back, headers=cookie, trust_env=False, timeout=SECONDS).json()["detail"]


def test_another_nonce_than_the_browsers_is_refused(browser: httpx.Client, site: Site) -> None:
    known(site, "u5", preferred_username="proof", groups=["viewer"])
    back = come_back(browser, site, "u5")
    state, _nonce, verifier = browser.cookies["scale_sign_in"].split(".")
    cookie = {"Cookie": f"scale_sign_in={state}.{'x' * 43}.{verifier}"}
    refused = httpx.get(back, headers=cookie, trust_env=False, timeout=SECONDS)
    assert refused.status_code == 401
    assert "nonce" in refused.json()["detail"]


def test_a_code_is_of_no_use_without_the_verifier_of_the_browser_that_asked(browser: httpx.Client, site: Site) -> None:
    known(site, "u6", preferred_username="keeper", groups=["viewer"])
    back = come_back(browser, site, "u6")
    state, nonce, _verifier = browser.cookies["scale_sign_in"].split(".")
    cookie = {"Cookie": f"scale_sign_in={state}.{nonce}.{'x' * 43}"}
    refused = httpx.get(back, headers=cookie, trust_env=False, timeout=SECONDS)
    assert refused.status_code == 401
    assert "refused (400 at" in refused.json()["detail"]


def test_behind_a_proxy_browsers_are_led_to_the_address_that_they_know(
    browser: httpx.Client, site: Site, served_context: Context
) -> None:
    settings = replace(site.context.settings, public_url="https://scale.example/api")
    with serving(replace(site.context, settings=settings)) as address:
        begun = browser.get(f"{address}/session/oidc/")
        query = parse_qs(urlsplit(begun.headers["location"]).query)
        assert query["redirect_uri"] == ["https://scale.example/api/session/oidc/callback/"]
        assert "secure" in begun.headers["set-cookie"].lower()
        known(site, "u7", preferred_username="far", groups=["viewer"])
        signed_in = browser.post(begun.headers["location"], data={"sub": "u7"})
        back = urlsplit(signed_in.headers["location"])
        assert (back.hostname, back.path) == ("scale.example", "/api/session/oidc/callback/")
        # What the proxy asks us, with the cookie that the browser sends by TLS only.
        cookie = {"Cookie": begun.headers["set-cookie"].partition(";")[0]}
        done = httpx.get(
            f"{address}/session/oidc/callback/?{back.query}", headers=cookie, trust_env=False, timeout=SECONDS
        )
        assert (done.status_code, done.headers["location"]) == (302, "https://scale.example/api/")
        assert "strict-transport-security" in done.headers


def test_what_the_provider_refuses_is_said(browser: httpx.Client, site: Site) -> None:
    query = {"error": "access_denied", "error_description": "Not today", "state": "x"}
    refused = browser.get(f"{site.address}/session/oidc/callback/", params=query)
    assert refused.status_code == 401
    assert "Not today" in refused.json()["detail"]


def test_without_a_provider_there_is_nothing_to_go_to(reading_http: httpx.Client) -> None:
    assert reading_http.get("/session/oidc/").status_code == 404


def test_a_provider_that_does_not_answer_is_503(served_context: Context, tmp_path: Path) -> None:
    settings = replace(served_context.settings, oidc_issuer="http://127.0.0.1:9", oidc_client_id="scale")
    with serving(replace(served_context, settings=settings)) as address:
        response = httpx.get(f"{address}/session/oidc/", trust_env=False, timeout=SECONDS)
    assert response.status_code == 503
    assert "127.0.0.1:9" in response.json()["detail"]


@pytest.mark.parametrize(
    "wrong", [{"oidc_issuer": "http://x"}, {"oidc_roles": "owner=x"}, {"oidc_roles": "admin"}, {"oidc_roles": "admin="}]
)
def test_settings_that_cannot_be_used_are_named(wrong: Any) -> None:
    with pytest.raises(SettingsError, match=r"oidc_(client_id|roles): "):
        roles_by_value(Settings(**wrong))
