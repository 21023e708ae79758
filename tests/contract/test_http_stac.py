"""The catalog over HTTP: media types, errors, links, and what files that really went through Scale become."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import httpx
import pytest

from fakes.waiting import SECONDS

SEARCH: Final = "/stac/search/"


@pytest.fixture
def seeded(seeded_url: str) -> Any:
    """A client of an installation that has processed files; redirects are not followed."""
    with httpx.Client(base_url=seeded_url, timeout=SECONDS) as client:
        yield client


def items(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """What a search finds."""
    response = client.get(SEARCH, params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["features"]
    return found


def hrefs(document: Mapping[str, Any], rel: str) -> list[str]:
    """Where links of a kind lead."""
    return [link["href"] for link in document["links"] if link["rel"] == rel]


def test_the_landing_page_leads_to_everything_and_each_answers_as_it_says(seeded: httpx.Client) -> None:
    for link in seeded.get("/stac/").json()["links"]:
        response = seeded.request(link.get("method", "GET"), link["href"], **_body(link))
        assert response.status_code == 200, link
        assert response.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0], link


def _body(link: Mapping[str, Any]) -> dict[str, Any]:
    headers = {"Accept": link["type"]}
    return {"json": {}, "headers": headers} if link.get("method") == "POST" else {"headers": headers}


@pytest.mark.parametrize(
    "path", ["/stac", "/stac/search", "/stac/collections", "/stac/collections/strike-1/items", "/v3/stac/search"]
)
def test_a_path_is_the_same_with_its_last_slash_and_without(seeded: httpx.Client, path: str) -> None:
    with_slash, without = seeded.get(f"{path}/"), seeded.get(path)
    assert with_slash.status_code == without.status_code == 200
    assert with_slash.json() == without.json()
    assert hrefs(without.json(), "self")[0].endswith("/stac/" if path == "/stac" else path)


def test_a_path_that_is_none_is_404_with_its_last_slash_and_without(seeded: httpx.Client) -> None:
    for path in ("/stac/nothing", "/stac/nothing/", "/stac/collections//strike-1"):
        response = seeded.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "NotFound"), path


def test_sources_and_products_are_items_with_where_they_come_from(seeded: httpx.Client) -> None:
    found = {item["properties"]["title"]: item for item in reversed(items(seeded))}
    source, joined = found["a.txt"], found["join.txt"]
    (strike,) = seeded.get("/strikes/").json()["results"]
    assert source["collection"] == f"strike-{strike['id']}"
    parents = [seeded.get(one).json() for one in hrefs(joined, "derived_from")]
    # The recipe of either file may have been the first.
    titles = sorted(one["properties"]["title"] for one in parents)
    assert titles[0] in ("a.txt", "b.txt")
    assert titles[1:] == ["one.txt", "two.txt"]
    for rel in ("via", "processing-execution", "related"):
        (href,) = hrefs(joined, rel)
        assert seeded.get(href).status_code == 200
    assert "/recipes/" in hrefs(joined, "related")[0]
    (via,) = hrefs(source, "via")
    assert seeded.get(via).json()["file_name"] == "a.txt"


def test_the_content_of_an_item_is_served_whole_and_in_part(seeded: httpx.Client) -> None:
    (source, *_) = [item for item in items(seeded) if item["properties"]["title"] == "a.txt"]
    asset = source["assets"]["data"]
    whole = seeded.get(asset["href"])
    assert (whole.content, len(whole.content)) == (b"text\n", asset["file:size"])
    assert hashlib.sha256(whole.content).hexdigest() == asset["file:checksum"].removeprefix("1220")
    part = seeded.get(asset["href"], headers={"Range": "bytes=1-2"})
    assert (part.status_code, part.content) == (206, b"ex")


def test_pages_follow_each_other_in_either_way_of_asking(seeded: httpx.Client) -> None:
    whole = [item["id"] for item in items(seeded)]
    for method in ("GET", "POST"):
        request: dict[str, Any] = {"method": method, "url": SEARCH, "json": {"limit": 3}}
        if method == "GET":
            request = {"method": method, "url": SEARCH, "params": {"limit": 3}}
        walked = []
        while True:
            page = seeded.request(**request).json()
            walked += [item["id"] for item in page["features"]]
            following = [link for link in page["links"] if link["rel"] == "next"]
            if not following:
                break
            (link,) = following
            request = {"method": link["method"], "url": link["href"], "json": link.get("body")}
        assert walked == whole


@pytest.mark.parametrize(
    ("query", "pointer", "says"),
    [
        ({"bbox": "1,2,3"}, "bbox", "four numbers, not 3"),
        ({"bbox": "a"}, "bbox", "is no box"),
        ({"bbox": "0,0,1,91"}, "bbox", "north is 91.0"),
        ({"intersects": "x"}, "intersects", "is no GeoJSON"),
        ({"intersects": "[]"}, "intersects", "a JSON object"),
        ({"intersects": "{}"}, "intersects", "no type of GeoJSON"),
        ({"intersects": '{"type": "Feature", "geometry": null}'}, "intersects", "send its geometry"),
        ({"intersects": '{"type": "Point", "coordinates": [1, 1]}', "bbox": "0,0,1,1"}, "intersects", "bbox too"),
        ({"datetime": "yesterday"}, "datetime", "RFC 3339"),
        ({"datetime": "../.."}, "datetime", "no bound"),
        ({"limit": "0"}, "limit", "at least 1"),
        ({"limit": "many"}, "limit", "integer"),
        ({"token": "x"}, "token", "`next`"),
        ({"sortby": "id"}, "sortby", "known are bbox, intersects, datetime, ids, collections, limit, token"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_ogc_too(
    seeded: httpx.Client, query: dict[str, str], pointer: str, says: str
) -> None:
    response = seeded.get(SEARCH, params=query)
    assert response.status_code == 400, response.text
    problem = response.json()
    assert problem["code"] == "BadRequest"
    assert says in problem["description"], problem
    assert problem["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"bbox": [1, 2, 3]}, "/bbox"),
        ({"bbox": [1, 2, 3, 4, 5]}, "/bbox"),
        ({"intersects": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}, "/intersects"),
        ({"intersects": {"type": "Circle"}}, "/intersects/type"),
        ({"datetime": "2015"}, "/datetime"),
        ({"token": "x"}, "/token"),
        ({"ids": "1"}, "/ids"),
        ({"collections": ["strike-1"] * 1001}, "/collections"),
        ({"filter": {}}, "/filter"),
    ],
)
def test_what_is_wrong_in_a_body_is_pointed_at(seeded: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    response = seeded.post(SEARCH, json=body)
    assert response.status_code == 400, response.text
    assert response.json()["errors"][0]["pointer"] == pointer


def test_a_token_belongs_to_the_search_that_gave_it(seeded: httpx.Client) -> None:
    page = seeded.get(SEARCH, params={"limit": 1}).json()
    (following,) = hrefs(page, "next")
    token = httpx.URL(following).params["token"]
    assert seeded.get(SEARCH, params={"limit": 5, "token": token}).status_code == 200
    assert seeded.get(SEARCH, params={"collections": "strike-1", "token": token}).status_code == 400


@pytest.mark.parametrize("path", ["collections/strike-999/", "collections/x/items/", "collections/job-type-1/"])
def test_what_is_not_there_is_said_in_the_words_of_ogc_too(seeded: httpx.Client, path: str) -> None:
    response = seeded.get(f"/stac/{path}")
    assert (response.status_code, response.json()["code"]) == (404, "NotFound")
    assert "There is no collection" in response.json()["description"]


def test_more_items_than_are_given_at_once_may_be_asked_for(seeded: httpx.Client) -> None:
    assert len(items(seeded, limit=10**9)) == len(items(seeded))


def test_who_shows_nothing_is_not_shown_the_catalog(anonymous: httpx.Client, tokens: Mapping[str, str]) -> None:
    assert anonymous.get("/stac/").status_code == 401
    viewer = {"Authorization": f"Bearer {tokens['viewer']}"}
    assert anonymous.get("/stac/", headers=viewer).status_code == 200
    assert anonymous.post(SEARCH, headers=viewer, json={}).status_code == 200
