"""Reads the exchanges recorded from a real master."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "recorded" / "scheduler-api.txt"
CHUNK = re.compile(r"\[chunk of \d+ bytes\] (\d+)\\n(.*)")
REPLACED = ((r"O\d+", "O"), (r"127\.0\.0\.1:\d+", "master:port"))


@dataclass
class Exchange:
    """A request and its answer; ``events`` where that is a stream."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def call(self) -> dict[str, Any]:
        """The request's body."""
        call: dict[str, Any] = json.loads(self.body)
        return call


def exchanges() -> list[list[Exchange]]:
    """All, by connection."""
    text = FILE.read_text(encoding="utf-8")
    return [_connection(part) for part in re.split(r"^==== connection.*\n", text, flags=re.MULTILINE) if part]


def subscription(name: str) -> tuple[Exchange, list[Exchange]]:
    """The subscription of the framework of that name, and the calls that follow it."""
    connections = exchanges()
    for number, (first, *_rest) in enumerate(connections):
        if first.events and first.call["subscribe"]["framework_info"]["name"] == name:
            return first, connections[number + 1]
    raise LookupError(name)


def _connection(text: str) -> list[Exchange]:
    found = []
    for part in re.split(r"^>>>>\n", text, flags=re.MULTILINE)[1:]:
        request, _, answer = part.partition("\n<<<<\n")
        head, _, body = request.partition("\n\n")
        line, *headers = head.splitlines()
        method, path, _version = line.split(" ")
        exchange = Exchange(method, path, _headers(headers), body.strip("\n"))
        head, _, rest = answer.partition("\n\n")
        line, *headers = head.splitlines()
        exchange.status, exchange.answer_headers = int(line.split(" ")[1]), _headers(headers)
        exchange.events = [json.loads(one[2]) for one in CHUNK.finditer(rest)]
        exchange.answer = "" if exchange.events else rest.strip("\n")
        found.append(exchange)
    return found


def _headers(lines: list[str]) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def same(event: Any, master_id: str) -> Any:
    """An event without what differs from run to run: ids that masters and agents make up, and times."""
    text = json.dumps(event, sort_keys=True).replace(master_id, "MASTER")
    for pattern, replacement in REPLACED:
        text = re.sub(pattern, replacement, text)
    return _cleared(json.loads(text))


def _cleared(value: Any) -> Any:
    if isinstance(value, list):
        return [_cleared(one) for one in value]
    if not isinstance(value, dict):
        return value
    made_up = {"timestamp", "uuid", "executor_pid", "port"}
    cleared = {key: "…" if key in made_up else _cleared(one) for key, one in value.items()}
    if "container_id" in cleared:
        cleared["container_id"] = "…"
    return cleared
