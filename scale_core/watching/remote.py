"""A recorder that is elsewhere: what a watcher on a node sees is recorded by the Scale that it asks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from scale_core.interfaces.broker import ListedFile
from scale_core.watching.asking import Asking
from scale_core.watching.messages import PAGE, Asks, portions
from scale_core.watching.records import Arrival, KnownTransfer, Refusal, Transfer, WatchOrder
from scale_generated.specs.strike import Strike
from scale_generated.specs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class GivenWorkspace:
    """A workspace that is to be watched: its id, and its configuration."""

    workspace_id: int
    configuration: Workspace


@dataclass(frozen=True, slots=True)
class GivenOrder:
    """What to watch, whether that directory was watched before, and the workspace, where that is to be watched."""

    order: WatchOrder
    is_known: bool
    workspace: GivenWorkspace | None = None


class RemoteRecorder:
    """A :class:`~scale_core.watching.recorder.Recorder`. All methods raise what :meth:`Asking.ask` raises."""

    def __init__(self, asking: Asking, strike_id: int) -> None:
        self._asking = asking
        self._strike_id = strike_id

    def order(self) -> GivenOrder:
        """What to watch."""
        given = self._asking.ask(Asks.ORDER)
        configuration = Strike.from_document(given["configuration"])
        order = WatchOrder(self._strike_id, given["name"], configuration, self._asking.revision)
        workspace = None
        if given["workspace"] is not None:
            workspace_id, document = given["workspace"]
            workspace = GivenWorkspace(workspace_id, Workspace.from_document(document))
        return GivenOrder(order, given["is_known"], workspace)

    def note(self, message: str | None, *, is_trouble: bool) -> None:
        """Show what the watcher is at; as :meth:`TransferService.note`."""
        self._asking.ask(Asks.NOTE, [message, is_trouble])

    def watches(self, order: WatchOrder) -> None:
        """As a recorder does."""
        self._asking.ask(Asks.WATCHES, order.configuration.mount)

    def under_way(self, strike_id: int) -> list[KnownTransfer]:
        """As a recorder does."""
        found: list[KnownTransfer] = []
        while True:
            page = self._asking.ask(Asks.UNDER_WAY, found[-1].ingest_id if found else 0)
            found += [KnownTransfer(*one) for one in page]
            if len(page) < PAGE:
                return found

    def names_being_ingested(self, strike_id: int, names: Collection[str]) -> set[str]:
        """As a recorder does."""
        groups = portions(list(names))
        return {name for some in groups for name in self._asking.ask(Asks.NAMES_BEING_INGESTED, some)}

    def unrecorded(self, paths: Mapping[str, str]) -> set[str]:
        """As a recorder does."""
        groups = portions(list(paths.items()))
        return {name for some in groups for name in self._asking.ask(Asks.UNRECORDED, some)}

    def seen(self, order: WatchOrder, transfers: Sequence[Transfer], known: Mapping[str, int]) -> dict[str, int]:
        """As a recorder does."""
        facts = [(one.file_name, one.path, one.size, known.get(one.path)) for one in transfers]
        return {path: one for some in portions(facts) for path, one in self._asking.ask(Asks.SEEN, some)}

    def gone(self, ingest_ids: Sequence[int]) -> None:
        """As a recorder does."""
        for some in portions(ingest_ids):
            self._asking.ask(Asks.GONE, some)

    def refused(self, order: WatchOrder, refusals: Sequence[Refusal]) -> None:
        """As a recorder does."""
        for some in portions(refusals):
            self._asking.ask(Asks.REFUSED, some)

    def arrived(self, order: WatchOrder, arrivals: Sequence[Arrival]) -> None:
        """As a recorder does."""
        for some in portions(arrivals):
            self._asking.ask(Asks.ARRIVED, some)

    def release(self, order: WatchOrder) -> int:
        """As a recorder does."""
        released: int = self._asking.ask(Asks.RELEASE)
        return released


class RemoteWatchedFiles:
    """:class:`~scale_core.watching.recorder.WatchedFiles` that are remembered elsewhere. All methods raise what
    :meth:`Asking.ask` raises."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def news(self, files: Sequence[ListedFile]) -> list[ListedFile]:
        """Those of the files that have not been seen, or were replaced since."""
        groups = portions([(one.path, one.version) for one in files])
        new = {path for some in groups for path in self._asking.ask(Asks.NEWS, some)}
        return [one for one in files if one.path in new]

    def forget_gone(self, after: str, there: Sequence[str], last: str | None) -> None:
        """Forget files that are listed no more: a part of the list after the other, each from the last path of the one
        before it."""
        groups = list(portions(there)) or [[]]
        for some in groups[:-1]:
            self._asking.ask(Asks.LISTED, [after, some, some[-1]])
            after = some[-1]
        self._asking.ask(Asks.LISTED, [after, groups[-1], last])

    def arrived(self, order: WatchOrder, found: Sequence[tuple[ListedFile, Arrival]]) -> None:
        """Record files that are whole, and that they are seen."""
        for some in portions([tuple(one) for one in found]):
            self._asking.ask(Asks.FOUND, some)
