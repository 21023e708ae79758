"""Who asks again is told that nothing has changed."""

import httpx
import pytest

pytestmark = pytest.mark.any_database

ERROR = {"name": "etag", "title": "Etag", "description": "", "category": "DATA"}


def test_an_answer_that_would_be_the_same_is_not_sent_again(http: httpx.Client) -> None:
    first = http.get("/errors/")
    etag = first.headers["ETag"]
    again = http.get("/errors/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert "Content-Type" not in again.headers
    # Browsers then ask with the tag by themselves, and never without.
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("form", ["W/{}", "{}", '"other", W/{}', "*"])
def test_the_tag_is_known_in_every_form_that_there_is(http: httpx.Client, form: str) -> None:
    tag = http.get("/errors/").headers["ETag"].removeprefix("W/")
    assert http.get("/errors/", headers={"If-None-Match": form.format(tag)}).status_code == 304


def test_another_answer_has_another_tag(http: httpx.Client) -> None:
    etag = http.get("/errors/").headers["ETag"]
    assert http.post("/errors/", json=ERROR).status_code == 201
    changed = http.get("/errors/", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag
    assert "etag" in [one["name"] for one in changed.json()["results"]]


def test_what_is_no_document_or_no_success_has_none(http: httpx.Client) -> None:
    assert "ETag" not in http.get("/errors/999999/").headers
    assert http.get("/errors/999999/", headers={"If-None-Match": "*"}).status_code == 404
    assert "ETag" not in http.post("/errors/", json=ERROR).headers
