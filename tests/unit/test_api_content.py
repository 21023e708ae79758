"""What is answered to one who asks for a file's content."""

from dataclasses import replace

import pytest
from starlette.exceptions import HTTPException

from scale_core.api.content import Answer, answer_to, etag_of, media_type_of
from scale_core.api.disposition import disposition
from scale_core.services.file_content import StoredContent

ETAG = '"00"'


def content(size: int = 10, **values: str | None) -> StoredContent:
    given = {"file_name": "a.txt", "media_type": "text/plain", "checksum": "sha256:00", **values}
    return StoredContent(file_id=1, size=size, paths=["a.txt"], workspace_name="w", configuration={}, **given)  # type: ignore[arg-type]


def answer(size: int = 10, *, is_head: bool = False, **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer_to(content(size), ETAG, given, is_head=is_head)


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-4", 2, 5),
        ("BYTES=2-", 2, 10),
        ("bytes=-3", 7, 10),
        ("bytes=-99", 0, 10),
        ("bytes=9-99999", 9, 10),
    ],
)
def test_one_range_is_answered_with_its_bytes(header: str, start: int, end: int) -> None:
    found = answer(range=header)
    assert (found.status, found.start, found.end) == (206, start, end)
    assert found.headers["Content-Range"] == f"bytes {start}-{end - 1}/10"
    assert found.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize(
    "header", ["", "bytes", "bytes=-", "bytes=4-2", "bytes=0-1,3-4", "bytes=a-b", "lines=1-2", f"bytes={'9' * 5000}-"]
)
def test_several_ranges_and_what_is_none_give_the_whole(header: str) -> None:
    found = answer(range=header)
    assert (found.status, found.start, found.end) == (200, 0, 10)
    assert "Content-Range" not in found.headers


@pytest.mark.parametrize(("size", "header"), [(10, "bytes=10-"), (10, "bytes=-0"), (0, "bytes=0-"), (0, "bytes=-1")])
def test_a_range_behind_the_end_is_refused_with_the_size(size: int, header: str) -> None:
    with pytest.raises(HTTPException, match=f"the file has {size} bytes") as refused:
        answer(size, range=header)
    assert refused.value.status_code == 416
    assert dict(refused.value.headers or {})["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize("header", [ETAG, f"W/{ETAG}", f'"x", {ETAG}', "*"])
def test_one_who_has_the_content_is_told_so_whatever_the_range(header: str) -> None:
    found = answer(if_none_match=header, range="bytes=0-1")
    assert (found.status, found.length, found.headers["ETag"]) == (304, 0, ETAG)


def test_one_who_has_something_else_gets_the_content() -> None:
    assert answer(if_none_match='"01", W/"x"').status == 200
    asked = {"if-none-match": ETAG, "if-range": ETAG, "range": "bytes=0-1"}
    unknown = answer_to(content(checksum=None), None, asked, is_head=False)
    assert unknown.status == 200
    assert "ETag" not in unknown.headers


@pytest.mark.parametrize(
    ("validator", "status"), [(ETAG, 206), (f"W/{ETAG}", 200), ('"x"', 200), ("Sat, 28 Nov 2026 00:00:00 GMT", 200)]
)
def test_the_rest_of_other_content_is_not_the_rest(validator: str, status: int) -> None:
    assert answer(range="bytes=5-", if_range=validator).status == status


@pytest.mark.parametrize("header", [ETAG, f'"x", {ETAG}', "*"])
def test_one_who_names_the_content_gets_it(header: str) -> None:
    assert answer(if_match=header).status == 200
    assert answer(if_match=header, range="bytes=2-4").status == 206
    assert answer(if_match=header, if_none_match=ETAG).status == 304


@pytest.mark.parametrize("header", ['"x"', f"W/{ETAG}", "", "00"])
def test_one_who_names_other_content_is_told_which_there_is_whatever_else_is_asked(header: str) -> None:
    with pytest.raises(HTTPException, match="not the one that If-Match names") as refused:
        answer(if_match=header, if_none_match=ETAG, range="bytes=99-", is_head=True)
    assert (refused.value.status_code, dict(refused.value.headers or {})) == (412, {"ETag": ETAG})


def test_content_of_which_nothing_is_known_is_only_named_by_any() -> None:
    assert answer_to(content(checksum=None), None, {"if-match": "*"}, is_head=False).status == 200
    with pytest.raises(HTTPException, match="its ETag is not known"):
        answer_to(content(checksum=None), None, {"if-match": ETAG}, is_head=False)


def test_the_tag_is_another_for_each_file_checksum_and_version() -> None:
    made = {
        etag_of(content(), None),
        etag_of(content(), "1"),
        etag_of(content(), "2"),
        etag_of(content(checksum="sha256:01"), "1"),
        etag_of(content(checksum=None), "1"),
        etag_of(replace(content(), file_id=2), "1"),
    }
    assert len(made) == 6
    assert etag_of(content(), "1") == etag_of(content(), "1")
    assert etag_of(content(), None) == '"sha256:00"'
    assert etag_of(content(checksum=None), None) is None


def test_head_tells_of_the_whole() -> None:
    found = answer(is_head=True, range="bytes=0-1")
    assert (found.status, found.headers["Content-Length"], found.length) == (200, "10", 0)


def test_a_browser_runs_nothing_of_what_was_ingested() -> None:
    headers = answer().headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "script" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a b.txt", "inline; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt"),
        (
            'x".html\r\nSet-Cookie: a',
            "inline; filename=\"x_.html__Set-Cookie_ a\"; filename*=UTF-8''x%22.html%0D%0ASet-Cookie%3A%20a",
        ),
        ("../é", "inline; filename=\".._ _\"; filename*=UTF-8''..%2F%C3%A9".replace("_ _", "__")),
    ],
)
def test_a_name_cannot_end_its_header_or_lead_to_another_folder(name: str, value: str) -> None:
    assert disposition("inline", name) == value


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("text/plain", "text/plain"),
        ("text/html; charset=latin-1", "text/html; charset=latin-1"),
        ("application/vnd.google-earth.kml+xml", "application/vnd.google-earth.kml+xml"),
        ("text/html\r\nx: y", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_media_type_that_is_none_is_not_sent(given: str, sent: str) -> None:
    assert media_type_of(content(media_type=given)) == sent
