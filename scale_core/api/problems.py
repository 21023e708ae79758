"""From exception to HTTP answer: one table, RFC 9457 for clients that take JSON, text for those that ask for it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import orjson
from connexion.exceptions import BadRequestProblem, ProblemException
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from scale_core.db.troubles import is_passing, said
from scale_core.domain.states import IllegalTransition
from scale_core.domain.times import InvalidTime
from scale_core.interfaces.broker import BrokerError, FileMissing, StorageUnavailable
from scale_core.services.exceptions import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooManyAttempts,
    Unauthenticated,
    Unavailable,
)
from scale_core.specs import InvalidDocument, Problem

log = logging.getLogger(__name__)

TITLES: Final[Mapping[int, str]] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

STATUSES: Final[tuple[tuple[type[Exception], int], ...]] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (TooLarge, 413),
    (TooManyAttempts, 429),
    (NotFound, 404),
    (FileMissing, 404),
    (Conflict, 409),
    (IllegalTransition, 409),
    (Invalid, 400),
    (InvalidDocument, 400),
    (InvalidTime, 400),
    (BrokerError, 503),
    (Unavailable, 503),
)
"""Status of each exception that is raised on purpose; the first that fits."""

DATABASE_TROUBLE: Final = (
    "The database cannot be used just now. Try again in a few seconds; look first whether a change was made after all."
)
RETRY_SECONDS: Final = 2
STORAGE_RETRY_SECONDS: Final = 10

PREFIX: Final = "/v3"
"""Everything is served under it, too."""

STAC_PATH: Final = "/stac/"

INTERNAL: Final = "Something went wrong inside Scale; the server's log says what. Repeating the request may succeed."


def add_error_handlers(add: Callable[[Any, Any], None]) -> None:
    """Register a handler for everything that can be raised.

    :param add: connexion's ``add_error_handler``.
    """
    for kind, status in STATUSES:
        add(kind, partial(_refusal, status=status))
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


def headers_of(error: Exception) -> Mapping[str, str]:
    """The headers that say what to do about it."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="Scale"'}
    if isinstance(error, StorageUnavailable | Unavailable):
        return {"Retry-After": str(STORAGE_RETRY_SECONDS)}
    if isinstance(error, TooManyAttempts):
        return {"Retry-After": str(error.retry_seconds)}
    return {}


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
    if path.removeprefix(PREFIX).startswith(STAC_PATH):
        # What OGC API Features, 7.5.1, and STAC API say of errors: the same in their words.
        document |= {"code": document["title"].replace(" ", ""), "description": detail}
    if status == HTTPStatus.BAD_REQUEST and not problems:
        # It is the request as a whole.
        problems = [Problem("", detail)]
    if problems:
        document["errors"] = [{"pointer": one.pointer, "detail": one.detail} for one in problems]
    return orjson.dumps(document), "application/problem+json"


def problem_response(
    status: int,
    detail: str,
    *,
    path: str,
    accept: str,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """An error as a response, for whoever answers before connexion does."""
    body, content_type = problem_body(status, detail, problems, path=path, accept=accept)
    return Response(body, status, headers=dict(headers), media_type=content_type)


def refusal_response(error: Exception, *, path: str, accept: str) -> Response:
    """What a service raised on purpose as a response, for whoever answers before connexion does."""
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    return problem_response(
        status, str(error), path=path, accept=accept, problems=problems_of(error), headers=headers_of(error)
    )


def _refusal(request: ConnexionRequest, error: Exception, status: int) -> ConnexionResponse:
    return _answer(request, status, error, problems_of(error), headers_of(error))


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
    if is_passing(error):
        log.warning("%s %s failed: %s", request.method, request.url.path, said(error))
        return _answer(request, 503, DATABASE_TROUBLE, (), {"Retry-After": str(RETRY_SECONDS)})
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, 500, INTERNAL, ())


def _wants_text(accept: str) -> bool:
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    takes_json = any(kind in ("", "*/*", "application/*") or "json" in kind for kind in kinds)
    return not takes_json and any(kind in ("text/plain", "text/*") for kind in kinds)
