"""The hand that somebody keeps on a running plan."""

from typing import Protocol


class RunControl(Protocol):
    """Tells a run that it is to end, and is told how far it is."""

    def fd(self) -> int:
        """A descriptor that can be read from when :meth:`canceled` should be asked, so that a wait ends at once."""

    def canceled(self) -> bool:
        """Whether the run is to end now."""

    def kill_grace(self) -> float:
        """Seconds between SIGTERM and SIGKILL."""

    def step_started(self, step: str) -> None:
        """Called as a step begins that lasts."""
