"""The HTTP of an agent: the API of its executors, and the files in their sandboxes."""

import base64
import http.server
import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from fakes.mesos.executor_api import read_executor_call
from fakes.mesos.faults import Fault
from fakes.mesos.http import MesosHandler

if TYPE_CHECKING:
    from fakes.mesos.processes import ProcessExecutor

Message = dict[str, Any]

MOST_READ = 16 * os.sysconf("SC_PAGE_SIZE")
"""Bytes that an agent gives at once, however many are asked for."""


class AgentServer(http.server.ThreadingHTTPServer):
    """Answers for an agent; ``credential`` is what clients of its files have to show, ``has_v1`` whether it is as new
    as Mesos 1.0."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.executors: dict[tuple[str, str], ProcessExecutor] = {}
        self.is_recovering = False
        self.has_v1 = True
        self.files_read: list[str] = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def close(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away."""

    def executor(self, call: Message, authorization: str | None) -> "ProcessExecutor":
        """Who calls.

        :raises Fault: nobody that the agent has started.
        """
        key = (call["framework_id"]["value"], call["executor_id"]["value"])
        if key[0] not in {framework_id for framework_id, _ in self.executors}:
            raise Fault(400, "Framework cannot be found")
        if key not in self.executors:
            raise Fault(400, "Executor cannot be found")
        executor = self.executors[key]
        if authorization != f"Bearer {executor.token}":
            raise Fault(401, "", (("WWW-Authenticate", 'Bearer realm="mesos-agent-executor"'),))
        return executor

    def file(self, path: str) -> Path:
        """A file in a sandbox.

        :raises Fault: there is none.
        """
        roots = [one.sandbox.resolve() for one in self.executors.values()]
        found = Path(path).resolve()
        if not any(found.is_relative_to(root) for root in roots) or not found.is_file():
            raise Fault(404, "")
        self.files_read.append(path)
        return found


class _Handler(MesosHandler):
    server: AgentServer

    def handle_call(self, method: str, body: bytes) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        try:
            if url.path == "/api/v1/executor":
                self._execute(method, body)
            elif url.path == "/files/read" and method == "GET":
                self._read({name: values[0] for name, values in parse_qs(url.query).items()})
            elif url.path == "/api/v1" and self.server.has_v1:
                self._operate(body)
            else:
                raise Fault(404, "")
        except Fault as fault:
            self.answer(fault.status, fault.message.encode(), "text/plain; charset=utf-8", fault.headers)

    def _execute(self, method: str, body: bytes) -> None:
        if self.server.is_recovering:
            raise Fault(503, "Agent has not finished recovery")
        call = read_executor_call(method, dict(self.headers.items()), body)
        executor = self.server.executor(call, self.headers.get("Authorization"))
        if call["type"] == "SUBSCRIBE":
            self.stream(executor.subscribe(call["subscribe"]), executor.unsubscribe)
            return
        executor.call(call)
        self.answer(202, b"", None)

    def _read(self, query: dict[str, str]) -> None:
        content, offset, size = self._content(query["path"], query.get("offset"), query.get("length"))
        if int(query.get("offset", -1)) == -1:
            content, offset = b"", size
        head = json.dumps({"data": content.decode(errors="surrogateescape"), "offset": offset}, ensure_ascii=False)
        self.answer(200, head.encode(errors="surrogateescape"), "application/json")

    def _operate(self, body: bytes) -> None:
        call = json.loads(body)
        if call.get("type") != "READ_FILE":
            raise Fault(501, "")
        asked = call["read_file"]
        content, _, size = self._content(asked["path"], asked["offset"], asked.get("length"))
        answer = {"data": base64.b64encode(content).decode("ascii"), "size": size}
        self.answer(200, json.dumps({"type": "READ_FILE", "read_file": answer}).encode(), "application/json")

    def _content(self, path: str, offset: Any, length: Any) -> tuple[bytes, int, int]:
        whole = self.server.file(path).read_bytes()
        start = max(0, int(offset or 0))
        most = MOST_READ if length in (None, "", "-1", -1) else min(MOST_READ, int(length))
        return whole[start : start + most], start, len(whole)
