"""The thread that acknowledges updates: many together, and not in the way of calls that something waits for."""

import http.client
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from scale_engine_mesos.pipeline import MOST
from scale_engine_mesos.transport import NotConnected, Refused

log = logging.getLogger(__name__)

Status = dict[str, Any]


class Acknowledging:
    """Works from :meth:`start` to :meth:`stop`. What gets lost is no matter: the agent tells again.

    :param acknowledge: sends some acknowledgements, :data:`MOST` at most.
    """

    def __init__(self, acknowledge: Callable[[Sequence[Status]], None]) -> None:
        self._acknowledge = acknowledge
        self._queue: queue.SimpleQueue[Status | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="mesos-acknowledges", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Send what was asked for, then end."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def add(self, status: Status) -> None:
        """Have an update acknowledged, if it wants that; returns at once."""
        if "uuid" in status:
            self._queue.put(status)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            group, is_last = self._group(first)
            try:
                self._acknowledge(group)
            except NotConnected:
                log.debug("%d acknowledgements were not sent: there is no link to a Mesos master", len(group))
            except Refused as error:
                log.error("The Mesos master refused ACKNOWLEDGE: %s", error)
            except (OSError, http.client.HTTPException) as error:
                log.warning("Acknowledgements may not have reached the Mesos master: %s", error)
            except Exception:  # updates that cannot be acknowledged must not end all others
                log.exception("Updates could not be acknowledged")
            if is_last:
                return

    def _group(self, first: Status) -> tuple[list[Status], bool]:
        """What waits now, and whether the end does."""
        group = [first]
        while len(group) < MOST:
            try:
                status = self._queue.get_nowait()
            except queue.Empty:
                break
            if status is None:
                return group, True
            group.append(status)
        return group, False
