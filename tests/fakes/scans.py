"""Scans without a scheduler: their tasks are run as new processes would, and those of their ingests."""

import threading
from typing import Any

from sqlalchemy import select

from fakes.ingests import Ends, task
from fakes.world import World
from scale_core.db.models import Ingest, Scan
from scale_core.services.scan_runs import ScanOrder, ScanRunService
from scale_core.services.scans import ScanService
from scale_core.services.serialization import SerializerContext
from scale_core.storage.answering import Answering
from scale_generated import models
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.ingest import IngestPool
from scale_scheduler.lookout import Lookout
from scale_scheduler.scan.task import ScanTask

URLS = SerializerContext("http://x")
TEXTS = {"filename_regex": r".*\.txt$", "data_types": ["t"], "workspace_path": "in", "workspace_name": "raw"}


class Scans:
    """Scans of a world."""

    def __init__(self, world: World, lookout: Lookout | None = None) -> None:
        self.world = world
        self.service = ScanService(world.context)
        self.lookout = lookout or Lookout(Answering())

    def create(self, *rules: Any, name: str = "archive", **configuration: Any) -> int:
        """A Scan, by default of text files in the directory ``incoming``, into the workspace ``raw``."""
        where = configuration if {"workspace", "mount"} & set(configuration) else {"mount": str(self.world.incoming)}
        document = {"version": "1.0", **where, **configuration, "files_to_ingest": list(rules) or [TEXTS]}
        return self.service.create({"name": name, "configuration": document}, URLS)["id"]

    def process(self, scan_id: int, *, ingest: bool = True) -> models.ScanDetails:
        """Queue its job, and do it."""
        details = self.service.process(scan_id, {"ingest": ingest}, URLS)
        job = details["job" if ingest else "dry_run_job"]
        assert job is not None
        self.task(scan_id, job["id"]).run(threading.Event())
        self.world.complete(job["id"])
        return self.details(scan_id)

    def begin(self, scan_id: int) -> tuple[ScanRunService, ScanOrder, int]:
        """Queue its ingest; what records it, what that is to do, and its job."""
        job = self.service.process(scan_id, {"ingest": True}, URLS)["job"]
        assert job is not None
        runs = ScanRunService(self.world.context)
        order = runs.order(scan_id, job["id"])
        assert order is not None
        return runs, order, job["id"]

    def task(self, scan_id: int, job_id: int) -> ScanTask:
        """The task of a job, in a new process."""
        return ScanTask(self.world.context, scan_id, job_id, self.lookout)

    def details(self, scan_id: int) -> models.ScanDetails:
        """What clients see of it."""
        return self.service.get(scan_id, URLS)

    def row(self, scan_id: int) -> Scan:
        """Its row."""
        with self.world.database.read() as session:
            return session.get_one(Scan, scan_id)

    def ingest(self) -> list[ReportFailure | None]:
        """Run the tasks of all ingests that wait; how each ended."""
        with self.world.database.read() as session:
            ids = list(session.scalars(select(Ingest.id).where(Ingest.status == "TRANSFERRED").order_by(Ingest.id)))
        ends = Ends()
        pool = IngestPool(self.world.context, ends)
        pool.submit([task(one) for one in ids])
        pool.start()
        ends.wait(len(ids))
        pool.stop(10)
        return [ends.by_execution[one] for one in ids]
