"""The web interface: the files that `make ui` builds from ``ui/``, below ``/ui/``. They are the same for everybody and
hold nothing of this installation, so nobody is asked who they are; what the pages show comes from the API."""

import gzip
import hashlib
import html
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from scale_core.api.compression import VARY, takes_gzip
from scale_core.api.etags import is_known
from scale_core.api.request import path_prefix

INTERFACE_PATH: Final = "/ui"
PAGE: Final = "index.html"
ASSETS: Final = "assets/"
"""The folder of files whose names say what is in them."""

FOR_EVER: Final = "public, max-age=31536000, immutable"
BASE: Final = b'<base href="/ui/" />'
"""What the page says of where it is; put right for each way that leads here."""

NOT_BUILT: Final = "The web interface is not part of this installation: its files are missing. `make ui` builds them."


def built_files() -> Traversable:
    """The folder with what was built."""
    return resources.files("scale_ui") / "files"


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    compressed: bytes
    media_type: str
    tag: str


class InterfaceMiddleware:
    """Answers below ``/ui/``: a file that was built, or the one page, which finds out by itself what its path means.

    :param files: what was built; a missing folder is told to who asks for a page.
    """

    def __init__(self, app: ASGIApp, files: Traversable) -> None:
        self._app = app
        self._folder = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        response = self._response(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        await (response or self._app)(scope, receive, send)

    def _response(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        if path == INTERFACE_PATH:
            return RedirectResponse(_base(scope), status_code=308)
        if not path.startswith(f"{INTERFACE_PATH}/"):
            return None
        name = path.removeprefix(f"{INTERFACE_PATH}/")
        if name.startswith(ASSETS) and name not in self._files:
            return PlainTextResponse("There is no such file; a reload of the page gets those that there are.", 404)
        file = self._files.get(name)
        if file is not None and name != PAGE:
            return _answer(file, Headers(scope=scope), FOR_EVER if name.startswith(ASSETS) else None)
        if PAGE not in self._files:
            return PlainTextResponse(NOT_BUILT, 503)
        base = f'<base href="{html.escape(_base(scope))}" />'.encode()
        return _answer(_file(PAGE, self._files[PAGE].content.replace(BASE, base)), Headers(scope=scope), None)

    @cached_property
    def _files(self) -> Mapping[str, _File]:
        # Read at the first request: most processes of Scale are never asked for a page.
        return {name: _file(name, found.read_bytes()) for name, found in _walk(self._folder, "")}


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for found in folder.iterdir() if folder.is_dir() else ():
        if found.is_dir():
            yield from _walk(found, f"{prefix}{found.name}/")
        else:
            yield f"{prefix}{found.name}", found


def _file(name: str, content: bytes) -> _File:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _File(content, gzip.compress(content, mtime=0), media_type, tag)


def _answer(file: _File, asked: Headers, cache_control: str | None) -> Response:
    headers = {"ETag": f"W/{file.tag}", "Vary": VARY}
    if cache_control:
        headers["Cache-Control"] = cache_control
    if is_known(asked.get("if-none-match", ""), file.tag):
        return Response(status_code=304, headers=headers)
    if not takes_gzip(asked):
        return Response(file.content, headers=headers, media_type=file.media_type)
    return Response(file.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media_type)


def _base(scope: Scope) -> str:
    return f"{path_prefix(scope)}{INTERFACE_PATH}/"
