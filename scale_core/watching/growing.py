"""Transfers under way: files that grow in a watched directory, and the ingests that watch them."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from scale_core.watching.recorder import Recorder
from scale_core.watching.records import KnownTransfer, Transfer, WatchOrder

GROWTH_SECONDS = 1.0
"""How often the growth of one file is recorded."""

GONE_SECONDS = 1.0
"""How long a file must be away before its transfer counts as broken off: a directory that is read while a file is
renamed may show neither name."""


@dataclass(slots=True)
class _Growing:
    """A transfer under way: its ingest, the bytes that are recorded, and when (monotonic) that was."""

    ingest_id: int
    size: int
    recorded: float
    away_since: float | None = None


class GrowingFiles:
    """Records transfers, their growth and their breaking off. Paths are those, below the directory, that the files have
    when they are whole."""

    def __init__(self, recorder: Recorder, order: WatchOrder, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._recorder = recorder
        self._order = order
        self._monotonic = monotonic
        self._files: dict[str, _Growing] = {}

    def __contains__(self, path: str) -> bool:
        """Whether the transfer of a file is watched."""
        return path in self._files

    def __len__(self) -> int:
        """How many transfers are watched."""
        return len(self._files)

    @property
    def are_away(self) -> bool:
        """Whether a file is gone of which it is not certain yet that it stays so."""
        return any(one.away_since is not None for one in self._files.values())

    def recover(self, final: Callable[[str], str]) -> None:
        """Go on with those that an earlier process recorded.

        :param final: gives the path of a file when it is whole by where it is copied to.
        """
        now = self._monotonic()
        known: Iterable[KnownTransfer] = self._recorder.under_way(self._order.strike_id)
        self._files = {final(one.path): _Growing(one.ingest_id, one.size, now) for one in known}

    def ingest_of(self, path: str) -> int | None:
        """The ingest that watches the transfer of a file; None: none does."""
        found = self._files.get(path)
        return None if found is None else found.ingest_id

    def ended(self, path: str) -> None:
        """Take note that a file is whole and is handed on."""
        self._files.pop(path, None)

    def saw(self, transfers: Mapping[str, Transfer]) -> None:
        """Record transfers that have begun or grown."""
        now = self._monotonic()
        changed = {path: one for path, one in sorted(transfers.items()) if self._is_news(path, one, now)}
        if not changed:
            return
        known = {one.path: self._files[path].ingest_id for path, one in changed.items() if path in self._files}
        ids = self._recorder.seen(self._order, list(changed.values()), known)
        for path, one in changed.items():
            self._files[path] = _Growing(ids[one.path], one.size, now)

    def _is_news(self, path: str, transfer: Transfer, now: float) -> bool:
        known = self._files.get(path)
        if known is None:
            return True
        known.away_since = None
        return transfer.size != known.size and now - known.recorded >= GROWTH_SECONDS

    def missed(self, there: Collection[str]) -> None:
        """Record those that were broken off.

        :param there: paths of files that were found, whole or not.
        """
        now = self._monotonic()
        gone = []
        for path, growing in self._files.items():
            if path in there:
                growing.away_since = None
            elif growing.away_since is None:
                growing.away_since = now
            elif now - growing.away_since >= GONE_SECONDS:
                gone.append(path)
        if gone:
            self._recorder.gone([self._files[path].ingest_id for path in gone])
            for path in gone:
                del self._files[path]
