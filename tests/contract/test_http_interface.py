"""The web interface as a browser gets it: the page, its files, and what it is told about them."""

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from fakes.served import serving
from fakes.waiting import SECONDS
from scale_core.api.interface import InterfaceMiddleware
from scale_core.services.context import Context

pytestmark = pytest.mark.any_database

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def files_of(page: str) -> list[str]:
    """What a page loads, relative to its base."""
    return re.findall(r'(?:src|href)="\./([^"]+)"', page)


@pytest.mark.parametrize(
    ("accept", "place"), [(BROWSER["Accept"], "/ui/"), ("application/json", "/docs/"), ("*/*", "/docs/")]
)
def test_the_root_leads_browsers_to_the_interface_and_others_to_the_documentation(
    reading_http: httpx.Client, accept: str, place: str
) -> None:
    answer = reading_http.get("/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["location"]) == (307, place)
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize("path", ["/ui/", "/ui/jobs/5", "/v3/ui/recipes?page_size=50"])
def test_every_path_of_the_interface_is_its_one_page(reading_http: httpx.Client, path: str) -> None:
    answer = reading_http.get(path, headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    base = "/v3/ui/" if path.startswith("/v3") else "/ui/"
    assert f'<base href="{base}" />' in answer.text
    assert answer.headers["cache-control"] == "private, no-cache"
    again = reading_http.get(path, headers={**BROWSER, "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_everything_that_the_page_loads_is_part_of_the_installation(reading_http: httpx.Client) -> None:
    names = files_of(reading_http.get("/ui/").text)
    assert {Path(name).suffix for name in names} >= {".js", ".css", ".svg"}
    for name in names:
        answer = reading_http.get(f"/ui/{name}")
        assert answer.status_code == 200, name
        lasting = answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert lasting == name.startswith("assets/")


def test_files_are_sent_compressed_to_who_takes_that(reading_http: httpx.Client) -> None:
    (script,) = [name for name in files_of(reading_http.get("/ui/").text) if re.fullmatch(r"assets/.*\.js", name)]
    plain = reading_http.get(f"/ui/{script}", headers={"Accept-Encoding": "identity"})
    compressed = reading_http.get(f"/ui/{script}", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert compressed.content == plain.content
    assert int(compressed.headers["content-length"]) < len(plain.content) / 2


def test_the_page_may_run_and_fetch_only_what_comes_from_here(reading_http: httpx.Client) -> None:
    answer = reading_http.get("/ui/")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert not re.search(r"<script(?![^>]* src=)|<style|https?://", answer.text)


@pytest.mark.parametrize("name", ["assets/none.js", "assets/..%2f..%2f__init__.py", "assets/%2fetc%2fpasswd"])
def test_there_are_no_files_but_those_that_were_built(reading_http: httpx.Client, name: str) -> None:
    assert reading_http.get(f"/ui/{name}").status_code == 404


def test_a_path_without_its_slash_leads_on(reading_http: httpx.Client) -> None:
    answer = reading_http.get("/ui")
    assert (answer.status_code, answer.headers["location"]) == (308, "/ui/")


def test_behind_a_proxy_the_page_knows_where_it_is(served_context: Context) -> None:
    settings = replace(served_context.settings, public_url="https://scale.example/a&b")
    with serving(replace(served_context, settings=settings)) as address:
        page = httpx.get(f"{address}/ui/jobs", trust_env=False, timeout=SECONDS)
        root = httpx.get(f"{address}/", headers=BROWSER, trust_env=False, timeout=SECONDS)
    assert '<base href="/a&amp;b/ui/" />' in page.text
    assert root.headers["location"] == "/a&b/ui/"


def test_an_installation_without_the_built_files_says_how_to_get_them(tmp_path: Path) -> None:
    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("it is for the interface to answer")

    client = TestClient(InterfaceMiddleware(nothing, tmp_path / "missing"))
    answer = client.get("/ui/")
    assert answer.status_code == 503
    assert "make ui" in answer.text


def test_the_page_that_asks_for_a_password_can_ask_for_other_ways_first(
    served_context: Context, reading_http: httpx.Client
) -> None:
    assert reading_http.get("/session/methods/").json() == {"has_oidc": False}
    settings = replace(served_context.settings, oidc_issuer="https://provider.example", oidc_client_id="scale")
    with serving(replace(served_context, settings=settings)) as address:
        assert httpx.get(f"{address}/session/methods/", trust_env=False, timeout=SECONDS).json() == {"has_oidc": True}
