"""Paths before they are routed: the version prefix, the missing slash, ids that are none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from scale_core.api.problems import problem_body
from scale_core.specs import Problem
from scale_generated.routes import Operation

PREFIX = "/v3"
MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Template:
    pattern: re.Pattern[str]
    integers: tuple[str, ...]


class PathMiddleware:
    """Serves everything under ``/v3/`` too; answers 308 to a path without its final slash, 400 to a malformed id.

    :param operations: the operations whose paths are known.
    """

    def __init__(self, app: ASGIApp, operations: Sequence[Operation]) -> None:
        self._app = app
        paths = {operation.path: operation for operation in operations}
        self._fixed = {path for path in paths if "{" not in path}
        self._templates = [_template(operation) for path, operation in paths.items() if "{" in path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            scope = _without_prefix(scope)
            response = self._own_response(scope)
            if response is not None:
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _own_response(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        if not path.endswith("/") and self._is_known(f"{path}/"):
            query = scope["query_string"].decode("latin-1")
            location = f"{scope.get('root_path', '')}{path}/" + (f"?{query}" if query else "")
            return RedirectResponse(location, status_code=308)
        if path in self._fixed:
            return None
        for template in self._templates:
            if match := template.pattern.fullmatch(path):
                return _malformed(template, match, Headers(scope=scope).get("accept", ""))
        return None

    def _is_known(self, path: str) -> bool:
        return path in self._fixed or any(template.pattern.fullmatch(path) for template in self._templates)


def _without_prefix(scope: Scope) -> Scope:
    path: str = scope["path"]
    if not path.startswith(f"{PREFIX}/"):
        return scope
    rest = path.removeprefix(PREFIX)
    return {**scope, "path": rest, "raw_path": rest.encode(), "root_path": f"{scope.get('root_path', '')}{PREFIX}"}


def _template(operation: Operation) -> _Template:
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(operation.path))
    return _Template(re.compile(pattern), operation.integer_path_parameters)


def _malformed(template: _Template, match: re.Match[str], accept: str) -> Response | None:
    wrong = [name for name in template.integers if not _is_id(match[name])]
    if not wrong:
        return None
    detail = f"{match[wrong[0]]!r} is not an id; an id is a whole number from 1 on."
    body, content_type = problem_body(400, detail, [Problem(wrong[0], detail)], accept)
    return Response(body, 400, media_type=content_type)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text[:20]) <= MAX_ID
