"""The floor beside lists: the same rows by SQL that is written already, made JSON by orjson, in a bare Starlette.

``python -m bench.bare_server DATABASE PORT``; a JSON object on standard input gives each path its statements.
"""

import json
import sqlite3
import sys
from collections.abc import Mapping
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def application(database: str, statements: Mapping[str, Mapping[str, str]]) -> Starlette:
    """Answers each path with the rows of its ``page`` and the number that its ``count`` finds."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, check_same_thread=False)

    def answer(request: Request) -> Response:
        asked = statements[request.url.path]
        rows = connection.execute(asked["page"])
        names = [one[0] for one in rows.description]
        results = [dict(zip(names, row, strict=True)) for row in rows]
        ((count,),) = connection.execute(asked["count"])
        document: dict[str, Any] = {"count": count, "next": None, "previous": None, "results": results}
        return Response(orjson.dumps(document), media_type="application/json")

    async def endpoint(request: Request) -> Response:
        return answer(request)

    return Starlette(routes=[Route(path, endpoint) for path in statements])


if __name__ == "__main__":
    given_database, port = sys.argv[1:]
    served = application(given_database, json.load(sys.stdin))
    uvicorn.run(served, port=int(port), log_level="warning", access_log=False)
