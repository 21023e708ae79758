"""Watching a directory or a workspace: what an execution of Scale's own type for Strikes does instead of a command."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from scale_core.backoff import Backoff
from scale_core.interfaces.broker import Broker, BrokerError
from scale_core.runner.control import ControlStop, RunControl
from scale_core.runner.failures import StepFailed
from scale_core.runner.workspaces import PlanWorkspaces
from scale_core.storage.mounts import mounted
from scale_core.watching.asking import Asking, WatchEnded
from scale_core.watching.bucket import BucketWatch
from scale_core.watching.bucket_loop import watch_bucket
from scale_core.watching.directory import INGESTING, WatchedDirectory
from scale_core.watching.messages import Asks
from scale_core.watching.mounts import MountMissing, WatchUnavailable, nfs_options, resolve
from scale_core.watching.recorder import NoPrompt
from scale_core.watching.records import WatchOrder
from scale_core.watching.remote import GivenOrder, GivenWorkspace, RemoteRecorder, RemoteWatchedFiles
from scale_core.watching.watch import watch_directory
from scale_generated.specs.strike import StrikeMonitor

log = logging.getLogger(__name__)

PULSE_SECONDS: Final = 3.0
"""How often Scale is asked at least: it is how a Strike process that was edited is noticed."""

SETTLE_SECONDS: Final = 120.0
"""After so long an earlier watcher, on a node that was cut off, moves nothing any more, for nobody answers it. What it
had moved and not told by then is looked for once more."""

UNREACHABLE_SECONDS: Final = 60.0
"""For how long storage that was reached before is tried again here before another node tries."""

CANCELED: Final = "The execution was canceled. Files that arrive are found by the next one."


class NodeWatch:
    """Watches the directory, or the workspace, of a Strike process on this node.

    :param brokers: gives the installed broker classes by type.
    :param storage: the installation's options of storage, by type of broker.
    :param monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        strike_id: int,
        brokers: Callable[[], Mapping[str, type[Broker]]],
        storage: Mapping[str, Mapping[str, Any]],
        control: RunControl,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._brokers = brokers
        self._storage = storage
        self._control = control
        self._monotonic = monotonic
        self._asking = Asking(control, monotonic)
        self._recorder = RemoteRecorder(self._asking, strike_id)
        self._watched = RemoteWatchedFiles(self._asking)
        self._stop = ControlStop(control)
        self._backoff = Backoff()
        self._noted: tuple[str | None, bool] | None = None
        self._settles_at: float | None = monotonic() + SETTLE_SECONDS
        self._has_reached = False
        self._fails_since: float | None = None

    def watch(self) -> str:
        """Watch until that is over; why it is.

        :raises StepFailed: it was canceled, or this node lacks the directory, or cannot reach the storage.
        """
        try:
            while not self._stop.is_set():
                self._watch_once()
        except WatchEnded as error:
            if not self._stop.is_set():
                return str(error)
        raise StepFailed("canceled", CANCELED)

    def _watch_once(self) -> None:
        """Watch until the Strike process or what is mounted there changes, or that is not possible now."""
        try:
            self._watch(self._recorder.order())
        except MountMissing as error:
            raise StepFailed("mount-missing", f"On this node: {error}") from error
        except (WatchUnavailable, BrokerError, OSError) as error:
            if isinstance(error, BrokerError) and self._is_cut_off():
                raise StepFailed("mount-missing", f"On this node: {error}") from error
            delay = self._backoff.next()
            log.warning("A Strike cannot watch: %s (next try in %g s)", error, delay)
            with suppress(WatchUnavailable):  # Scale does not answer, and was told as much
                self._note(str(error), is_trouble=True)
            self._stop.wait(delay)

    def _is_cut_off(self) -> bool:
        """Whether it is time for another node: this one has never reached the storage, or not for long."""
        now = self._monotonic()
        self._fails_since = now if self._fails_since is None else self._fails_since
        return not self._has_reached or now - self._fails_since >= UNREACHABLE_SECONDS

    def _watch(self, given: GivenOrder) -> None:
        monitor, mount = given.order.configuration.monitor, given.order.configuration.mount
        if monitor is not None and given.workspace is not None:
            self._watch_bucket(given.order, monitor, given.workspace)
        elif mount is not None:
            self._watch_directory(given, mount)

    def _watch_bucket(self, order: WatchOrder, monitor: StrikeMonitor, workspace: GivenWorkspace) -> None:
        self._settles_at = None  # nothing is moved in a bucket
        name = monitor.workspace_name
        workspaces = PlanWorkspaces(self._brokers, {name: workspace.configuration}, self._storage)
        with closing(workspaces):
            broker = workspaces.broker(name, "mount-missing")
            watch = BucketWatch(order, broker, monitor.prefix, workspace.workspace_id, self._recorder, self._watched)
            watch_bucket(watch, broker, monitor, self._stop, self.succeeded, lambda: self.is_current(order))

    def _watch_directory(self, given: GivenOrder, mount: str) -> None:
        root = resolve(mount, nfs_options(self._storage), mounted())
        if given.is_known and root.is_dir() and not (root / INGESTING).is_dir():
            raise MountMissing(
                f"{root / INGESTING} is not there, though {root} was watched before. Mount what is to be "
                f"mounted at {root}; if it was emptied, make the folder {INGESTING!r} there."
            )
        with WatchedDirectory(root, is_recursive=given.order.configuration.recursive) as directory:
            watch_directory(directory, given.order, self._recorder, self, self._stop, NoPrompt())

    def lives(self, root: Path) -> None:
        """Nobody else looks at what this node has mounted."""

    def succeeded(self) -> None:
        """Watching goes well."""
        self._has_reached, self._fails_since = True, None
        self._backoff.reset()
        self._note(None, is_trouble=True)

    def progress(self, message: str) -> None:
        """Show how far a look is."""
        self._note(message, is_trouble=False)

    def is_current(self, order: WatchOrder) -> bool:
        """Whether the Strike was not edited since, and nothing is to be looked for."""
        if self._settles_at is not None and self._monotonic() >= self._settles_at:
            self._settles_at = None
            return False
        if self._monotonic() - self._asking.heard >= PULSE_SECONDS:
            self._asking.ask(Asks.CURRENT)
        return self._asking.revision == order.revision

    def _note(self, message: str | None, *, is_trouble: bool) -> None:
        if (message, is_trouble) != self._noted:
            self._recorder.note(message, is_trouble=is_trouble)
            self._noted = (message, is_trouble)
