"""Asking ZooKeeper which master leads (Mesos, "High-Availability Mode").

Masters stand in line in a folder of ZooKeeper's, each with a node ``json.info_NUMBER`` that says where it is; the first
leads. pymesos' own detector gives up for good where that folder is not there yet, and has no credential.
"""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import KazooException, NoNodeError
from kazoo.retry import KazooRetry

from scale_engine_mesos.options import ZOOKEEPER

log = logging.getLogger(__name__)

IN_LINE: Final = "json.info_"
SESSION_SECONDS: Final = 10.0
"""Without a word for so long ZooKeeper forgets us; it is asked anew."""

LONGEST_PAUSE: Final = 15.0
"""Seconds between two attempts to reach it, at the most."""


class ZooKeeper:
    """Asks from :meth:`start` to :meth:`stop`.

    :param address: such as ``zk://host:2181,host:2181/mesos``, or ``zk://user:password@host:2181/mesos``.
    :param told: is called, by a thread of its own, with ``host:port`` of who leads, or None where nobody does. While
        ZooKeeper cannot be reached nothing is told: who led then leads on.
    """

    def __init__(self, address: str, told: Callable[[str | None], None]) -> None:
        match = ZOOKEEPER.fullmatch(address)
        if match is None:
            raise ValueError("No address of ZooKeeper's")
        self._told = told
        self._lock = threading.Lock()
        self._client = KazooClient(
            match["hosts"] + match["folder"].rstrip("/"),
            timeout=SESSION_SECONDS,
            auth_data=[("digest", match["credential"])] if match["credential"] else None,
            connection_retry=KazooRetry(max_tries=-1, max_delay=LONGEST_PAUSE),
        )

    def start(self) -> None:
        """Begin to ask; returns at once."""
        self._client.add_listener(self._state_changed)
        self._client.start_async()

    def stop(self) -> None:
        """Ask no more."""
        self._client.remove_listener(self._state_changed)
        self._client.stop()
        self._client.close()

    def _state_changed(self, state: str) -> None:
        """What was asked to be told of is forgotten with a session."""
        if state == KazooState.CONNECTED:
            self._client.handler.spawn(self._look)
        else:
            log.warning("No link to ZooKeeper: it is tried again")

    def _look(self, _event: Any = None) -> None:
        """Tell who leads now; called again when that changes."""
        try:
            with self._lock:
                self._told(self._leader())
        except KazooException as error:  # the link is gone: looked at again when it is back
            log.warning("ZooKeeper does not tell who leads: %s", error or type(error).__name__)

    def _leader(self) -> str | None:
        """:raises KazooException: ZooKeeper does not say."""
        while True:
            try:
                there = self._client.get_children("/", watch=self._look)
                line = sorted(one for one in there if one.startswith(IN_LINE))
                return _address(self._client.get(f"/{line[0]}")[0]) if line else None
            except NoNodeError:  # no master was ever there, or the first has just gone
                if self._client.exists("/", watch=self._look) is None:
                    return None


def _address(announced: bytes) -> str | None:
    try:
        about = json.loads(announced)["address"]
        return f"{about.get('ip') or about['hostname']}:{int(about['port'])}"
    except (KeyError, TypeError, ValueError) as error:
        log.error("What the leading master has told ZooKeeper is not understood: %r", error)
        return None
