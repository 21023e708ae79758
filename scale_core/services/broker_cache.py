"""Brokers that were made already: one that talks to a server takes a while to begin."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from scale_core.interfaces.broker import Broker

KEEP_SECONDS: Final = 60.0
"""For how long a broker is kept that nobody asks for."""


class BrokerCache:
    """The brokers of one process, by their configuration. Who gets one does not close it, since others may be using it:
    it ends, with what it keeps between calls, when it is kept here no longer and the last who uses it is done.

    :param monotonic: a clock, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: dict[bytes, tuple[Broker, float]] = {}
        """With when each was last asked for, longest ago first."""
        self._timer: threading.Timer | None = None

    def get(self, configuration: Mapping[str, Any], make: Callable[[], Broker]) -> Broker:
        """The broker of a workspace with this configuration; made if it has to be. Those that nobody asked for lately
        are let go."""
        key = orjson.dumps(configuration, option=orjson.OPT_SORT_KEYS)
        with self._lock:
            broker = self._kept.pop(key)[0] if key in self._kept else make()
            self._kept[key] = (broker, self._monotonic())
            self._tidy()
            return broker

    def _tidy(self) -> None:
        """Let go of what nobody asked for lately, and look again when there may be more."""
        oldest = self._monotonic() - KEEP_SECONDS
        for key in [key for key, (_broker, asked) in self._kept.items() if asked <= oldest]:
            del self._kept[key]
        if self._kept and self._timer is None:
            self._timer = threading.Timer(KEEP_SECONDS, self._look_again)
            self._timer.daemon = True
            self._timer.start()

    def _look_again(self) -> None:
        with self._lock:
            self._timer = None
            self._tidy()
