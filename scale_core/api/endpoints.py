"""The innermost application: calls the handler of the operation that was found, with what validation read.

connexion's own would find the operation again, read and convert the query and the body again, and put decorators around
the handler for each request: more than most handlers take.
"""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from scale_core.api.counting import ROUTING
from scale_core.api.given import given

Endpoint = Callable[..., Response]


class Endpoints:
    """Behind the routing and the validation of connexion.

    :param endpoints: by id of the operation; each runs in a thread.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints
        self._lifespan = Router()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request.

        :raises HTTPException: 404, no operation has this path.
        """
        if scope["type"] != "http":
            await self._lifespan(scope, receive, send)
            return
        response = await run_in_threadpool(self._endpoint(scope), **given(scope))
        await response(scope, receive, send)

    def _endpoint(self, scope: Scope) -> Endpoint:
        found: Any = scope["extensions"].get(ROUTING, {}).get("operation_id")
        if found is None:
            raise HTTPException(404)
        return self._endpoints[found]
