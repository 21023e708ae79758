"""From exception to HTTP answer: one table, RFC 9457 for clients that take JSON, text for those that ask for it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import orjson
from connexion.exceptions import BadRequestProblem, ProblemException
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from starlette.exceptions import HTTPException

from scale_core.domain.states import IllegalTransition
from scale_core.domain.times import InvalidTime
from scale_core.interfaces.broker import BrokerError, FileMissing
from scale_core.services.exceptions import Conflict, Invalid, NotFound
from scale_core.specs import InvalidDocument, Problem

log = logging.getLogger(__name__)

TITLES: Final[Mapping[int, str]] = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

STATUSES: Final[tuple[tuple[type[Exception], int], ...]] = (
    (NotFound, 404),
    (FileMissing, 404),
    (Conflict, 409),
    (IllegalTransition, 409),
    (Invalid, 400),
    (InvalidDocument, 400),
    (InvalidTime, 400),
    (BrokerError, 503),
)
"""Status of each exception that a service raises on purpose; the first that fits."""

INTERNAL: Final = "Something went wrong inside Scale; the server's log says what. Repeating the request may succeed."


def add_error_handlers(add: Callable[[Any, Any], None]) -> None:
    """Register a handler for everything that can be raised.

    :param add: connexion's ``add_error_handler``.
    """
    for kind, status in STATUSES:
        add(kind, lambda request, error, status=status: _answer(request, status, error, problems_of(error)))
    add(ProblemException, _framework_problem)
    add(HTTPException, lambda request, error: _answer(request, error.status_code, error.detail, (), error.headers))
    add(Exception, _internal_error)


def problems_of(error: Exception) -> Sequence[Problem]:
    """The single problems that an exception carries."""
    if isinstance(error, Invalid | InvalidDocument):
        return error.problems
    if isinstance(error, InvalidTime):
        return (Problem(error.parameter, error.detail),)
    return ()


def problem_body(status: int, detail: str, problems: Sequence[Problem], *, path: str, accept: str) -> tuple[bytes, str]:
    """Body and content type of an error.

    :param path: where the request went, as the client wrote it.
    :param accept: the request's ``Accept`` header.
    """
    if _wants_text(accept):
        return detail.encode(), "text/plain; charset=utf-8"
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "instance": quote(path),
    }
    if status == HTTPStatus.BAD_REQUEST and not problems:
        # It is the request as a whole.
        problems = [Problem("", detail)]
    if problems:
        document["errors"] = [{"pointer": one.pointer, "detail": one.detail} for one in problems]
    return orjson.dumps(document), "application/problem+json"


def _answer(
    request: ConnexionRequest, status: int, error: object, problems: Sequence[Problem], headers: Any = None
) -> ConnexionResponse:
    path, accept = request.url.path, request.headers.get("accept", "")
    body, content_type = problem_body(status, str(error), problems, path=path, accept=accept)
    return ConnexionResponse(status_code=status, content_type=content_type, body=body, headers=dict(headers or {}))


def _framework_problem(request: ConnexionRequest, error: ProblemException) -> ConnexionResponse:
    if error.status >= 500:
        log.error("%s %s: %s", request.method, request.url.path, error.detail)
    detail = error.detail or TITLES.get(error.status, "Error")
    if isinstance(error, BadRequestProblem) and detail == "RequestBody is required":
        detail = "The request needs a JSON body."
    return _answer(request, error.status, detail, (), error.headers)


def _internal_error(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, 500, INTERNAL, ())


def _wants_text(accept: str) -> bool:
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    takes_json = any(kind in ("", "*/*", "application/*") or "json" in kind for kind in kinds)
    return not takes_json and any(kind in ("text/plain", "text/*") for kind in kinds)
