"""What every service is given: there is no other state."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scale_core.db.database import Database
from scale_core.plugin.registry import Registry
from scale_core.services.geometries import Boundaries
from scale_core.services.telemetry import Telemetry
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's clock, as timezone-aware UTC."""
    return datetime.now(UTC)


class Wakeup:
    """Lets a thread sleep until a commit gives it something to do."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Wake whoever waits, and let it go first; called after a commit."""
        self._event.set()
        time.sleep(0)  # gives up Python's lock, which the thread that was woken would wait for, up to 5 ms

    def wait(self, timeout_seconds: float) -> bool:
        """Sleep until :meth:`set` or the timeout; whether it was woken."""
        woken = self._event.wait(timeout_seconds)
        self._event.clear()
        return woken


@dataclass(frozen=True, slots=True)
class Context:
    """Database, plugins, documents, settings, clock, counters and boundaries of countries of one running Scale.

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
