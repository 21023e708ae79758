"""Waiting for the end of a container, and having it end."""

import contextlib
import math
import select
import signal
import time
from typing import Any, Final

import docker
from docker.errors import APIError

from scale_core.runner.containers.engine import engine_errors
from scale_core.runner.containers.output import ContainerOutput
from scale_core.runner.containers.usage import ContainerUsage
from scale_core.runner.control import RunControl
from scale_core.runner.limits import Limits
from scale_core.runner.process import FIRST_LOOK, LOOK_SHARE, Stopped, too_much_disk
from scale_core.runner.usage import DiskUse, InputFiles, disk_use

LONGEST_PAUSE: Final = 0.5
"""Seconds between two looks, each of which asks the Docker engine twice."""

SHORT_PAUSE: Final = 0.01
"""Seconds between two looks where the end is near."""

END_PAUSE: Final = 0.05
"""Seconds between two looks where a container was told to end."""

END_SECONDS: Final = 10.0
"""How long a killed container may take to end."""


class ContainerWatch:
    """Looks at a container that was started.

    :param identifier: of the container.
    :param output: takes its output; what is written beyond the limit makes it end.
    :param inputs: the files that were fetched.
    """

    def __init__(
        self,
        client: docker.APIClient,
        identifier: str,
        output: ContainerOutput,
        limits: Limits,
        inputs: InputFiles,
        control: RunControl,
    ) -> None:
        self._client = client
        self._id = identifier
        self._output = output
        self._limits = limits
        self._inputs = inputs
        self._control = control
        self.state: dict[str, Any] = {"Running": True}
        """What the Docker engine says of it."""

        self.usage = ContainerUsage()
        self.disk = DiskUse()
        self.disk_bytes = 0
        self._disk_seconds = 0.0
        self._began = int(time.time())

    def wait(self, timeout: float | None) -> Stopped | None:
        """Wait until it has ended, or is ended: after ``timeout`` seconds, by a cancel, or beyond a limit, as in
        :func:`~scale_core.runner.process.run_process`; says why we ended it, if we did. One that cannot be ended still
        runs according to ``state``.

        :raises StepFailed: the Docker engine fails.
        """
        with engine_errors():
            stopped = self._watched(math.inf if timeout is None else time.monotonic() + timeout)
            if stopped in (Stopped.TIMEOUT, Stopped.CANCEL):
                self._end(signal.SIGTERM, self._control.kill_grace())
            if not self.state["Running"]:
                self._take_rest()
            elif stopped is not None:
                self._output.cut()
                self._end(signal.SIGKILL, END_SECONDS)
            self._look_at_disk()
            return stopped or self._verdict()

    def _watched(self, deadline: float) -> Stopped | None:
        now = time.monotonic()
        pause, next_look, told = FIRST_LOOK, now + FIRST_LOOK, False
        while True:
            was_over = self._output.is_over
            if self._pumped(min(next_look, deadline)) and self._control.canceled():
                return Stopped.CANCEL
            if self._limits.log and self._output.longest > self._limits.log:
                return Stopped.LOG
            now = time.monotonic()
            if now >= deadline:
                return Stopped.TIMEOUT
            if self._output.is_over and not was_over:  # most probably it has ended
                pause, next_look = SHORT_PAUSE, now
            if now < next_look:
                continue
            broken = self._look()
            if broken is not None or not self.state["Running"]:
                return broken
            if not told:
                told = True
                self._control.step_started("job")
            pause = max(min(2 * pause, LONGEST_PAUSE), LOOK_SHARE * self._disk_seconds)
            next_look = time.monotonic() + pause

    def _pumped(self, until: float) -> bool:
        """Take output once, or wait until ``until`` (monotonic); whether something was said by who has control."""
        poller = select.poll()
        poller.register(self._control.fd(), select.POLLIN)
        if not self._output.is_over:
            poller.register(self._output.fd(), select.POLLIN)
        ready = {descriptor for descriptor, _ in poller.poll(_milliseconds(until - time.monotonic()))}
        if not self._output.is_over and self._output.fd() in ready:
            self._output.take()
        return self._control.fd() in ready

    def _take_rest(self) -> None:
        """Take what it wrote before it ended and has not come yet."""
        deadline = time.monotonic() + END_SECONDS
        while not self._output.is_over and time.monotonic() < deadline:
            if self._output_within(END_SECONDS):
                self._output.take()

    def _look(self) -> Stopped | None:
        """Look at it; says why it must end, if it must."""
        self._ask()
        if self.state["Running"]:
            self.usage.take(self._client.stats(self._id, stream=False, one_shot=True))
        self._look_at_disk()
        if self.state["Running"] and self._was_short_of_memory():
            return Stopped.MEMORY
        return too_much_disk(self.disk, self._limits)

    def _ask(self) -> None:
        self.state = self._client.inspect_container(self._id)["State"]

    def _look_at_disk(self) -> None:
        began = time.monotonic()
        self.disk = disk_use(".", self._inputs)
        self._disk_seconds = time.monotonic() - began
        self.disk_bytes = max(self.disk_bytes, self.disk.logs + self.disk.written + self._inputs.copied)

    def _end(self, number: signal.Signals, seconds: float) -> None:
        """Send a signal, and give it time to end."""
        deadline = time.monotonic() + seconds
        self._ask()
        if not self.state["Running"]:
            return
        try:
            self._client.kill(self._id, number.name)
        except APIError as error:
            if not error.is_client_error():  # else it has just ended
                raise
        while time.monotonic() < deadline:
            if self._output_within(SHORT_PAUSE if self._output.is_over else END_PAUSE):
                self._output.take()
                continue
            self._ask()
            if not self.state["Running"]:
                return

    def _output_within(self, seconds: float) -> bool:
        """Whether there is output within so many seconds."""
        if self._output.is_over:
            time.sleep(seconds)
            return False
        poller = select.poll()
        poller.register(self._output.fd(), select.POLLIN)
        return bool(poller.poll(_milliseconds(seconds)))

    def _verdict(self) -> Stopped | None:
        """Which limit it broke, if it ended by itself."""
        broken = too_much_disk(self.disk, self._limits)
        if broken is None and self.state["ExitCode"] != 0 and self._was_short_of_memory():
            return Stopped.MEMORY
        if broken is None and self.state["ExitCode"] == 128 + signal.SIGXFSZ and self._limits.disk:
            return Stopped.DISK
        return broken

    def _was_short_of_memory(self) -> bool:
        """Whether the system killed a process for want of memory: the command's, or any other of the container."""
        if not self._limits.memory:
            return False
        if self.state["OOMKilled"]:
            return True
        which = {"container": self._id, "event": "oom"}
        with contextlib.closing(self._client.events(since=self._began, until=time.time(), filters=which)) as events:
            return next(iter(events), None) is not None


def _milliseconds(seconds: float) -> float | None:
    return None if seconds == math.inf else max(0.0, seconds) * 1000
