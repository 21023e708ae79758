"""Taking a file into a workspace: what an execution of Scale's own type for ingests does instead of a command."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from scale_core.intake.moves import Interrupted, Mover
from scale_core.intake.orders import IngestOrder, Place, Removal
from scale_core.intake.origins import Origins
from scale_core.interfaces.broker import Broker, BrokerError, FileMissing, StorageMissing
from scale_core.runner.control import RunControl
from scale_core.runner.failures import StepFailed
from scale_core.runner.workspaces import PlanWorkspaces
from scale_generated.specs.execution_plan import ExecutionPlan, PlanIngest
from scale_generated.specs.execution_report import ReportIngest, ReportStored

TELL_SECONDS: Final = 1.0
"""How often it is told how far a move is."""

CANCELED: Final = "The execution was canceled. The file is where it was, or in its workspace: its ingest finds it."


class Intake:
    """Takes the file of a plan into its workspace. What an earlier execution of the same ingest did is found.

    :param folder: where a copy of a file may be that another workspace has.
    :param monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        plan: ExecutionPlan,
        ingest: PlanIngest,
        workspaces: PlanWorkspaces,
        folder: Path,
        control: RunControl,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._ingest = ingest
        self._workspaces = workspaces
        self._control = control
        self._monotonic = monotonic
        self._tells_at = monotonic() + TELL_SECONDS
        self._deadline = None if plan.timeout is None else monotonic() + plan.timeout
        self._origins = Origins(folder, lambda place: workspaces.broker(place.name, "input"))

    def take(self) -> ReportIngest:
        """Do it.

        :raises StepFailed: the file cannot be taken now; it is where it was, or whole in its workspace.
        """
        if self._ingest.origin is None:
            self._workspaces.work_in(str(Path(self._ingest.source).parent), "input")
        self._check_mount()
        known = self._ingest.duplicate_of
        broker = self._workspaces.broker(self._ingest.workspace, "output-storage")
        is_there = self._has(broker, known or self._ingest.path)
        if self._ingest.origin is not None:
            self._has(self._workspaces.broker(self._ingest.origin, "input"), self._ingest.source)
        mover = Mover(broker.with_progress(self._told), lambda _contents: {}, self._origins)
        try:
            if known is not None and is_there:
                return self._removed(mover)
            return self._stored(mover, is_needed=known is not None)
        except Interrupted as error:
            self._check()
            raise StepFailed("unknown", str(error)) from error

    def describe(self, done: ReportIngest) -> str:
        """What the log says of it."""
        one, stored = self._ingest, done.stored
        if stored is None:
            return f"{one.source} was a duplicate of {one.duplicate_of!r}; nothing is left of it"
        return f"{one.source} is {stored.path!r} in {one.workspace!r}: {stored.size} bytes, {stored.checksum}"

    def _removed(self, mover: Mover) -> ReportIngest:
        one = self._ingest
        stays = one.keeps_source or one.origin is not None
        removal = Removal(one.ingest_id, None if stays else one.source, one.path, Place(one.workspace, {}))
        try:
            mover.remove(removal)
        except (BrokerError, OSError) as error:
            raise StepFailed("output-storage", f"What is left of the duplicate cannot be removed: {error}") from error
        return ReportIngest(ingest_id=one.ingest_id)

    def _stored(self, mover: Mover, *, is_needed: bool) -> ReportIngest:
        moved = mover.move([_order(self._ingest)])
        for failure in moved.failed:
            self._check()
            raise StepFailed(failure.kind, failure.reason)
        (stored,) = moved.stored
        file = ReportStored(
            path=stored.path,
            size=stored.size,
            checksum=stored.checksum,
            media_type=stored.media_type,
            is_needed=is_needed,
        )
        return ReportIngest(ingest_id=self._ingest.ingest_id, stored=file)

    def _check_mount(self) -> None:
        """
        :raises StepFailed: this node lacks what is mounted where the file is.
        """
        if self._ingest.mount is None:
            return
        folder = Path(self._ingest.mount)
        try:
            is_there = folder.is_dir() and (not self._ingest.keeps_source or any(folder.iterdir()))
        except OSError as error:
            raise StepFailed("mount-missing", f"{folder} cannot be read on this node: {error.strerror}.") from error
        if not is_there:
            raise StepFailed("mount-missing", f"{folder} is not there on this node. Mount it, as on the other nodes.")

    def _has(self, broker: Broker, path: str) -> bool:
        """Whether the workspace has a file.

        :raises StepFailed: the workspace is not there on this node.
        """
        try:
            broker.stat(path)
        except FileMissing:
            return False
        except StorageMissing as error:
            raise StepFailed("mount-missing", f"On this node: {error}") from error
        except BrokerError as error:
            raise StepFailed("output-storage", str(error)) from error
        return True

    def _told(self, done: int) -> None:
        """Tell how far a move is; end one that takes too long, or is not wanted any more."""
        if self._monotonic() >= self._tells_at:
            self._control.progressed(done)
            self._tells_at = self._monotonic() + TELL_SECONDS
        try:
            self._check()
        except StepFailed as error:
            raise Interrupted(error.message) from error

    def _check(self) -> None:
        if self._control.canceled():
            raise StepFailed("canceled", CANCELED)
        if self._deadline is not None and self._monotonic() > self._deadline:
            message = f"The file was not in its workspace after {self._plan.timeout:g} seconds, the timeout of the job."
            raise StepFailed("timeout", message)


def _order(ingest: PlanIngest) -> IngestOrder:
    return IngestOrder(
        ingest_id=ingest.ingest_id,
        file_name=ingest.file_name,
        source=ingest.source,
        path=ingest.path,
        size=ingest.size,
        workspace=Place(ingest.workspace, {}),
        keeps_source=ingest.keeps_source,
        origin=None if ingest.origin is None else Place(ingest.origin, {}),
    )
