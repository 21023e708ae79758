"""The hand that somebody keeps on a running plan."""

import select
import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from scale_core.runner.failures import Kind


class FolderInUse(NamedTuple):
    """A folder that a run works in, and the kind of its failure where that does not answer."""

    folder: str
    kind: Kind


class RunControl(Protocol):
    """Tells a run that it is to end, and is told how far it is."""

    def fd(self) -> int:
        """A descriptor that can be read from when :meth:`canceled` should be asked, so that a wait ends at once."""

    def canceled(self) -> bool:
        """Whether the run is to end now."""

    def kill_grace(self) -> float:
        """Seconds between SIGTERM and SIGKILL."""

    def progressed(self, done: int) -> None:
        """Called now and then with the bytes of a file that are in its workspace."""

    def ask(self, question: bytes) -> None:
        """Ask Scale something; it may get lost."""

    def answer(self, seconds: float) -> bytes | None:
        """The next answer that comes within so many seconds; None: none does, or the run is to end."""

    def step_started(self, step: str) -> None:
        """Called as a step begins that lasts."""

    def works_in(self, folders: Sequence[FolderInUse]) -> None:
        """Called as work begins in folders of this machine that may be on mounts which hang, and with none as it ends:
        this process may be ended where one of them does not answer."""


class ControlStop:
    """A :class:`~scale_core.watching.recorder.Stop` that the hand on a run sets."""

    def __init__(self, control: RunControl) -> None:
        self._control = control
        self._poller = select.poll()
        self._poller.register(control.fd(), select.POLLIN)

    def is_set(self) -> bool:
        """Whether to end now."""
        return self._control.canceled()

    def wait(self, timeout: float) -> bool:
        """Whether to end, within so many seconds."""
        deadline = time.monotonic() + timeout
        while not self._control.canceled() and (left := deadline - time.monotonic()) > 0:
            self._poller.poll(left * 1000)
        return self._control.canceled()
