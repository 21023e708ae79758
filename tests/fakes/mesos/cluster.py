"""Masters of which one leads, and agents."""

import ssl
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fakes.mesos.agent import RESEND_SECONDS, ExecutorMaker, FakeAgent
from fakes.mesos.amounts import Amounts
from fakes.mesos.master import FakeMaster
from fakes.mesos.processes import Processes
from fakes.mesos.server import MasterServer

TICK = 0.01


class FakeCluster:
    """A cluster from entering to leaving it.

    :param make_executor: what makes executors; a folder: executors are processes, with their sandboxes in it.
    :param allocation_interval: seconds between two rounds of offers.
    :param heartbeat: seconds between heartbeats.
    :param resend_seconds: how long agents wait for an acknowledgement at first.
    """

    def __init__(
        self,
        make_executor: ExecutorMaker | Path,
        agents: int = 1,
        total: Amounts | None = None,
        masters: int = 2,
        credential: str | None = None,
        allocation_interval: float = 0.02,
        heartbeat: float = 15.0,
        release: str = "1.12.0",
        hostname: str = "",
        tls: ssl.SSLContext | None = None,
        resend_seconds: float = RESEND_SECONDS,
    ) -> None:
        self.processes: Processes | None = None
        if isinstance(make_executor, Path):
            make_executor = self.processes = Processes(make_executor, self._executor_failed, self._framework_info)
            hostname = "127.0.0.1"
        self._total = total or {"cpus": 4_000, "mem": 4_096_000, "disk": 10_240_000}
        self._interval, self._heartbeat, self._release = allocation_interval, heartbeat, release
        self._servers = [MasterServer(lambda: self.leader, credential, tls) for _ in range(masters)]
        self._first = 0
        self.leader = FakeMaster(self._servers[0].address, heartbeat, release)
        first_id = self.leader.master_id
        self.agents = [
            FakeAgent(
                f"{first_id}-S{number}",
                hostname or f"node-{number}.example",
                5051,
                dict(self._total),
                make_executor,
                resend_seconds,
            )
            for number in range(agents)
        ]
        if self.processes is not None:
            for agent in self.agents:
                self.processes.serve(agent)
        self.beats = True
        self._stopping = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        for server in self._servers:
            server.thread.start()
        for agent in self.agents:
            self.leader.register(agent)
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._ticker.join()
        self.cut()
        for agent in self.agents:
            agent.shut_down()
        if self.processes is not None:
            self.processes.end()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def masters(self) -> str:
        """The setting ``master``."""
        return ",".join(server.address for server in self._servers)

    def cut(self) -> None:
        """End all streams, as a network does."""
        for server in self._servers:
            while server.streams:
                server.streams.pop().end()

    def slow_down(self, seconds: float) -> None:
        """Have streams come in pieces of 1,000 bytes, with a pause after each."""
        for server in self._servers:
            server.is_slow = seconds

    def fail_over(self, reregister: bool = True) -> None:
        """Elect the other master, which knows nothing yet; with ``reregister`` agents come to it at once."""
        old = self.leader
        servers = [server.address for server in self._servers]
        following = servers[(servers.index(old.address) + 1) % len(servers)]
        with old.lock:
            new = FakeMaster(following, self._heartbeat, self._release)
            new.recovering = set(old.agents)
            for agent in old.agents.values():
                agent.deliver, agent.pass_on = lambda *_given: False, lambda *_given: None
            self.leader = new
        self.cut()
        if reregister:
            self.agents_return()

    def agents_return(self) -> None:
        """All agents come to the leading master."""
        for agent in self.agents:
            self.leader.register(agent)

    def _executor_failed(self, agent: FakeAgent, framework_id: str, executor_id: str, status: int) -> None:
        self.leader.executor_failed(agent, framework_id, executor_id, status)

    def _framework_info(self, framework_id: str) -> dict[str, Any]:
        return self.leader.frameworks[framework_id].info | {"id": {"value": framework_id}}

    def _tick(self) -> None:
        allocated = beaten = time.monotonic()
        while not self._stopping.wait(TICK):
            now = time.monotonic()
            for agent in self.agents:
                agent.resend(now)
            if now - allocated >= self._interval:
                self.leader.allocate()
                allocated = now
            if self.beats and now - beaten >= min(self._heartbeat, 1.0):
                self.leader.beat()
                beaten = now
