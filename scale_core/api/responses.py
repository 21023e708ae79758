"""What handlers return, as HTTP."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson
from starlette.responses import Response

from scale_generated.routes import Attachment, Created, Operation


def endpoint(operation: Operation, handler: Callable[..., Any]) -> Callable[..., Response]:
    """A connexion endpoint for a handler: picks its arguments, and makes its result a finished response."""

    def call(**given: Any) -> Response:
        arguments: dict[str, Any] = {name: given[name] for name in operation.path_parameters}
        if operation.query is not None:
            arguments["query"] = operation.query.from_kwargs(given)
        if operation.has_body:
            arguments["body"] = given["body"]
        return _response(operation, handler(**arguments))

    call.__name__ = operation.operation_id
    return call


def _response(operation: Operation, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    headers = {}
    if isinstance(result, Created):
        headers["Location"] = result.location
        result = result.body
    elif isinstance(result, Attachment):
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(result.file_name)}"
        result = result.body
    return Response(orjson.dumps(result), operation.success_status, headers=headers, media_type="application/json")
