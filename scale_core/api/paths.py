"""Paths before they are routed: the version prefix, the missing slash, ids and methods that are none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from scale_core.api.problems import PREFIX, STAC_PATH, problem_response
from scale_core.specs import Problem
from scale_generated.routes import Operation

MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Template:
    pattern: re.Pattern[str]
    integers: tuple[str, ...]
    methods: tuple[str, ...]


class PathMiddleware:
    """Serves everything under ``/v3/`` too; answers 308 to a path without its final slash, 400 to a malformed id, 404
    to a line break, 405 to a method that no operation of the path has. Below ``/stac/`` the slash is added: there
    clients make paths.

    :param operations: the operations whose paths are known.
    """

    def __init__(self, app: ASGIApp, operations: Sequence[Operation]) -> None:
        self._app = app
        by_path = groupby(sorted(operations, key=_path), key=_path)
        templates = {path: _template(list(group)) for path, group in by_path}
        self._fixed = {path: template for path, template in templates.items() if "{" not in path}
        self._templates = [template for path, template in templates.items() if "{" in path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            scope = self._with_slash(_without_prefix(scope))
            response = self._own_response(scope)
            if response is not None:
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _with_slash(self, scope: Scope) -> Scope:
        path = f"{scope['path']}/"
        if not path.startswith(STAC_PATH) or not self._is_known(path):
            return scope
        return {**scope, "path": path, "raw_path": path.encode()}

    def _own_response(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        if not path.endswith("/") and self._is_known(f"{path}/"):
            query = scope["query_string"].decode("latin-1")
            location = f"{scope.get('root_path', '')}{path}/" + (f"?{query}" if query else "")
            return RedirectResponse(location, status_code=308)
        template, match = self._find(path)
        if template is None:
            return None
        if scope["method"] not in template.methods:
            return _not_allowed(template, scope)
        return (_malformed(template, match, scope) or _unroutable(scope)) if match else None

    def _find(self, path: str) -> tuple[_Template | None, re.Match[str] | None]:
        if path in self._fixed:
            return self._fixed[path], None
        for template in self._templates:
            if match := template.pattern.fullmatch(path):
                return template, match
        return None, None

    def _is_known(self, path: str) -> bool:
        return self._find(path)[0] is not None


def _without_prefix(scope: Scope) -> Scope:
    path: str = scope["path"]
    if not path.startswith(f"{PREFIX}/"):
        return scope
    rest = path.removeprefix(PREFIX)
    return {**scope, "path": rest, "raw_path": rest.encode(), "root_path": f"{scope.get('root_path', '')}{PREFIX}"}


def _path(operation: Operation) -> str:
    return operation.path


def _template(operations: Sequence[Operation]) -> _Template:
    """The template of the operations of one path."""
    first = operations[0]
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(first.path))
    methods = {operation.method for operation in operations}
    return _Template(
        re.compile(pattern),
        first.integer_path_parameters,
        tuple(sorted(methods | ({"HEAD"} if "GET" in methods else set()))),
    )


def _not_allowed(template: _Template, scope: Scope) -> Response:
    allowed = ", ".join(template.methods)
    return _problem(scope, 405, f"{scope['method']} is not possible here; possible are {allowed}.", (), Allow=allowed)


def _unroutable(scope: Scope) -> Response | None:
    """The router takes a line break for an end of the path, and answers with ways that lead back."""
    if "\n" not in scope["path"]:
        return None
    return _problem(scope, 404, "There is nothing here: no name has a line break.", ())


def _malformed(template: _Template, match: re.Match[str], scope: Scope) -> Response | None:
    wrong = [name for name in template.integers if not _is_id(match[name])]
    if not wrong:
        return None
    problems = [Problem(name, f"{match[name]!r} is not an id; an id is a whole number from 1 on.") for name in wrong]
    return _problem(scope, 400, "; ".join(problem.detail for problem in problems), problems)


def _problem(scope: Scope, status: int, detail: str, problems: Sequence[Problem], **headers: str) -> Response:
    path, accept = f"{scope.get('root_path', '')}{scope['path']}", Headers(scope=scope).get("accept", "")
    return problem_response(status, detail, path=path, accept=accept, problems=problems, headers=headers)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text[:20]) <= MAX_ID
