"""The HTTP of a master."""

import json
import ssl
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

from fakes.mesos.amounts import messages, owners, shares
from fakes.mesos.faults import Fault, read_call
from fakes.mesos.framework import Stream
from fakes.mesos.http import MesosHandler
from fakes.mesos.master import FakeMaster


class MasterServer(ThreadingHTTPServer):
    """Answers for a master at an address of its own.

    :param master: who leads now, and where; None: this one does not answer.
    """

    daemon_threads = True
    request_queue_size = 50

    def __init__(
        self,
        leader: Callable[[], FakeMaster],
        credential: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.leader, self.credential = leader, credential
        self.streams: list[Stream] = []
        self.is_slow = 0.0
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away."""


class _Handler(MesosHandler):
    server: MasterServer

    def handle_call(self, method: str, body: bytes) -> None:
        """Answer one request."""
        leader = self.server.leader()
        try:
            if self.path == "/version":
                self.answer(200, json.dumps({"version": leader.release}).encode(), "application/json")
            elif leader.address != self.server.address:
                raise Fault(307, "", (("Location", f"//{leader.address}{self.path}"),))
            elif self.path == "/slaves" and method == "GET":
                self._old_agents(leader)
            elif self.path == "/api/v1" and not leader.release.startswith("0."):
                self._operate(leader, method, body)
            elif self.path == "/api/v1/scheduler":
                self._schedule(leader, method, body)
            else:
                raise Fault(404, "")
        except Fault as fault:
            self.answer(fault.status, fault.message.encode(), "text/plain; charset=utf-8", fault.headers)

    def _schedule(self, leader: FakeMaster, method: str, body: bytes) -> None:
        call = read_call(method, dict(self.headers.items()), body, self.server.credential)
        if call["type"] == "SUBSCRIBE":
            self._stream(leader, leader.subscribe(call))
            return
        leader.call(call, self.headers.get("Mesos-Stream-Id"))
        self.answer(202, b"", None)

    def _operate(self, leader: FakeMaster, method: str, body: bytes) -> None:
        call = json.loads(body)
        if call.get("type") != "GET_AGENTS":
            raise Fault(501, "")
        with leader.lock:
            agents = [
                {
                    "agent_info": {
                        "hostname": one.hostname,
                        "port": one.port,
                        "resources": messages(one.total, "*", allocated=False),
                        "id": {"value": one.agent_id},
                        "checkpoint": True,
                    },
                    "active": True,
                    "deactivated": False,
                    "version": leader.release,
                    "pid": f"slave(1)@127.0.0.1:{one.port}",
                    "total_resources": messages(one.total, "*", allocated=False),
                }
                for one in leader.agents.values()
            ]
        answer = {"type": "GET_AGENTS", "get_agents": {"agents": agents, "recovered_agents": []}}
        self.answer(200, json.dumps(answer).encode(), "application/json")

    def _old_agents(self, leader: FakeMaster) -> None:
        """As masters tell them who are older than the operator API."""
        with leader.lock:
            slaves = [
                {
                    "id": one.agent_id,
                    "hostname": one.hostname,
                    "pid": f"slave(1)@127.0.0.1:{one.port}",
                    "active": True,
                    "resources": shares(one.total, None),
                    "unreserved_resources": shares(one.total, "*"),
                    "reserved_resources": {role: shares(one.total, role) for role in owners(one.total) - {"*"}},
                }
                for one in leader.agents.values()
            ]
        self.answer(200, json.dumps({"slaves": slaves}).encode(), "application/json")

    def _stream(self, leader: FakeMaster, stream: Stream) -> None:
        self.server.streams.append(stream)
        self.stream(stream, leader.unsubscribe, (("Mesos-Stream-Id", stream.stream_id),))

    def send_chunk(self, chunk: bytes) -> None:
        """Slow servers send it in pieces."""
        if not self.server.is_slow:
            self.wfile.write(chunk)
            return
        for start in range(0, len(chunk), 1000):
            self.wfile.write(chunk[start : start + 1000])
            threading.Event().wait(self.server.is_slow)
