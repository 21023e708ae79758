"""Media types by extension, then by content."""

from random import Random

import puremagic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_core.domain import media_types
from scale_core.domain.media_types import UNKNOWN, accepts, media_type, misfits, oddity

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", "image/png"),
        ("dir/a.TIF", "image/tiff"),
        ("a.geojson", "application/vnd.geo+json"),
        ("a.json", "application/json"),
        ("my_file.h5", "image/x-hdf5-image"),
        ("a.kml", "application/vnd.google-earth.kml+xml"),
        ("a.csv", "text/csv"),
        ("a.txt", "text/plain"),
        ("a.ntf", "image/x-nitf-image"),
        ("a.tar.gz", "application/gzip"),
        ("a.jpg", "image/jpeg"),
        ("a.nonsense", UNKNOWN),
        ("noextension", UNKNOWN),
    ],
)
def test_the_extension_decides(name: str, expected: str) -> None:
    assert media_type(name) == expected


def test_a_known_extension_wins_over_the_content() -> None:
    assert media_type("a.tif", PNG) == "image/tiff"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (PNG, "image/png"),
        (b"\x89HDF\r\n\x1a\n" + bytes(8), "image/x-hdf5-image"),
        (b"NITF02.10", "image/x-nitf-image"),
        (b"CDF\x01", "application/netcdf"),
        (b"PK\x03\x04" + bytes(40), "application/zip"),
        (b"II*\x00" + bytes(40), "image/tiff"),
        (b"%PDF-1.4\n", "application/pdf"),
        (b"just some text", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_content_decides_where_the_extension_says_nothing(head: bytes, expected: str) -> None:
    assert media_type("a.dat", head) == media_type("a", head) == media_type("a.xyzzy", head) == expected


@given(st.text(), st.binary(max_size=64))
def test_every_file_has_a_media_type(name: str, head: bytes) -> None:
    assert "/" in media_type(name, head)


def test_no_media_types_accept_everything_and_case_does_not_matter() -> None:
    assert accepts((), "a/b")
    assert accepts(("Image/PNG",), "image/png")
    assert not accepts(("image/png",), "image/tiff")
    assert misfits(("image/png", "image/tiff"), ("image/tiff",)) == ["image/png"]


def test_slips_in_media_types_are_found() -> None:
    assert oddity("image/png") is None
    assert oddity("application/vnd.mine") is None
    assert oddity("image/x-mine") is None
    assert "write type/subtype" in str(oddity("png"))
    assert oddity("image/pngg") == "image/pngg is not a known media type; do you mean image/png?"


def test_content_is_judged_as_puremagic_does_though_it_is_not_asked_each_time() -> None:
    random = Random(7)  # noqa: S311 - the same heads every time
    signatures = [*puremagic.magic_header_array, *puremagic.magic_footer_array]
    heads = [random.randbytes(600) for _ in range(200)]
    for row in signatures:
        begun = bytearray(random.randbytes(600))
        start = row.offset if row.offset >= 0 else len(begun) + row.offset
        begun[start : start + len(row.byte_match)] = row.byte_match
        heads.append(bytes(begun[: start + len(row.byte_match) + random.randrange(9)]))
    assert any(media_type("file", head) != UNKNOWN for head in heads)
    for head in heads:
        if not head.startswith(tuple(signature for signature, _ in media_types._SIGNATURES)):
            assert media_type("file", head) == _asked(head), head


def _asked(head: bytes) -> str:
    try:
        matches = puremagic.magic_string(head)
    except puremagic.PureError:
        return UNKNOWN
    return next((one.mime_type for one in matches if one.mime_type and one.confidence >= 0.3), UNKNOWN)
