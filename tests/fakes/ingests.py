"""Ingests without a scheduler: files that Strike has taken, and pools that run their tasks as new processes would."""

import threading
from collections.abc import Sequence
from pathlib import Path

from fakes.world import World
from scale_core.db.models import Ingest
from scale_core.services.executions import SystemTask
from scale_core.services.transfers import TransferService
from scale_core.watching.records import Arrival
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.ingest import IngestPool

ENDS_WITHIN_SECONDS = 120


class Ends:
    """Remembers how tasks ended."""

    def __init__(self) -> None:
        self.by_execution: dict[int, ReportFailure | None] = {}
        self._changed = threading.Condition()

    def __call__(self, ended: Sequence[tuple[int, ReportFailure | None]]) -> None:
        with self._changed:
            for execution_id, failure in ended:
                assert execution_id not in self.by_execution, "a task ended twice"
                self.by_execution[execution_id] = failure
            self._changed.notify_all()

    def wait(self, number: int) -> None:
        """Wait until so many tasks have ended."""
        with self._changed:
            ended = self._changed.wait_for(lambda: len(self.by_execution) >= number, ENDS_WITHIN_SECONDS)
            assert ended, "tasks did not end"


class Ingests:
    """Files that arrive for the Strike process ``strike_id``, and their ingests."""

    def __init__(self, world: World, strike_id: int | None = None, incoming: Path | None = None) -> None:
        self.world = world
        self.incoming = incoming or world.incoming
        self.strike_id = strike_id or world.strike()

    def arrive(self, name: str, content: bytes = b"content") -> int:
        """A file that Strike has taken; the id of its ingest."""
        service = TransferService(self.world.context)
        order = service.order(self.strike_id)
        assert order is not None
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        service.arrived(order, [Arrival(name, str(self.incoming / name), str(path), len(content))])
        newest: int = self.world.all(Ingest)[-1].id
        return newest

    def path(self, name: str) -> Path:
        """Where Strike keeps a file until it is ingested."""
        return self.incoming / "ingesting" / name

    def run(self, *ingest_ids: int) -> list[ReportFailure | None]:
        """Run their tasks in a pool of their own; how each ended."""
        ends = Ends()
        pool = IngestPool(self.world.context, ends)
        pool.submit([task(ingest_id) for ingest_id in ingest_ids])
        pool.start()
        ends.wait(len(ingest_ids))
        pool.stop(10)
        return [ends.by_execution[ingest_id] for ingest_id in ingest_ids]

    def row(self, ingest_id: int) -> Ingest:
        """An ingest."""
        with self.world.database.read() as session:
            return session.get_one(Ingest, ingest_id)

    def left(self) -> list[str]:
        """Names of files that Strike still keeps."""
        return [path.name for path in self.path("").iterdir()]

    def stored(self) -> dict[str, bytes]:
        """Files in the workspace by path."""
        files = [path for path in self.world.storage.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.world.storage)): path.read_bytes() for path in files}


def task(ingest_id: int, execution_id: int | None = None) -> SystemTask:
    """The task that ingests."""
    return SystemTask(execution_id or ingest_id, 1, "scale-ingest", {"ingest_id": str(ingest_id)})
