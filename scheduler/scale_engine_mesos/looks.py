"""The thread that asks the master for what no event tells: its agents, and tasks of which nothing was heard."""

import http.client
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from scale_engine_mesos.calls import Calls
from scale_engine_mesos.cluster import Cluster
from scale_engine_mesos.messages import task_id
from scale_engine_mesos.tasks import Tasks
from scale_engine_mesos.transport import Broken, NotConnected, Redirected, Refused

if TYPE_CHECKING:
    from scale_engine_mesos.driver import Driver

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often tasks are looked at of which nothing was heard."""

AGENTS_SECONDS = 30.0
"""How often the master is asked for its agents, besides whenever an event tells of a change."""


class Looks:
    """Asks from :meth:`start` to :meth:`stop`.

    :param changed: is called when nodes have changed.
    :param now: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        driver: "Driver",
        calls: Calls,
        cluster: Cluster,
        tasks: Tasks,
        changed: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._driver, self._calls, self._cluster, self._tasks = driver, calls, cluster, tasks
        self._changed, self._now = changed, now
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._agents_asked = float("-inf")
        self._thread = threading.Thread(target=self._work, name="mesos-looks", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """End it."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(max(timeout_seconds, 1.0))

    def wake(self) -> None:
        """Look at tasks now."""
        self._wake.set()

    def look_at_agents(self) -> None:
        """Look at agents now, too."""
        self._agents_asked = float("-inf")
        self._wake.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
            if not self._driver.following.is_linked:
                continue
            self._ask_for_tasks()
            if self._now() - self._agents_asked >= AGENTS_SECONDS:
                self._ask_for_agents()

    def _ask_for_tasks(self) -> None:
        tasks = self._tasks.to_ask()
        if not tasks:
            return
        asked = [
            {"task_id": {"value": task_id(one)}} | ({"agent_id": {"value": agent_id}} if agent_id else {})
            for one, agent_id in tasks
        ]
        self._calls.send("RECONCILE", lambda: self._driver.reconcile(asked))

    def _ask_for_agents(self) -> None:
        self._agents_asked = self._now()
        try:
            has_changed = self._cluster.set_agents(self._driver.agents())
        except (NotConnected, OSError, http.client.HTTPException, Refused, Redirected, Broken) as error:
            log.warning("The Mesos master does not tell its agents: %s", error)
            self._agents_asked = float("-inf")
        except Exception:  # this thread must outlive whatever an answer holds
            log.exception("What the Mesos master tells of its agents is not understood")
        else:
            if not self._driver.following.is_linked:  # it was lost before the answer came, and the nodes with it
                self._cluster.lose_all()
            if has_changed:
                self._changed()
