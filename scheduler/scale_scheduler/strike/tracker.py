"""One look after the other at a watched directory: what is there, compared with what is recorded."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scale_core.domain.strike import match_file, partition_suffix
from scale_core.services.transfer_records import Arrival, KnownTransfer, Transfer, WatchOrder
from scale_core.services.transfers import TransferService
from scale_scheduler.strike.directory import Scan, WatchedDirectory, sync_folder
from scale_scheduler.strike.file_worker import FileWorker
from scale_scheduler.strike.moving import EARLIER
from scale_scheduler.strike.prompt import PromptIngests

log = logging.getLogger(__name__)

GROUP = 512
"""Files that are looked at, moved and handed on together, at most. Powers of two need the fewest statements
(:mod:`scale_core.db.bound_rows`)."""

FIRST_GROUP = 128
"""The same where nothing is under way: the steps that follow have something to do the sooner."""

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


class Tracker:
    """Compares the directory with the records, and mends the difference. Events only say when to look: one that is
    lost delays a file until the next look, and loses none."""

    def __init__(
        self,
        service: TransferService,
        order: WatchOrder,
        directory: WatchedDirectory,
        worker: FileWorker,
        prompt: PromptIngests,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._order = order
        self._directory = directory
        self._worker = worker
        self._prompt = prompt
        self._monotonic = monotonic
        self._about = {"strike_id": order.strike_id}
        self._growing: dict[str, _Growing] = {}
        self._told: dict[str, str] = {}
        self.unsettled = False
        """Whether something may need another look though nothing changes: a file that waits or grows or is away."""

    def recover(self) -> None:
        """Go on where an earlier process stopped: record files that it moved and did not come to record, and remove
        those that it ingested and did not come to remove."""
        now = self._monotonic()
        self._growing = {
            name: _Growing(known.ingest_id, known.size, now)
            for name, known in self._service.under_way(self._order.strike_id).items()
        }
        for folder in (self._directory.ingesting, self._directory.deferred):
            found = self._directory.names_in(folder)
            unrecorded = self._service.unrecorded({name: str(folder / name) for name in found})
            unrecorded -= self._prompt.forget({name: folder / name for name in unrecorded})
            arrivals = [self._arrival(name, str(folder / name), found[name]) for name in sorted(unrecorded)]
            self._record(folder, arrivals)
            self._tell_arrived(arrivals)
        if released := self._service.release(self._order):
            log.info("Strike %r: %d deferred files match a rule now", self._order.name, released, extra=self._about)

    def look(self) -> None:
        """Look at the directory once, and record what is new.

        :raises OSError: the directory cannot be read, or files in it cannot be moved.
        """
        scan = self._directory.scan()
        self._tell(scan.refused)
        transfers, whole = self._partition(scan)
        waiting = self._take(whole, transfers)
        self._record_growth(transfers)
        self._record_gone(transfers, whole)
        self.unsettled = bool(waiting or self._growing)

    def _partition(self, scan: Scan) -> tuple[dict[str, Transfer], dict[str, int]]:
        """Files that are being copied, by final name, and sizes of those that are whole."""
        transfers: dict[str, Transfer] = {}
        whole: dict[str, int] = {}
        for name, size in scan.files.items():
            final, is_copied = partition_suffix(name, self._order.configuration.transfer_suffix)
            if is_copied:
                transfers[final] = Transfer(final, str(self._directory.root / name), size)
            else:
                whole[name] = size
        return transfers, whole

    def _take(self, whole: Mapping[str, int], transfers: Mapping[str, Transfer]) -> Mapping[str, str]:
        """Move whole files out of the way and record them; why some have to wait, by name."""
        waiting: dict[str, str] = {}
        names = sorted(whole)
        while names:
            size = FIRST_GROUP if self._prompt.is_idle else GROUP
            some, names = names[:size], names[size:]
            busy = self._service.names_being_ingested(self._order.strike_id, some)
            waiting |= dict.fromkeys(busy, EARLIER)
            waiting |= self._take_some([name for name in some if name not in busy], whole, transfers)
        self._tell(waiting)
        return waiting

    def _take_some(
        self, names: list[str], whole: Mapping[str, int], transfers: Mapping[str, Transfer]
    ) -> dict[str, str]:
        matching = [name for name in names if match_file(self._order.configuration, name) is not None]
        others = sorted(set(names).difference(matching))
        waiting: dict[str, str] = {}
        for some, folder in ((matching, self._directory.ingesting), (others, self._directory.deferred)):
            coming = {
                name: self._arrival(name, f"{folder}/{name}", whole[name], is_copied_again=name in transfers)
                for name in some
            }
            # While these are planned the worker links those before.
            prompt = self._prompt.plan(coming.values()) if folder == self._directory.ingesting else {}
            taken = self._worker.move(str(self._directory.root), some, str(folder))
            self._prompt.take([prompt[name] for name in taken.names if name in prompt])
            self._record(folder, [coming[name] for name in taken.names if name not in prompt])
            self._tell_arrived([coming[name] for name in taken.names])
            waiting |= taken.waiting
            if taken.error is not None:
                raise taken.error
        return waiting

    def _arrival(self, name: str, path: str, size: int, *, is_copied_again: bool = False) -> Arrival:
        growing = None if is_copied_again else self._growing.get(name)
        return Arrival(name, f"{self._directory.root}/{name}", path, size, growing.ingest_id if growing else None)

    def _record(self, folder: Path, arrivals: Sequence[Arrival]) -> None:
        """Record files that are in ``folder`` now, and have been made to stay there."""
        if arrivals:
            sync_folder(folder)
            self._service.arrived(self._order, arrivals)

    def _tell_arrived(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            if arrival.ingest_id is not None:
                del self._growing[arrival.file_name]
            self._told.pop(arrival.file_name, None)
        if arrivals:
            log.info("Strike %r: %d files arrived", self._order.name, len(arrivals), extra=self._about)

    def _record_growth(self, transfers: Mapping[str, Transfer]) -> None:
        now = self._monotonic()
        changed = [transfer for name, transfer in sorted(transfers.items()) if self._is_news(name, transfer, now)]
        if not changed:
            return
        known = {
            one.file_name: KnownTransfer(self._growing[one.file_name].ingest_id, one.size)
            for one in changed
            if one.file_name in self._growing
        }
        ids = self._service.seen(self._order, changed, known)
        for one in changed:
            self._growing[one.file_name] = _Growing(ids[one.file_name], one.size, now)

    def _is_news(self, name: str, transfer: Transfer, now: float) -> bool:
        known = self._growing.get(name)
        if known is None:
            return True
        known.away_since = None
        return transfer.size != known.size and now - known.recorded >= GROWTH_SECONDS

    def _record_gone(self, transfers: Mapping[str, Transfer], whole: Mapping[str, int]) -> None:
        now = self._monotonic()
        gone = []
        for name, growing in self._growing.items():
            if name in transfers or name in whole:
                growing.away_since = None
            elif growing.away_since is None:
                growing.away_since = now
            elif now - growing.away_since >= GONE_SECONDS:
                gone.append(name)
        if gone:
            self._service.gone([self._growing[name].ingest_id for name in gone])
            for name in gone:
                del self._growing[name]

    def _tell(self, reasons: Mapping[str, str]) -> None:
        """Log why a file is not ingested, once."""
        for name, reason in reasons.items():
            if self._told.get(name) != reason:
                self._told[name] = reason
                log.warning(
                    "Strike %r: %r is not ingested: %s",
                    self._order.name,
                    name,
                    reason,
                    extra={**self._about, "file_name": name},
                )
