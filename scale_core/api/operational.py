"""What machines that watch Scale ask: ``/-/healthy``, ``/-/ready``, ``/-/metrics``. Beside the contract (decision
0013), without a line in the log, and answered in time whatever the database does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from scale_core.addresses import is_loopback
from scale_core.api.access import bearer_of
from scale_core.api.problems import problem_response, refusal_response
from scale_core.api.single_flight import SingleFlight
from scale_core.services.admission import Admission, Shown
from scale_core.services.context import Context
from scale_core.services.exceptions import Forbidden, Unauthenticated
from scale_core.services.health import Check, Health, State
from scale_core.services.metrics import DatabaseMetrics, database_up, metrics_registry
from scale_generated.enums import Role

DEADLINE_SECONDS: Final = 2.0
"""How long the database may take to answer; Prometheus and its like give up after 10 seconds or less."""

NOT_CACHED: Final = {"Cache-Control": "no-store"}


class OperationalEndpoints:
    """Answers the paths of operators' machines, and leaves all others to ``app``.

    :param health: of this process.
    """

    def __init__(
        self,
        app: ASGIApp,
        context: Context,
        health: Health,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._app = app
        self._admission = Admission(context)
        self._health = health
        self._deadline = deadline_seconds
        self._registry = metrics_registry(context)
        self._checks = SingleFlight(health.checks, "ready")
        self._database = SingleFlight(DatabaseMetrics(context).read, "metrics")
        self._answers: Mapping[str, Callable[[Scope], Awaitable[Response]]] = {
            "/-/healthy": self._healthy,
            "/-/ready": self._ready,
            "/-/metrics": self._metrics,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        answer = self._answers.get(scope["path"]) if scope["type"] == "http" else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        if scope["method"] in ("GET", "HEAD"):
            response = await answer(scope)
        else:
            response = PlainTextResponse("Only GET is answered here.", 405, headers={"Allow": "GET, HEAD"})
        await response(scope, receive, send)

    async def _healthy(self, _scope: Scope) -> Response:
        wrong = self._health.dead_thread()
        return PlainTextResponse(wrong or "ok", 503 if wrong else 200, headers=NOT_CACHED)

    async def _ready(self, scope: Scope) -> Response:
        try:
            checks = await self._checks.result(self._deadline)
        except TimeoutError:
            checks = self._health.unanswered(self._deadline)
        if await self._refusal(scope) is not None:
            checks = [replace(check, detail="") for check in checks]
        ready = all(check.state == State.OK for check in checks)
        return Response(
            orjson.dumps({"ready": ready, "checks": {check.name: _document(check) for check in checks}}),
            200 if ready else 503,
            headers=NOT_CACHED,
            media_type="application/json",
        )

    async def _metrics(self, scope: Scope) -> Response:
        if refused := await self._refusal(scope):
            return refused
        try:
            database = await self._database.result(self._deadline)
        except TimeoutError:
            database = [database_up(False)]
        encode, content_type = choose_encoder(Headers(scope=scope).get("accept", ""))
        # Some milliseconds, which other requests need not wait for.
        content = await asyncio.to_thread(encode, Scrape(self._registry, database))
        return Response(content, headers={**NOT_CACHED, "Content-Type": content_type})

    async def _refusal(self, scope: Scope) -> Response | None:
        """Why who asks may not know what goes on here: it is not on this machine, and shows no token."""
        if not self._admission.is_controlled or is_loopback((scope.get("client") or [""])[0]):
            return None
        accept = Headers(scope=scope).get("accept", "")
        try:
            shown = Shown(token=bearer_of(Headers(scope=scope)))
            await asyncio.wait_for(asyncio.to_thread(self._admission.admit, Role.VIEWER, shown), self._deadline)
        except TimeoutError:
            unknown = "The database does not answer, and so not whether you may know this."
            return problem_response(503, unknown, path=scope["path"], accept=accept)
        except (Unauthenticated, Forbidden) as error:
            return refusal_response(error, path=scope["path"], accept=accept)
        return None


class Scrape(Collector):
    """The answer to one scrape."""

    def __init__(self, registry: Collector, database: Sequence[Metric]) -> None:
        self._registry = registry
        self._database = database

    def collect(self) -> Iterable[Metric]:
        """All families."""
        yield from self._database
        yield from self._registry.collect()


def _document(check: Check) -> dict[str, str]:
    return {"state": check.state, "detail": check.detail}
