"""Who asks: found once for each request, before its body is read, as the document says of the operation."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from connexion.context import request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from scale_core.api.counting import ROUTING
from scale_core.domain.access import Caller
from scale_core.services.admission import Admission, Shown
from scale_core.services.exceptions import Unauthenticated
from scale_generated.routes import Operation

CALLER: Final = "scale_caller"
"""Where the caller is left for those further in."""

COOKIE: Final = "scale_cookie"
"""Where the cookie of the session is."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class SessionCookie(NamedTuple):
    """The cookie of sessions: its name, and what it holds in this request, if it is there."""

    name: str
    value: str | None


class AccessMiddleware:
    """Lets only those through who may call the operation; behind the routing of connexion.

    :param schemes: ``components/securitySchemes`` of the document, which name the cookie and the header.
    """

    def __init__(
        self, app: ASGIApp, admission: Admission, operations: Sequence[Operation], schemes: Mapping[str, Any]
    ) -> None:
        self._app = app
        self._admission = admission
        self._roles = {operation.operation_id: operation.role for operation in operations}
        self._cookie = schemes["session"]["name"]
        self._csrf = schemes["csrf"]["name"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            extensions = scope.setdefault("extensions", {})
            role = self._roles.get(extensions.get(ROUTING, {}).get("operation_id"))
            # Without an operation there is nothing to protect: the answer will be that there is none.
            if role is not None:
                shown = shown_by(scope, self._cookie, self._csrf)
                extensions[CALLER] = await self._admitted(role, shown)
                extensions[COOKIE] = SessionCookie(self._cookie, shown.session)
        await self._app(scope, receive, send)

    async def _admitted(self, role: str, shown: Shown) -> Caller:
        if not self._admission.is_controlled:
            return self._admission.admit(role, shown)
        return await run_in_threadpool(self._admission.admit, role, shown)


def shown_by(scope: Scope, cookie: str, csrf: str) -> Shown:
    """What a request shows.

    :param cookie: name of the cookie of sessions.
    :param csrf: name of the header that goes with it.
    :raises Unauthenticated: it shows something of another kind.
    """
    headers = Headers(scope=scope)
    return Shown(
        token=bearer_of(headers),
        session=cookie_parser(headers.get("cookie", "")).get(cookie),
        csrf=headers.get(csrf),
        is_change=scope["method"] not in SAFE_METHODS,
    )


def bearer_of(headers: Headers) -> str | None:
    """The token in ``Authorization``; None: there is no such header.

    :raises Unauthenticated: it is no bearer token.
    """
    given = headers.get("authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The Authorization header is not understood: send `Authorization: Bearer` and a token.")
    return token.strip()


def caller() -> Caller:
    """Who makes the request that is being handled."""
    found: Caller = request.scope["extensions"][CALLER]
    return found


def session_cookie() -> SessionCookie:
    """The cookie of the session of the request that is being handled."""
    found: SessionCookie = request.scope["extensions"][COOKIE]
    return found
