"""The floor beside lists: the same rows by SQL that is written already, made JSON by orjson, in a bare Starlette.

``python -m bench.bare_server PORT``; a JSON object on standard input names the database and gives each path its
statements.
"""

import json
import sqlite3
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
import psycopg2
import psycopg2.extras
import uvicorn
from sqlalchemy import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def connected(database: str) -> Any:
    """A connection of the bare driver, which hands documents over as they are stored: as text."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        return sqlite3.connect(f"file:{url.database}?mode=ro", uri=True, check_same_thread=False)
    given = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(given)
    connection.set_session(readonly=True, autocommit=True)
    psycopg2.extras.register_default_jsonb(connection, loads=str)
    return connection


def application(database: str, statements: Mapping[str, Mapping[str, str]]) -> Starlette:
    """Answers each path with the rows of its ``page`` and the number that its ``count`` finds."""
    connection = connected(database)

    def answer(request: Request) -> Response:
        asked = statements[request.url.path]
        cursor = connection.cursor()
        cursor.execute(asked["page"])
        names = [one[0] for one in cursor.description]
        results = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        cursor.execute(asked["count"])
        ((count,),) = cursor.fetchall()
        document: dict[str, Any] = {"count": int(count), "next": None, "previous": None, "results": results}
        return Response(orjson.dumps(document, _plain), media_type="application/json")

    async def endpoint(request: Request) -> Response:
        return answer(request)

    return Starlette(routes=[Route(path, endpoint) for path in statements])


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"a {type(value).__name__} in a row")


if __name__ == "__main__":
    (port,) = sys.argv[1:]
    served = application(**json.load(sys.stdin))
    uvicorn.run(served, port=int(port), log_level="warning", access_log=False)
