"""The OpenAPI document, served as it was generated: connexion would serve it with every reference written out, so that
clients generated from it would have no names for anything."""

import hashlib
import json
from importlib import resources
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from scale_core.api.etags import is_known
from scale_core.api.interface import INTERFACE_PATH
from scale_core.api.request import path_prefix
from scale_core.services.stac_links import JSON, OPENAPI

DOCUMENT_PATH: Final = "/openapi.json"
DOCS_PATH: Final = "/docs"


def document_bytes() -> bytes:
    """The bundled document."""
    return (resources.files("scale_generated") / "openapi.json").read_bytes()


def served_contract(*, responses: bool) -> dict[str, Any]:
    """The document as far as requests are checked against it: without its examples, and without what is answered.

    :param responses: leave in what is answered, to be checked as well.
    """
    loaded: dict[str, Any] = json.loads(document_bytes(), object_hook=_without_examples)
    if not responses:
        for methods in loaded["paths"].values():
            for operation in methods.values():
                operation["responses"] = {}
        del loaded["components"]["responses"]
    return loaded


def _without_examples(found: dict[str, Any]) -> dict[str, Any]:
    # Properties of that name hold a schema, examples hold values; none of ours are called so.
    return {name: value for name, value in found.items() if name not in ("example", "examples")}


class DocumentMiddleware:
    """Answers ``/openapi.json``; leads who comes to ``/`` on: a browser to the web interface, others to the
    documentation."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._content = document_bytes()
        self._tag = f'"{hashlib.sha256(self._content).hexdigest()[:32]}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        response = self._response(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        await (response or self._app)(scope, receive, send)

    def _response(self, scope: Scope) -> Response | None:
        asked = Headers(scope=scope)
        if scope["path"] == "/":
            wanted = INTERFACE_PATH if "text/html" in asked.get("accept", "") else DOCS_PATH
            return RedirectResponse(f"{path_prefix(scope)}{wanted}/", headers={"Vary": "Accept"})
        if scope["path"] != DOCUMENT_PATH:
            return None
        headers = {"ETag": f"W/{self._tag}", "Vary": "Accept"}
        if is_known(asked.get("if-none-match", ""), self._tag):
            return Response(status_code=304, headers=headers)
        # Who knows the type of its own, as STAC clients do, gets it; browsers show the other one.
        media_type = OPENAPI if OPENAPI.partition(";")[0] in asked.get("accept", "") else JSON
        return Response(self._content, headers=headers, media_type=media_type)
