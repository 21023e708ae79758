"""A file's bytes over HTTP, whole or one range of them (RFC 9110, section 14)."""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from scale_core.services.file_reads import Content

CHUNK_BYTES = 256 * 1024
ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE)


def content_response(content: Content, headers: Mapping[str, str]) -> Response:
    """Stream ``content``: 200 with all of it, 206 with the range that ``headers`` ask for, or 304.

    Several ranges, or a malformed header, give the whole.

    :raises HTTPException: 416, the range starts after the end.
    """
    etag = f'"{content.checksum}"' if content.checksum else None
    common = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(content.file_name)}",
        # What was ingested is data: a browser must not run it as part of this origin.
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    if etag:
        common["ETag"] = etag
        if headers.get("if-none-match") == etag:
            content.stream.close()
            return Response(status_code=304, headers=common)
    wanted = _range(headers, etag, content.size)
    if wanted is None:
        return _stream(content, 0, content.size, 200, common)
    start, end = wanted
    if start >= end:
        content.stream.close()
        raise HTTPException(
            416,
            f"{headers['range']} starts after the end: the file has {content.size} bytes",
            {"Accept-Ranges": "bytes", "Content-Range": f"bytes */{content.size}"},
        )
    common["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    return _stream(content, start, end, 206, common)


def _range(headers: Mapping[str, str], etag: str | None, size: int) -> tuple[int, int] | None:
    """The half-open range of bytes that is asked for; an empty one cannot be satisfied."""
    match = ONE_RANGE.fullmatch(headers.get("range", "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    if "if-range" in headers and headers["if-range"] != etag:
        return None
    first, last = match.groups()
    if not first:
        return (max(size - int(last), 0), size) if int(last) else (0, 0)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def _stream(content: Content, start: int, end: int, status: int, headers: Mapping[str, str]) -> Response:
    content.stream.seek(start)
    return StreamingResponse(
        _chunks(content.stream, end - start),
        status,
        headers={**headers, "Content-Length": str(end - start)},
        media_type=content.media_type,
        background=BackgroundTask(content.stream.close),
    )


def _chunks(stream: BinaryIO, length: int) -> Iterator[bytes]:
    try:
        while length > 0 and (chunk := stream.read(min(CHUNK_BYTES, length))):
            length -= len(chunk)
            yield chunk
    finally:
        stream.close()
