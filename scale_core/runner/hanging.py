"""Executions that hang in a folder which does not answer (decision 0065)."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from scale_core.runner.control import FolderInUse
from scale_core.storage.answering import Answering, longest_silence, patience
from scale_generated.specs.execution_report import ReportFailure

LOOK_SECONDS: Final = 0.5
"""How often is looked whether what may hang does."""


class Hanging(NamedTuple):
    """An execution that hangs, and how it fails by that."""

    execution_id: int
    failure: ReportFailure


class HangingFolders:
    """Finds the executions that hang. One that works in a folder for long has a process ask it, and hangs where that is
    not answered within the time after which work on NFS is given up.

    :param storage: the installation's options of storage, by type of broker.
    :param answering: tells whether folders answer.
    """

    def __init__(
        self,
        storage: Mapping[str, Mapping[str, Any]],
        answering: Answering | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience = patience(storage)
        self._answering = answering or Answering(longest_silence(storage))
        self._monotonic = monotonic
        self._in: dict[int, tuple[float, Sequence[FolderInUse]]] = {}
        """By execution, with since when; the longest first."""
        self._next = 0.0

    def works_in(self, execution_id: int, folders: Sequence[FolderInUse]) -> None:
        """Note the folders that an execution works in from now on."""
        self._in.pop(execution_id, None)
        if folders:
            self._in[execution_id] = (self._monotonic(), folders)

    def next_look(self) -> float | None:
        """When is to be looked (monotonic); None: nothing works in any folder."""
        for since, _folders in self._in.values():
            return max(since + self._patience, self._next)
        return None

    def look(self, now: float) -> list[Hanging]:
        """Those that hang."""
        self._next = now + LOOK_SECONDS
        found = []
        for execution_id, (since, folders) in self._in.items():
            if now - since < self._patience:
                break
            hanging = next((one for one in folders if self._answering.hangs(one.folder)), None)
            if hanging is not None:
                found.append(Hanging(execution_id, _failure(hanging, now - since)))
        return found

    def processes(self) -> set[int]:
        """Ids of those that ask."""
        return self._answering.processes()

    def close(self) -> None:
        """Ask nothing any more."""
        self._answering.close()


def _failure(folder: FolderInUse, seconds: float) -> ReportFailure:
    message = (
        f"The execution was ended after {seconds:.0f} s in {folder.folder}, which does not answer: the file system "
        "there hangs. Check its server and the network."
    )
    return ReportFailure(kind=folder.kind, message=message)
