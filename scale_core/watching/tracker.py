"""One look after the other at a watched directory: what is there, compared with what is recorded."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from scale_core.domain.file_names import escaped
from scale_core.domain.strike import match_file, partition_suffix
from scale_core.watching.directory import Entry, WatchedDirectory, sync_folder
from scale_core.watching.growing import GrowingFiles
from scale_core.watching.moving import EARLIER, Taken, take
from scale_core.watching.recorder import Prompt, Recorder
from scale_core.watching.records import Arrival, Refusal, Transfer, WatchOrder
from scale_generated.specs.strike import IngestRule

log = logging.getLogger(__name__)

Move = Callable[[str, Sequence[str], str], Taken]

GROUP = 512
"""Files that are looked at, moved and handed on together, at most. Powers of two need the fewest statements
(:mod:`scale_core.db.bound_rows`)."""

FIRST_GROUP = 128
"""The same where nothing is under way: the steps that follow have something to do the sooner."""

NANOSECONDS = 1_000_000_000

PART = 20_000
"""Files that are kept at once, at most, however many there are."""

MOST_GROWING = 10_000
"""Transfers under way that are recorded at once, at most; others are once they are whole."""


@dataclass(slots=True)
class _Look:
    """What one look has found so far; paths are below the directory.

    ``transfers``: by the path that the file will have; ``watched``: whole files whose transfer was watched; ``whole``:
    files that nothing was done with yet, with their bytes; ``refused``: the same, with the reason; then how many were
    found, were handed on and wait; ``stable_in``: in how many seconds the first of those that grow may be whole.
    """

    transfers: dict[str, Transfer] = field(default_factory=dict)
    watched: set[str] = field(default_factory=set)
    whole: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    found: int = 0
    taken: int = 0
    waiting: int = 0
    stable_in: float | None = None


class Stopped(Exception):
    """A look was broken off, for Scale ends."""


class Tracker:
    """Compares the directory with the records, and mends the difference. Events only say when to look: one that is
    lost delays a file until the next look, and loses none.

    :param move: moves files as :func:`~scale_core.watching.moving.take` does.
    :param goes_on: is told, during a look, how many files were found and were handed on; whether to go on.
    """

    def __init__(
        self,
        recorder: Recorder,
        order: WatchOrder,
        directory: WatchedDirectory,
        prompt: Prompt,
        move: Move = take,
        goes_on: Callable[[int, int], bool] = lambda _found, _taken: True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recorder = recorder
        self._order = order
        self._directory = directory
        self._above = f"{directory.root}/"
        self._move = move
        self._prompt = prompt
        self._goes_on = goes_on
        self._monotonic = monotonic
        self._about = {"strike_id": order.strike_id}
        self._growing = GrowingFiles(recorder, order, monotonic)
        self._told: set[int] = set()
        self.unsettled = False
        """Whether something may need another look though nothing changes: a file that waits or grows or is away."""
        self.due: float | None = None
        """When (monotonic) a file that grows may be whole without a change; None: none does."""

    def recover(self) -> None:
        """Go on where an earlier process stopped: record files that it moved and did not come to record, and remove
        those that it ingested and did not come to remove."""
        self._growing.recover(lambda path: self._final(path)[0])
        for folder in (self._directory.ingesting, self._directory.deferred):
            left = self._directory.left_in(folder)
            while some := {one.path: one.size for one in islice(left, PART)}:
                self._recover(folder, some)
        if released := self._recorder.release(self._order):
            log.info("Strike %r: %d deferred files match a rule now", self._order.name, released, extra=self._about)

    def _recover(self, folder: Path, found: Mapping[str, int]) -> None:
        unrecorded = self._recorder.unrecorded({name: str(folder / name) for name in found})
        unrecorded -= self._prompt.forget({name: folder / name for name in unrecorded})
        look = _Look(whole={**found})
        top, below = str(self._directory.root), str(folder)
        arrivals = {name: self._arrival(name, top, below, look) for name in sorted(unrecorded)}
        self._record(folder, list(arrivals.values()))
        self._tell_arrived(arrivals)

    def _final(self, path: str) -> tuple[str, bool]:
        """The path below the directory that a file has when it is whole, and whether its name says that it is not."""
        below = path.removeprefix(self._above)
        suffix = self._order.configuration.transfer_suffix
        if not suffix or not below.endswith(suffix):
            return below, False
        folder, slash, name = below.rpartition("/")
        final, is_copied = partition_suffix(name, suffix)
        return f"{folder}{slash}{final}", is_copied

    def look(self) -> None:
        """Look at the directory once, and record what is new. Memory is bounded however much is there.

        :raises OSError: the directory cannot be read, or files in it cannot be moved.
        :raises Stopped: it was to go on no longer.
        """
        look = _Look()
        for entry in self._entries(look):
            if entry.refusal is not None:
                look.refused[entry.path] = entry.refusal
            else:
                look.whole[entry.path] = entry.size
                if entry.path in self._growing:
                    look.watched.add(entry.path)
            if len(look.whole) + len(look.refused) >= PART:
                self._see_to(look)
        self._see_to(look)
        self._growing.saw(look.transfers)
        self._growing.missed(look.watched.union(look.transfers))
        self.unsettled = bool(look.waiting or self._are_growing())
        self.due = None if look.stable_in is None else self._monotonic() + look.stable_in

    def _are_growing(self) -> bool:
        """Whether there are transfers whose end only a look shows; what has to be stable is waited for by the clock."""
        if self._order.configuration.stable_seconds is None:
            return len(self._growing) > 0
        return self._growing.are_away

    def _entries(self, look: _Look) -> Iterator[Entry]:
        """What is in the directory, but for files that are being copied."""
        seconds = self._order.configuration.stable_seconds
        now = 0 if seconds is None else self._directory.now()
        for entry in self._directory.entries():
            look.found += 1
            path, is_copied = self._final(entry.path)
            left = 0.0 if seconds is None else seconds - (now - entry.changed) / NANOSECONDS
            if entry.refusal is not None or (not is_copied and left <= 0):
                yield entry
                continue
            if not is_copied:
                look.stable_in = min(left, left if look.stable_in is None else look.stable_in)
            if path in self._growing or len(look.transfers) < MOST_GROWING:
                name = path.rpartition("/")[2]
                look.transfers[path] = Transfer(name, f"{self._directory.root}/{entry.path}", entry.size)

    def _see_to(self, look: _Look) -> None:
        """Hand on files that are whole, and record those that are refused."""
        self._refuse(look.refused)
        paths = sorted(look.whole)
        while paths:
            size = FIRST_GROUP if self._prompt.is_idle else GROUP
            some, paths = paths[:size], paths[size:]
            self._take(some, look)
            if not self._goes_on(look.found, look.taken):
                raise Stopped
        look.whole.clear()
        look.refused.clear()

    def _take(self, paths: Sequence[str], look: _Look) -> None:
        """Move whole files out of the way and record them; those of whose name there is an earlier one wait."""
        first = {_name(path): path for path in reversed(paths)}
        busy = self._recorder.names_being_ingested(self._order.strike_id, list(first))
        ready = [path for name, path in first.items() if name not in busy]
        waiting = dict.fromkeys(set(paths).difference(ready), EARLIER)
        rules = {path: match_file(self._order.configuration, _name(path)) for path in sorted(ready)}
        matching = {path: rule for path, rule in rules.items() if rule is not None}
        waiting |= self._take_some([*matching], self._directory.ingesting, matching, look)
        others = [path for path in rules if path not in matching]
        waiting |= self._take_some(others, self._directory.deferred, {}, look)
        look.waiting += len(waiting)
        self._tell(waiting)

    def _take_some(
        self, paths: Sequence[str], folder: Path, rules: Mapping[str, IngestRule], look: _Look
    ) -> Mapping[str, str]:
        top, below = str(self._directory.root), str(folder)
        coming = {path: self._arrival(path, top, below, look) for path in paths}
        # While these are planned the worker links those before.
        prompt = self._prompt.plan({coming[path]: rule for path, rule in rules.items()})
        taken = self._move(top, paths, below)
        self._prompt.take([prompt[_name(path)] for path in taken.names if _name(path) in prompt])
        self._record(folder, [coming[path] for path in taken.names if _name(path) not in prompt])
        self._tell_arrived({path: coming[path] for path in taken.names})
        look.taken += len(taken.names)
        if taken.error is not None:
            raise taken.error
        return taken.waiting

    def _arrival(self, path: str, top: str, folder: str, look: _Look) -> Arrival:
        """What a file is that comes from the directory ``top`` into ``folder``."""
        ingest_id = None if path in look.transfers else self._growing.ingest_of(path)
        name = _name(path)
        return Arrival(name, f"{top}/{path}", f"{folder}/{name}", look.whole[path], ingest_id)

    def _record(self, folder: Path, arrivals: Sequence[Arrival]) -> None:
        """Record files that are in ``folder`` now, and have been made to stay there."""
        if arrivals:
            sync_folder(folder)
            self._recorder.arrived(self._order, arrivals)

    def _tell_arrived(self, arrivals: Mapping[str, Arrival]) -> None:
        for path, arrival in arrivals.items():
            if arrival.ingest_id is not None:
                self._growing.ended(path)
            self._told.discard(hash((path, EARLIER)))
        if arrivals:
            log.info("Strike %r: %d files arrived", self._order.name, len(arrivals), extra=self._about)

    def _refuse(self, reasons: Mapping[str, str]) -> None:
        """Record that files are not ingested as they are, and why, once."""
        new = self._tell(reasons)
        if new:
            root = self._directory.root
            self._recorder.refused(self._order, [Refusal(f"{root}/{path}", reasons[path]) for path in new])

    def _tell(self, reasons: Mapping[str, str]) -> list[str]:
        """Log why files are not ingested, once; the paths for which that is news."""
        # Only hashes are kept: there may be very many.
        news = {path: number for path, reason in reasons.items() if (number := hash((path, reason))) not in self._told}
        for path in news:
            log.warning(
                "Strike %r: '%s' is not ingested: %s",
                self._order.name,
                escaped(path),
                reasons[path],
                extra={**self._about, "file_name": escaped(_name(path))},
            )
        self._told.update(news.values())
        return list(news)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
