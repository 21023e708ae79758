"""The thread that sends calls, in the order in which they were asked for: nobody waits for a master."""

import http.client
import logging
import queue
import threading
from collections.abc import Callable

from scale_engine_mesos.transport import NotConnected, Redirected, Refused

log = logging.getLogger(__name__)

Failed = Callable[[bool], None]
"""What to do where a call failed; it is told whether the call may have arrived all the same."""


class Calls:
    """Sends from :meth:`start` to :meth:`stop`."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[str, Callable[[], object], Failed | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="mesos-calls", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Send what was asked for, then end."""
        self._queue.put(None)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_seconds)

    def send(self, what: str, call: Callable[[], object], failed: Failed | None = None) -> None:
        """Have ``call`` made; returns at once.

        :param what: for the log.
        :param failed: called if it fails; else that is only logged.
        """
        self._queue.put((what, call, failed))

    def _work(self) -> None:
        while (one := self._queue.get()) is not None:
            what, call, failed = one
            may_have_arrived = False
            try:
                call()
                continue
            except NotConnected:
                log.debug("%s was not sent: there is no link to a Mesos master", what)
            except Refused as error:
                log.error("The Mesos master refused %s: %s", what, error)
            except (OSError, http.client.HTTPException, Redirected) as error:
                may_have_arrived = True
                log.warning("%s may not have reached the Mesos master: %s", what, error)
            except Exception:  # a call of ours that cannot be made must not end all others
                log.exception("%s could not be sent", what)
            if failed is not None:
                failed(may_have_arrived)
