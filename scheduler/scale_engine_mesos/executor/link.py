"""The link to the agent: the stream of its events, and updates until it has them (Mesos, "Executor HTTP API").

Not pymesos' executor driver: that never tells a new agent what it may have missed, has no token, no TLS and no recovery
timeout, and ends its process group (decision 0038)."""

import base64
import contextlib
import http.client
import logging
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from scale_engine_mesos.executor.place import Place
from scale_engine_mesos.transport import Broken, Redirected, Refused, connect, post, records

log = logging.getLogger(__name__)

Message = dict[str, Any]

PATH: Final = "/api/v1/executor"
CALL_SECONDS: Final = 15.0
"""How long an agent may take to answer."""

FIRST_PAUSE: Final = 0.05
"""Seconds before the agent is asked again, at first."""

FAULTS: Final = (OSError, http.client.HTTPException, Refused, Redirected, Broken)


class Link:
    """May be used by any thread; :meth:`events` by one.

    :param now: seconds of a clock that never goes back.
    """

    def __init__(self, place: Place, now: Callable[[], float]) -> None:
        self._place, self._now = place, now
        self._lock = threading.RLock()
        self._tasks: dict[str, Message] = {}
        self._updates: dict[str, Message] = {}
        self._is_subscribed = False
        self.is_ended = False
        self._stream: socket.socket | None = None
        self._calls: http.client.HTTPConnection | None = None

    def events(self) -> Iterator[Message]:
        """What the agent says, over its restarts where tasks outlive those, until it is away for too long, or this
        end has had enough."""
        away_since, pause = self._now(), FIRST_PAUSE
        while self._now() - away_since <= self._place.recovery:
            was_subscribed = False
            try:
                for event in self._follow():
                    was_subscribed = True
                    yield event
                trouble = "the stream of events has ended"
            except FAULTS as error:
                trouble = str(error) or type(error).__name__
            self._leave()
            if self.is_ended:
                return
            log.warning("No link to the Mesos agent %s: %s", self._place.endpoint, trouble)
            if was_subscribed:
                if not self._place.checkpoint:
                    return
                away_since, pause = self._now(), FIRST_PAUSE
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - executors of a node should not come at once
            pause = min(pause * 2, self._place.backoff)

    def end(self) -> None:
        """Have :meth:`events` return."""
        self.is_ended = True
        self._leave()

    def has_unacknowledged(self) -> bool:
        """Whether the agent may not have heard all of what becomes of tasks."""
        with self._lock:
            return bool(self._tasks or self._updates)

    def update(self, task_id: str, state: str, **about: str) -> None:
        """Tell the state of a task, now or when the agent is there again, until it has it."""
        name = base64.b64encode(uuid.uuid4().bytes).decode("ascii")
        status = {
            "task_id": {"value": task_id},
            "state": state,
            "source": "SOURCE_EXECUTOR",
            "executor_id": {"value": self._place.executor_id},
            "timestamp": time.time(),
            "uuid": name,
        }
        with self._lock:
            self._updates[name] = {"status": status | about}
            if self._is_subscribed:
                self._send([name])

    def message(self, data: str) -> None:
        """Have something passed on to the framework, now or not at all: it is kept nowhere, and may get lost."""
        with self._lock:
            if self._is_subscribed:
                self._post([self._call("MESSAGE", {"data": data})])

    def _follow(self) -> Iterator[Message]:
        with self._lock:
            told = set(self._updates)
            call = {
                "unacknowledged_tasks": list(self._tasks.values()),
                "unacknowledged_updates": list(self._updates.values()),
            }
        stream = connect(self._place.endpoint, self._place.tls, CALL_SECONDS)
        try:
            stream.connect()
            with self._lock:
                self._stream = stream.sock
            answer = post(stream, PATH, self._call("SUBSCRIBE", call), self._credential())
            self._stream.settimeout(None)
            for event in records(answer):
                self._note(event, told)
                yield event
        finally:
            stream.close()

    def _note(self, event: Message, told: Collection[str]) -> None:
        """What an event means for the tasks and updates that the agent may not have."""
        with self._lock:
            match event.get("type"):
                case "SUBSCRIBED":
                    self._is_subscribed = True
                    self._send([name for name in self._updates if name not in told])
                case "LAUNCH":
                    task = event["launch"]["task"]
                    self._tasks[task["task_id"]["value"]] = task
                case "LAUNCH_GROUP":
                    group = event["launch_group"]["task_group"]["tasks"]
                    self._tasks |= {task["task_id"]["value"]: task for task in group}
                case "ACKNOWLEDGED":
                    self._updates.pop(event["acknowledged"]["uuid"], None)
                    self._tasks.pop(event["acknowledged"]["task_id"]["value"], None)

    def _send(self, names: Collection[str]) -> None:
        """Send updates."""
        self._post([self._call("UPDATE", self._updates[name]) for name in names])

    def _post(self, calls: Sequence[Message]) -> None:
        """Make calls on the connection that is kept for them; where that fails, the agent is asked anew and told."""
        try:
            for call in calls:
                if self._calls is None:
                    self._calls = connect(self._place.endpoint, self._place.tls, CALL_SECONDS)
                post(self._calls, PATH, call, self._credential()).read()
        except FAULTS as error:
            log.warning("The Mesos agent did not take what was told: %s", error)
            self._leave()

    def _leave(self) -> None:
        """End what there is of a link."""
        with self._lock:
            self._is_subscribed = False
            if self._calls is not None:
                self._calls.close()
                self._calls = None
            if self._stream is not None:
                with contextlib.suppress(OSError):
                    self._stream.shutdown(socket.SHUT_RDWR)
                self._stream = None

    def _call(self, kind: str, content: Message) -> Message:
        return {
            "type": kind,
            "framework_id": {"value": self._place.framework_id},
            "executor_id": {"value": self._place.executor_id},
            kind.lower(): content,
        }

    def _credential(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._place.token}"} if self._place.token else {}
