"""Documents are compressed for who takes that; contents of files are what they are."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from scale_core.api.compression import LEAST_BYTES
from scale_core.db.models import ScaleFile
from scale_core.services.context import Context

pytestmark = pytest.mark.any_database

PLAIN = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip"}
CONTENT = b"[]" + b" " * 9998  # of which any beginning is JSON, too: the tests read what is answered
LONG = {"name": "long", "title": "Long", "description": "x" * LEAST_BYTES, "category": "DATA"}


def test_a_document_is_the_same_in_fewer_bytes(http: httpx.Client) -> None:
    plain, compressed = (http.get("/errors/", headers=headers) for headers in (PLAIN, GZIP))
    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert compressed.content == plain.content
    assert len(plain.content) == int(plain.headers["Content-Length"])
    assert int(compressed.headers["Content-Length"]) == compressed.num_bytes_downloaded < len(plain.content) / 2
    assert plain.headers["Vary"] == compressed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("then", [PLAIN, GZIP])
@pytest.mark.parametrize("first", [PLAIN, GZIP])
@pytest.mark.parametrize("path", ["/errors/", "/openapi.json"])
def test_who_has_it_is_told_so_however_it_came(
    http: httpx.Client, path: str, first: dict[str, str], then: dict[str, str]
) -> None:
    etag = http.get(path, headers=first).headers["ETag"]
    # A strong tag would say that both are the same bytes.
    assert etag.startswith('W/"')
    again = http.get(path, headers={**then, "If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert "Content-Encoding" not in again.headers
    assert "Accept-Encoding" in again.headers["Vary"]


@pytest.mark.parametrize(
    ("header", "is_compressed"),
    [
        ("br, gzip;q=0.8", True),
        ("GZIP", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("br", False),
        ("gzip;q=many", False),
        ("", False),
    ],
)
def test_who_does_not_take_it_is_spared(http: httpx.Client, header: str, is_compressed: bool) -> None:
    answer = http.get("/errors/", headers={"Accept-Encoding": header})
    assert ("Content-Encoding" in answer.headers) == is_compressed


def test_what_is_short_is_sent_as_it_is(http: httpx.Client) -> None:
    answer = http.get("/scheduler/", headers=GZIP)
    assert len(answer.content) < LEAST_BYTES
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_what_is_answered_to_a_change_is_compressed_too(http: httpx.Client) -> None:
    made = http.post("/errors/", json=LONG).json()
    changed = http.patch(f"/errors/{made['id']}/", json={"title": "Longer"}, headers=GZIP)
    assert (changed.status_code, changed.headers["Content-Encoding"]) == (200, "gzip")
    assert changed.json()["title"] == "Longer"


@pytest.mark.parametrize("checksum", ["sha256:" + "0" * 64, None])
def test_the_content_of_a_file_is_never_compressed(
    http: httpx.Client, served_context: Context, workspace: dict[str, Any], tmp_path: Path, checksum: str | None
) -> None:
    (tmp_path / "products" / "a.json").write_bytes(CONTENT)
    now = served_context.now()
    values = {
        "id": 7,
        "file_type": "SOURCE",
        "workspace_id": workspace["id"],
        "file_name": "a.json",
        "file_path": "a.json",
        "media_type": "application/json",
        "file_size": len(CONTENT),
        "checksum": checksum,
        "data_type": [],
        "uuid": "0" * 32,
        "meta_data": {},
        "countries": [],
        "created": now,
        "last_modified": now,
    }
    with served_context.database.write() as session:
        session.execute(insert(ScaleFile).values(values))
    whole = http.get("/files/7/content/", headers=GZIP)
    part = http.get("/files/7/content/", headers={**GZIP, "Range": "bytes=0-4999"})
    assert whole.headers["Content-Type"].startswith("application/json")
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert (part.status_code, part.content) == (206, CONTENT[:5000])
    for answer in (whole, part):
        assert "Content-Encoding" not in answer.headers
        assert answer.num_bytes_downloaded == len(answer.content)
