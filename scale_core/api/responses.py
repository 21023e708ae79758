"""What handlers return, as HTTP."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from scale_core.api.access import SAFE_METHODS, caller
from scale_core.api.disposition import disposition
from scale_core.services.admission import PUBLIC
from scale_core.services.context import Clock
from scale_core.services.recording import Doing, recorded
from scale_generated.routes import Accepted, Attachment, Created, Operation, WithCookies

ACCEPTED: Final = 202
NO_CONTENT: Final = 204
REDIRECT: Final = 300


def endpoint(operation: Operation, handler: Callable[..., Any], now: Clock) -> Callable[..., Response]:
    """A connexion endpoint for a handler: picks its arguments, and makes its result a finished response.

    What it changes is recorded, and who asked for it.
    """

    def call(**given: Any) -> Response:
        arguments: dict[str, Any] = {name: given[name] for name in operation.path_parameters}
        if operation.query is not None:
            arguments["query"] = operation.query.from_kwargs(given)
        if operation.has_body:
            arguments["body"] = given["body"]
        # Who comes back from signing in elsewhere follows a link, and may be new here.
        if operation.method in SAFE_METHODS and operation.role != PUBLIC:
            return _response(operation, handler(**arguments))
        with recorded(now, caller(), _doing(operation, arguments)):
            return _response(operation, handler(**arguments))

    call.__name__ = operation.operation_id
    return call


def _doing(operation: Operation, arguments: Mapping[str, Any]) -> Doing:
    """What the operation does, to what: to that which the path names (``job_type_id``), else to one of its group."""
    body = arguments.get("body")
    request = body if isinstance(body, Mapping) else None
    for name in operation.integer_path_parameters:
        return Doing(operation.operation_id, name.removesuffix("_id"), arguments[name], request)
    return Doing(operation.operation_id, operation.tag.removesuffix("s"), None, request)


def _response(operation: Operation, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    headers: list[tuple[str, str]] = []
    status = operation.success_status
    if isinstance(result, Accepted):
        status = ACCEPTED
    if isinstance(result, Created | Accepted):
        headers.append(("Location", result.location))
        result = result.body
    elif isinstance(result, Attachment):
        headers.append(("Content-Disposition", disposition("attachment", result.file_name)))
        result = result.body
    elif isinstance(result, WithCookies):
        headers += [("Set-Cookie", cookie) for cookie in result.cookies]
        if result.location is not None:
            headers.append(("Location", result.location))
        result = result.body
    if status == NO_CONTENT or status >= REDIRECT:
        response = Response(status_code=status)
    else:
        response = Response(orjson.dumps(result), status, media_type=operation.media_type)
    for name, value in headers:
        response.headers.append(name, value)
    return response
