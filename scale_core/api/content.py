"""What is answered to one who asks for a file's content, whole or a range of it (RFC 9110, sections 13 and 14)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException

from scale_core.api.disposition import disposition
from scale_core.api.etags import DIGEST_BYTES, is_known, is_the_same
from scale_core.services.file_content import StoredContent

ONE_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:;[ -~]*)?", re.ASCII)
UNKNOWN_TYPE: Final = "application/octet-stream"

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""What was ingested is data: a browser that shows it runs nothing of it, fetches nothing for it, and takes it for no
part of this site."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers, and the half-open range of bytes that follows; 304 has none."""

    status: int
    headers: Mapping[str, str]
    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes follow."""
        return self.end - self.start


def etag_of(content: StoredContent, version: str | None) -> str | None:
    """The entity tag, in quotes: another for other content, where the storage tells that (decision 0068); else the
    recorded checksum. None: neither is known.

    :param version: of the file, as its broker tells it.
    """
    if version is None:
        return f'"{content.checksum}"' if content.checksum else None
    about = f"{content.file_id} {content.checksum} {version}".encode(errors="surrogateescape")
    return f'"{hashlib.blake2b(about, digest_size=DIGEST_BYTES).hexdigest()}"'


def answer_to(content: StoredContent, etag: str | None, headers: Mapping[str, str], *, is_head: bool) -> Answer:
    """200 with all of the content, 206 with the range that is asked for, or 304. Several ranges, or a malformed
    header, give the whole. Of HEAD no bytes follow.

    :param etag: of the content, in quotes; None: it has none.
    :param headers: of the request, by their names in small letters.
    :raises HTTPException: 412, the content is not that of ``If-Match``; 416, the range starts after the end.
    """
    if "if-match" in headers and not is_the_same(headers["if-match"], etag):
        raise HTTPException(
            412,
            f"the content is not the one that If-Match names: its ETag is {etag or 'not known'}; ask for all of it",
            {} if etag is None else {"ETag": etag},
        )
    common = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition("inline", content.file_name),
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    if etag is not None:
        common["ETag"] = etag
        if is_known(headers.get("if-none-match", ""), etag):
            return Answer(304, common, 0, 0)
    wanted = None if is_head else _range(headers, etag, content.size)
    start, end = wanted or (0, content.size)
    if wanted is not None:
        if start >= end:
            raise HTTPException(
                416,
                f"{headers['range']} starts after the end: the file has {content.size} bytes",
                {"Accept-Ranges": "bytes", "Content-Range": f"bytes */{content.size}"},
            )
        common["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    common["Content-Length"] = str(end - start)
    return Answer(200 if wanted is None else 206, common, start, start if is_head else end)


def media_type_of(content: StoredContent) -> str:
    """What the content is called in ``Content-Type``: whoever made the file named it, and may have written anything."""
    return content.media_type if MEDIA_TYPE.fullmatch(content.media_type) else UNKNOWN_TYPE


def _range(headers: Mapping[str, str], etag: str | None, size: int) -> tuple[int, int] | None:
    """The half-open range of bytes that is asked for; an empty one cannot be satisfied."""
    match = ONE_RANGE.fullmatch(headers.get("range", "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    if "if-range" in headers and headers["if-range"].strip() != etag:
        return None
    first, last = match.groups()
    if not first:
        return (max(size - int(last), 0), size) if int(last) else (0, 0)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size
