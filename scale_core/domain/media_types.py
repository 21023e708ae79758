"""What kind of data a file is (IANA media types).

The extension decides where it is a known one: the reference takes it "as guidance", algorithms choose readers by it,
and many formats share their first bytes (every KMZ and DOCX is a ZIP, every COG is a TIFF). Content decides where the
extension is missing or unknown. What neither tells is ``application/octet-stream``.
"""

import difflib
import mimetypes
import os.path
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import puremagic

UNKNOWN: Final = "application/octet-stream"

HEAD_SIZE: Final = 4096
"""How many of a file's first bytes :func:`media_type` can use."""

_GEOSPATIAL: Final = MappingProxyType(
    {
        ".csv": "text/csv",
        ".gdb": "application/x-filegdb",
        ".geojson": "application/vnd.geo+json",
        ".gif": "image/gif",
        ".gml": "application/gml+xml",
        ".gpkg": "application/geopackage+sqlite3",
        ".grb": "application/x-grib",
        ".grb2": "application/x-grib2",
        ".grib": "application/x-grib",
        ".grib2": "application/x-grib2",
        ".h5": "image/x-hdf5-image",
        ".hdf5": "image/x-hdf5-image",
        ".he5": "image/x-hdf5-image",
        ".hdf": "application/x-hdf",
        ".j2k": "image/j2k",
        ".jp2": "image/jp2",
        ".jpf": "image/jpx",
        ".jpx": "image/jpx",
        ".json": "application/json",
        ".kml": "application/vnd.google-earth.kml+xml",
        ".kmz": "application/vnd.google-earth.kmz",
        ".las": "application/vnd.las",
        ".laz": "application/vnd.laszip",
        ".md": "text/markdown",
        ".mp4": "video/mp4",
        ".nc": "application/netcdf",
        ".nitf": "image/x-nitf-image",
        ".nsf": "image/x-nitf-image",
        ".ntf": "image/x-nitf-image",
        ".parquet": "application/vnd.apache.parquet",
        ".shp": "application/vnd.shp",
        ".shx": "application/vnd.shx",
        ".dbf": "application/vnd.dbf",
        ".sqlite": "application/vnd.sqlite3",
        ".tif": "image/tiff",
        ".tiff": "image/tiff",
        ".toml": "application/toml",
        ".txt": "text/plain",
        ".webp": "image/webp",
        ".xml": "application/xml",
        ".yaml": "application/yaml",
        ".yml": "application/yaml",
        ".zip": "application/zip",
        ".gz": "application/gzip",
        ".tgz": "application/gzip",
        ".bz2": "application/x-bzip2",
        ".xz": "application/x-xz",
        ".zst": "application/zstd",
    }
)

# These say nothing about the content: people give them to anything.
_MEANINGLESS: Final = frozenset({".bin", ".dat", ".data", ".raw", ".out", ".a", ".o", ".obj", ".so", ".exe", ".dll"})

# Formats that puremagic does not know, or takes for something that is built upon them.
_SIGNATURES: Final = (
    (b"\x89HDF\r\n\x1a\n", "image/x-hdf5-image"),
    (b"CDF\x01", "application/netcdf"),
    (b"CDF\x02", "application/netcdf"),
    (b"CDF\x05", "application/netcdf"),
    (b"NITF0", "image/x-nitf-image"),
    (b"NSIF0", "image/x-nitf-image"),
    (b"GRIB", "application/x-grib"),
    (b"LASF", "application/vnd.las"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)

_STARTS: Final = tuple(signature for signature, _found in _SIGNATURES)

# Below this, puremagic has seen two bytes at most: any text could begin with them.
_SURE_ENOUGH: Final = 0.3
_SHORTEST: Final = 3

_FORM: Final = re.compile(r"[A-Za-z0-9][\w.+!#$&^-]{0,126}/[A-Za-z0-9][\w.+!#$&^-]{0,126}", re.ASCII)


@cache
def _by_extension() -> Mapping[str, str]:
    """Extension to media type: Python's own table and ours over it, never the machine's ``/etc/mime.types``."""
    standard = mimetypes.MimeTypes(filenames=()).types_map
    return MappingProxyType({**standard[False], **standard[True], **_GEOSPATIAL})


@cache
def _registered() -> frozenset[str]:
    return frozenset({UNKNOWN, *_by_extension().values()})


def media_type(file_name: str, head: bytes = b"") -> str:
    """The media type of a file.

    :param file_name: its name or path.
    :param head: its first bytes, up to :data:`HEAD_SIZE`; empty where they are not known.
    """
    extension = os.path.splitext(file_name)[1].lower()  # noqa: PTH122 - for each of many files
    if extension not in _MEANINGLESS and (known := _by_extension().get(extension)):
        return known
    return _by_content(head) or UNKNOWN


def _by_content(head: bytes) -> str | None:
    if head.startswith(_STARTS):
        return next(found for signature, found in _SIGNATURES if head.startswith(signature))
    if not head or not _may_be_known(head):
        return None
    try:
        matches = puremagic.magic_string(head[:HEAD_SIZE])
    except puremagic.PureError:
        return None
    return next((match.mime_type for match in matches if match.mime_type and match.confidence >= _SURE_ENOUGH), None)


def _may_be_known(head: bytes) -> bool:
    """Whether puremagic has anything that looks like this: asking it costs a quarter of a millisecond."""
    at_the_start, at_the_end = _signatures()
    if at_the_start.match(head):
        return True
    size = len(head)
    for back, known in at_the_end:  # noqa: SIM110 - `any` takes three times as long, and this is asked of many files
        if back <= size and head.startswith(known, size - back):
            return True
    return False


@cache
def _signatures() -> tuple[re.Pattern[bytes], tuple[tuple[int, tuple[bytes, ...]], ...]]:
    """What puremagic compares with, as far as that is sure enough or leads on to something that is: one pattern for
    what it looks for from the start on, and what it looks for at each distance from the end."""
    places: dict[int, set[bytes]] = defaultdict(set)
    for row in (*puremagic.magic_header_array, *puremagic.magic_footer_array):
        if len(row.byte_match) >= _SHORTEST or row.byte_match in puremagic.multi_part_dict:
            places[row.offset].add(row.byte_match)
    ahead = (
        b".{%d}(?:%s)" % (start, b"|".join(map(re.escape, sorted(known))))
        for start, known in sorted(places.items())
        if start >= 0
    )
    behind = ((-start, tuple(sorted(known))) for start, known in sorted(places.items()) if start < 0)
    return re.compile(b"|".join(ahead), re.DOTALL), tuple(behind)


def accepts(media_types: Collection[str], found: str) -> bool:
    """Whether a file of the media type ``found`` may go where ``media_types`` are asked for; none: every file may."""
    return not media_types or found.lower() in {wanted.lower() for wanted in media_types}


def misfits(offered: Iterable[str], wanted: Collection[str]) -> list[str]:
    """Those of the offered media types that ``wanted`` does not accept."""
    return [each for each in offered if not accepts(wanted, each)]


def oddity(media_type_text: str) -> str | None:
    """Why a media type looks like a slip (not ``type/subtype``, or none that is known), or None if it does not."""
    if not _FORM.fullmatch(media_type_text):
        return f"{media_type_text!r} is no media type; write type/subtype, such as image/png"
    lowered = media_type_text.lower()
    if lowered in _registered() or lowered.split("/")[1].startswith(("x-", "x.", "vnd.", "prs.")):
        return None
    near = difflib.get_close_matches(lowered, sorted(_registered()), n=1, cutoff=0.8)
    return f"{media_type_text} is not a known media type" + (f"; do you mean {near[0]}?" if near else "")
