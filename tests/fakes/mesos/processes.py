"""Executors that are processes, as an agent starts and follows them."""

import os
import secrets
import signal
import subprocess
import sys
import tarfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fakes.mesos.agent import FakeAgent
from fakes.mesos.agent_server import AgentServer
from fakes.mesos.amounts import messages
from fakes.mesos.faults import Fault
from fakes.mesos.framework import Stream

Message = dict[str, Any]

GRACE_SECONDS = 5.0
EXECUTOR = str(Path(sys.executable).with_name("scale-mesos-executor"))
"""Scale's own, as it is installed beside the tests."""


class Processes:
    """Makes executors for agents; each agent has its server.

    :param root: the agents' work directories.
    :param failed: is told of an executor that has ended by itself, with its wait status.
    :param framework_info: the info of a framework.
    :param register_seconds: how long an executor may take to subscribe.
    """

    def __init__(
        self,
        root: Path,
        failed: Callable[[FakeAgent, str, str, int], None],
        framework_info: Callable[[str], Message],
        register_seconds: float = 60.0,
    ) -> None:
        self.root, self.failed, self.framework_info = root, failed, framework_info
        self.register_seconds = register_seconds
        self.servers: dict[str, AgentServer] = {}
        self.made: list[ProcessExecutor] = []
        self._lock = threading.Lock()

    def serve(self, agent: FakeAgent) -> AgentServer:
        """The server of an agent, which is told where it is."""
        with self._lock:
            if agent.agent_id not in self.servers:
                server = self.servers[agent.agent_id] = AgentServer()
                agent.port = server.port
            return self.servers[agent.agent_id]

    def __call__(self, agent: FakeAgent, framework_id: str, info: Message) -> "ProcessExecutor":
        """Start an executor."""
        executor = ProcessExecutor(self, self.serve(agent), agent, framework_id, info)
        self.made.append(executor)
        executor.start()
        return executor

    def restart(self, agent: FakeAgent, away: Callable[[], None] = lambda: None) -> None:
        """End an agent and start it again; executors live on. ``away`` is called in between."""
        server = self.serve(agent)
        executors = dict(server.executors)
        for executor in executors.values():
            executor.lose_link()
        server.close()
        away()
        again = self.servers[agent.agent_id] = AgentServer(server.port)
        again.is_recovering = True
        again.executors = executors
        for executor in executors.values():
            executor.server = again
        again.is_recovering = False

    def end(self) -> None:
        """End all that there is."""
        for executor in self.made:
            executor.destroy()
        for server in self.servers.values():
            server.close()


class ProcessExecutor:
    """One executor on an agent: its sandbox, its process, and its link while it is subscribed."""

    def __init__(
        self, processes: Processes, server: AgentServer, agent: FakeAgent, framework_id: str, info: Message
    ) -> None:
        self._processes, self.server, self._agent = processes, server, agent
        self.framework_id, self.info = framework_id, info
        self.executor_id = info["executor_id"]["value"]
        self.container_id = str(uuid.uuid4())
        self.token = secrets.token_urlsafe(16)
        parts = ("slaves", agent.agent_id, "frameworks", framework_id, "executors", self.executor_id, "runs")
        self.sandbox = processes.root.joinpath(*parts, self.container_id)
        self.process: subprocess.Popen[bytes] | None = None
        self.subscriptions: list[Message] = []
        self.calls: list[Message] = []
        self.events: list[Message] = []
        self.lost_acknowledgements = 0
        self.kill_policy: Message = {}
        self._stream: Stream | None = None
        self._waiting: list[Message] = []
        self._seen: set[str] = set()
        self._is_ending = False
        self._lock = threading.RLock()

    def start(self) -> None:
        """Fetch what there is to fetch, and start the command, without a shell."""
        self.sandbox.mkdir(parents=True)
        self.server.executors[self.framework_id, self.executor_id] = self
        command = self.info["command"]
        for uri in command.get("uris", []):
            with tarfile.open(urlsplit(uri["value"]).path) as archive:
                archive.extractall(self.sandbox, filter="tar")
        assert command["shell"] is False
        with (self.sandbox / "stdout").open("wb") as out, (self.sandbox / "stderr").open("wb") as err:
            self.process = subprocess.Popen(
                command["arguments"],
                executable=command["value"],
                cwd=self.sandbox,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        threading.Thread(target=self._watch, args=(self.process,), daemon=True).start()
        self._registration = threading.Timer(self._processes.register_seconds, self._never_came)
        self._registration.daemon = True
        self._registration.start()

    def _environment(self) -> dict[str, str]:
        framework = self._processes.framework_info(self.framework_id)
        return {
            "PATH": os.environ["PATH"],
            "LIBPROCESS_IP": "127.0.0.1",
            "MESOS_FRAMEWORK_ID": self.framework_id,
            "MESOS_EXECUTOR_ID": self.executor_id,
            "MESOS_DIRECTORY": str(self.sandbox),
            "MESOS_SANDBOX": str(self.sandbox),
            "MESOS_AGENT_ENDPOINT": f"127.0.0.1:{self.server.port}",
            "MESOS_SLAVE_ID": self._agent.agent_id,
            "MESOS_SLAVE_PID": f"slave(1)@127.0.0.1:{self.server.port}",
            "MESOS_CHECKPOINT": "1" if framework.get("checkpoint") else "0",
            "MESOS_RECOVERY_TIMEOUT": "15mins",
            "MESOS_SUBSCRIPTION_BACKOFF_MAX": "200ms",
            "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": f"{GRACE_SECONDS:g}secs",
            "MESOS_HTTP_COMMAND_EXECUTOR": "0",
            "MESOS_EXECUTOR_AUTHENTICATION_TOKEN": self.token,
        }

    def launch(self, task: Message) -> None:
        """Hand it a task, once it has subscribed."""
        with self._lock:
            if self._stream is None:
                self._waiting.append(task)
            else:
                self._say("LAUNCH", {"task": task})

    def kill(self, task_id: str) -> None:
        """Ask it to end a task."""
        with self._lock:
            waiting = [task for task in self._waiting if task["task_id"]["value"] == task_id]
            if self._stream is not None:
                self._say("KILL", {"task_id": {"value": task_id}} | self.kill_policy)
            for task in waiting:
                self._waiting.remove(task)
        for _task in waiting:
            self._agent.update(
                self.framework_id,
                task_id,
                "TASK_KILLED",
                source="SOURCE_AGENT",
                reason="REASON_TASK_KILLED_DURING_LAUNCH",
                message="A kill task message was received before this task is started",
            )

    def launch_group(self, tasks: list[Message]) -> None:
        """Hand it tasks that belong together."""
        with self._lock:
            self._say("LAUNCH_GROUP", {"task_group": {"tasks": tasks}})

    def message(self, data: str) -> None:
        """Pass on what the framework says; nothing where it is not subscribed."""
        with self._lock:
            if self._stream is not None:
                self._say("MESSAGE", {"data": data})

    def shutdown(self) -> None:
        """Ask it to end, and end it."""
        with self._lock:
            self._is_ending = True
            if self._stream is not None:
                self._say("SHUTDOWN")
        timer = threading.Timer(GRACE_SECONDS, self.destroy)
        timer.daemon = True
        timer.start()

    def destroy(self) -> None:
        """Kill it, as agents do, without a word."""
        self._is_ending = True
        self.crash()

    def crash(self, number: int = signal.SIGKILL) -> None:
        """It is killed by somebody."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait()

    def lose_link(self) -> None:
        """The agent is gone."""
        with self._lock:
            if self._stream is not None:
                self._stream.end()
                self._stream = None

    def subscribe(self, subscription: Message) -> Stream:
        """Take it in, or again; what it tells that it may not have told comes first."""
        stream = Stream()
        with self._lock:
            self._registration.cancel()
            self.lose_link()
            is_again = bool(self.subscriptions)
            self.subscriptions.append(subscription)
            self._stream = stream
            self._say("SUBSCRIBED", self._subscribed())
        for update in subscription.get("unacknowledged_updates", []):
            self._take(update["status"])
        if is_again:
            self._drop_lost(subscription)
        with self._lock:
            if self._stream is stream:
                for task in self._waiting:
                    self._say("LAUNCH", {"task": task})
                self._waiting.clear()
        return stream

    def unsubscribe(self, stream: Stream) -> None:
        """Its connection is gone."""
        with self._lock:
            if self._stream is stream:
                self._stream = None

    def call(self, call: Message) -> None:
        """Any call but SUBSCRIBE.

        :raises Fault: it is not subscribed.
        """
        with self._lock:
            if self._stream is None:
                raise Fault(403, "Executor is not subscribed")
            self.calls.append(call)
        if call["type"] == "UPDATE":
            self._take(call["update"]["status"])
        elif call["type"] == "MESSAGE":
            self._agent.tell_framework(self.framework_id, self.executor_id, call["message"]["data"])

    def _say(self, kind: str, content: Message | None = None) -> None:
        """Send an event, under the lock and while it is subscribed."""
        assert self._stream is not None
        self.events.append({"type": kind} | ({} if content is None else {kind.lower(): content}))
        self._stream.send(kind, content)

    def _take(self, status: Message) -> None:
        """Have an update on disk, and say so; not under the lock, for masters ask executors under theirs."""
        name = status["uuid"]
        task_id = status["task_id"]["value"]
        with self._lock:
            is_new = name not in self._seen
            self._seen.add(name)
        if is_new:
            about = {key: status[key] for key in ("data", "message", "reason", "uuid", "timestamp") if key in status}
            self._agent.update(self.framework_id, task_id, status["state"], **about)
        with self._lock:
            if self.lost_acknowledgements > 0:
                self.lost_acknowledgements -= 1
            elif self._stream is not None:
                self._say("ACKNOWLEDGED", {"task_id": {"value": task_id}, "uuid": name})

    def _drop_lost(self, subscription: Message) -> None:
        """Tasks that were sent to it and that it never got."""
        has = {task["task_id"]["value"] for task in subscription.get("unacknowledged_tasks", [])}
        has |= {task["task_id"]["value"] for task in self._waiting}
        for task_id, state in self._agent.states(self.framework_id).items():
            if state == "TASK_STAGING" and task_id not in has:
                self._agent.update(
                    self.framework_id,
                    task_id,
                    "TASK_DROPPED",
                    source="SOURCE_AGENT",
                    reason="REASON_SLAVE_RESTARTED",
                    message="Task launched during agent restart",
                )

    def _subscribed(self) -> Message:
        return {
            "executor_info": self.info,
            "framework_info": self._processes.framework_info(self.framework_id),
            "agent_info": {
                "hostname": self._agent.hostname,
                "port": self._agent.port,
                "resources": messages(self._agent.total, "*", allocated=False),
                "id": {"value": self._agent.agent_id},
            },
            "container_id": {"value": self.container_id},
        }

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        code = process.wait()
        self._registration.cancel()
        self.lose_link()
        if not self._is_ending:
            self._processes.failed(self._agent, self.framework_id, self.executor_id, -code if code < 0 else code << 8)

    def _never_came(self) -> None:
        """It did not subscribe in time: the agent ends it."""
        with self._lock:
            if self.subscriptions:
                return
        self.crash()
