"""What a watcher needs of others: who records what it sees, who ingests files at once, and who tells it to stop."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from scale_core.interfaces.broker import ListedFile
from scale_core.watching.records import Arrival, KnownTransfer, Refusal, Transfer, WatchOrder
from scale_generated.specs.strike import IngestRule


class Recorder(Protocol):
    """Records for good what a watcher sees. What it raises ends the watch: its files are found by the next one."""

    def watches(self, order: WatchOrder) -> None:
        """Record that the directory is watched, and has Strike's folders."""

    def under_way(self, strike_id: int) -> Sequence[KnownTransfer]:
        """Transfers that have begun and not ended."""

    def names_being_ingested(self, strike_id: int, names: Collection[str]) -> set[str]:
        """Those of ``names`` for which an ingest of this Strike process is under way."""

    def unrecorded(self, paths: Mapping[str, str]) -> set[str]:
        """Those file names whose path (by name, in ``paths``) no ingest that waits for its file has recorded."""

    def seen(self, order: WatchOrder, transfers: Sequence[Transfer], known: Mapping[str, int]) -> dict[str, int]:
        """Record transfers that have begun or grown.

        :param known: the ingests of those of them that are recorded already, by path.
        :return: ids of their ingests, by path.
        """

    def gone(self, ingest_ids: Sequence[int]) -> None:
        """Record that files vanished before they were whole."""

    def refused(self, order: WatchOrder, refusals: Sequence[Refusal]) -> None:
        """Record files that cannot be ingested as they are, unless that was done."""

    def arrived(self, order: WatchOrder, arrivals: Sequence[Arrival]) -> None:
        """Record files that are whole, with a job for each that a rule matches."""

    def release(self, order: WatchOrder) -> int:
        """Send deferred files on that the rules match by now; how many they are."""


class WatchedFiles(Protocol):
    """Remembers for good which files of a bucket a Strike process has seen."""

    def news(self, files: Sequence[ListedFile]) -> list[ListedFile]:
        """Those of the files that have not been seen, or were replaced since."""

    def forget_gone(self, after: str, there: Sequence[str], last: str | None) -> None:
        """Forget files that are listed no more.

        :param after: the path behind which a part of the bucket was listed.
        :param there: the paths that were found, in order.
        :param last: the last of them; None: there are no more behind.
        """

    def arrived(self, order: WatchOrder, found: Sequence[tuple[ListedFile, Arrival]]) -> None:
        """Record files that are whole, as a recorder does, and that they are seen."""


class Prompt(Protocol):
    """Ingests files at once that it has planned to."""

    @property
    def is_idle(self) -> bool:
        """Whether it is doing nothing."""

    def check(self) -> None:
        """Raise what its work failed with since it was last asked, if so."""

    def plan(self, arrivals: Mapping[Arrival, IngestRule]) -> Mapping[str, Any]:
        """Those of the files that it would ingest, by name; they may be anywhere yet.

        :param arrivals: with the rule that matches each.
        """

    def take(self, files: Sequence[Any]) -> None:
        """Take over files that are planned, and are in Strike's folder now."""

    def forget(self, paths: Mapping[str, Path]) -> set[str]:
        """Remove files that are ingested already; the names of those.

        :param paths: of files that no ingest under way has, by name.
        """


class NoPrompt:
    """Ingests nothing: all files are left to the queue."""

    is_idle = False
    """It waits for no file, so that groups may be large from the first."""

    def check(self) -> None:
        """Nothing fails."""

    def plan(self, arrivals: Mapping[Arrival, IngestRule]) -> Mapping[str, Any]:
        """None."""
        return {}

    def take(self, files: Sequence[Any]) -> None:
        """There are none, for none was planned."""

    def forget(self, paths: Mapping[str, Path]) -> set[str]:
        """None."""
        return set()


class Stop(Protocol):
    """Whether to stop; a :class:`threading.Event` is one."""

    def is_set(self) -> bool:
        """Whether to stop now."""

    def wait(self, timeout: float) -> bool:
        """Whether to stop, within so many seconds."""
