"""What every service is given: there is no other state."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scale_core.db.database import Database
from scale_core.plugin.registry import Registry
from scale_core.services.broker_cache import BrokerCache
from scale_core.services.geometries import Boundaries
from scale_core.services.patience import Questions
from scale_core.services.telemetry import Telemetry
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's clock, as timezone-aware UTC."""
    return datetime.now(UTC)


class Wakeup:
    """Lets a thread sleep until a commit gives it something to do; it works in rounds, from one sleep to the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._slept = threading.Event()
        self._slept.set()
        self._sleeps = False

    def set(self) -> None:
        """Wake whoever waits, and let it go first; called after a commit."""
        with self._lock:
            if self._sleeps:
                self._slept.clear()
            self._event.set()
        time.sleep(0)  # gives up Python's lock, which the thread that was woken would wait for, up to 5 ms

    def wait(self, timeout_seconds: float) -> bool:
        """Sleep until :meth:`set` or the timeout; whether it was woken."""
        with self._lock:
            self._sleeps = True
            if not self._event.is_set():
                self._slept.set()
        woken = self._event.wait(timeout_seconds)
        with self._lock:
            self._sleeps = False
            self._event.clear()
        return woken

    def give_way(self, timeout_seconds: float) -> None:
        """Wait until whoever was woken has gone round once, if it slept until then, but no longer than the timeout."""
        self._slept.wait(timeout_seconds)


@dataclass(frozen=True, slots=True)
class Context:
    """Database, plugins, documents, settings, clock, counters, boundaries and brokers of one running Scale, and what
    storages are asked by its clock.

    ``queue_changed`` is set after a commit that put executions on the queue, or freed what holds them back;
    ``strikes_changed`` after one that created, edited or canceled a Strike; ``moves_asked`` after one that wrote down
    that files are to be moved.
    """

    database: Database
    registry: Registry
    specs: SpecLibrary
    settings: Settings
    now: Clock = utc_now
    queue_changed: Wakeup = field(default_factory=Wakeup)
    strikes_changed: Wakeup = field(default_factory=Wakeup)
    moves_asked: Wakeup = field(default_factory=Wakeup)
    telemetry: Telemetry = field(default_factory=Telemetry)
    boundaries: Boundaries = field(default_factory=Boundaries)
    brokers: BrokerCache = field(default_factory=BrokerCache)
    questions: Questions = field(default_factory=Questions)
