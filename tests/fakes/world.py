"""A small installation: system job types, a workspace, Strike processes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

import scale_broker_host.plugin
import scale_errors_builtin.plugin
import scale_metrics_builtin.plugin
import scale_trigger_clock.plugin
import scale_trigger_ingest.plugin
from fakes.databases import database_url, new_database
from scale_core.db.models import (
    Error,
    Ingest,
    Job,
    JobExecution,
    JobType,
    JobTypeRevision,
    ScaleFile,
    Scheduler,
    Strike,
    TriggerEvent,
    TriggerRule,
    Workspace,
)
from scale_core.plugin.registry import load_registry
from scale_core.services.context import Context
from scale_core.services.facts import JobTypeFacts
from scale_core.services.new_jobs import NewJob, queue_new_jobs
from scale_core.services.system_jobs import create_system_job
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary
from scale_generated.specs.job_data import JobData

SYSTEM_TYPES = {
    "scale-strike": ["strike_id"],
    "scale-scan": ["scan_id"],
    "scale-ingest": ["ingest_id"],
    "scale-clock": [],
}
PLUGINS = (
    scale_broker_host.plugin,
    scale_errors_builtin.plugin,
    scale_metrics_builtin.plugin,
    scale_trigger_clock.plugin,
    scale_trigger_ingest.plugin,
)


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 4, 12, 0, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **span: float) -> None:
        self.time += timedelta(**span)


class World:
    """An installation below ``folder``; ``incoming`` is a directory to watch.

    :param settings: further settings.
    """

    def __init__(self, folder: Path, *plugins: object, now: Any = None, **settings: Any) -> None:
        self.folder = folder
        self.database = new_database(folder)
        registry = load_registry([*PLUGINS, *plugins], entry_points=False)
        clock = {} if now is None else {"now": now}
        given = Settings(data_dir=folder, database_url=database_url(folder), grace_seconds=3.0, **settings)
        self.context = Context(self.database, registry, SpecLibrary.packaged(), given, **clock)
        self.incoming = folder / "incoming"
        self.storage = folder / "storage"
        self.incoming.mkdir()
        self._fill()

    def _fill(self) -> None:
        now = self.context.now()
        with self.database.write() as session:
            session.add(Scheduler(id=1, is_paused=False))
            for mapper in self.context.registry.error_mappers:
                for one in mapper.errors():
                    session.add(
                        Error(
                            name=one.name,
                            title=one.title,
                            description=one.description,
                            category=str(one.category),
                            is_builtin=True,
                            created=now,
                            last_modified=now,
                        )
                    )
        self.workspace("raw", self.storage)
        for name, inputs in SYSTEM_TYPES.items():
            self.job_type(name, inputs, is_system=True, is_long_running=name != "scale-ingest", version="1.0")

    def workspace(self, name: str, folder: Path | None = None) -> Path:
        """A workspace; its folder."""
        root = folder or self.folder / name
        root.mkdir()
        self.workspace_on(name, {"type": "host", "host_path": str(root)})
        return root

    def workspace_on(self, name: str, broker: Mapping[str, Any]) -> None:
        """A workspace on any storage.

        :param broker: of its configuration.
        """
        now, configuration = self.context.now(), {"version": "1.0", "broker": {**broker}}
        with self.database.write() as session:
            session.add(Workspace(name=name, json_config=configuration, created=now, last_modified=now))

    def pause(self, is_paused: bool = True) -> None:
        """Pause all scheduling, or go on: while it is paused Strike leaves every file to the queue."""
        with self.database.write() as session:
            session.get_one(Scheduler, 1).is_paused = is_paused

    def job_type(self, name: str, inputs: Any = (), **values: Any) -> int:
        """A job type with property inputs."""
        now = self.context.now()
        interface = {
            "version": "1.0",
            "command": "true",
            "command_arguments": "",
            "input_data": [{"name": one, "type": "property"} for one in inputs],
        }
        defaults = {
            "version": "1",
            "priority": 100,
            "timeout": 60,
            "max_tries": 3,
            "cpus_required": 1.0,
            "mem_required": 64.0,
            "disk_out_const_required": 0.0,
            "disk_out_mult_required": 0.0,
            "error_mapping": {"version": "1.0", "exit_codes": {}},
        }
        with self.database.write() as session:
            row = JobType(name=name, interface=interface, created=now, last_modified=now, **(defaults | values))
            session.add(row)
            session.flush()
            session.add(JobTypeRevision(job_type_id=row.id, revision_num=1, interface=interface, created=now))
            return row.id

    def job(self, job_type_id: int) -> int:
        """A queued job."""
        with self.database.write() as session:
            event = TriggerEvent(type="USER", occurred=self.context.now(), description={})
            session.add(event)
            job_type = session.get_one(JobType, job_type_id)
            session.flush()
            (job_id,) = queue_new_jobs(session, self.context, JobTypeFacts.of(job_type), [NewJob(event.id, JobData())])
            return job_id

    def complete(self, job_id: int) -> None:
        """Have a job be done."""
        with self.database.write() as session:
            session.get_one(Job, job_id).status = "COMPLETED"

    def strike(
        self,
        name: str = "s",
        directory: Path | str | None = None,
        rules: Any = None,
        suffix: str | None = "_tmp",
        **more: Any,
    ) -> int:
        """A Strike process with its queued job; by default all .txt and .png files go to ``raw``.

        :param more: of its configuration.
        """
        now = self.context.now()
        configuration = {
            "version": "1.0",
            "mount": str(directory or self.incoming),
            **({} if suffix is None else {"transfer_suffix": suffix}),
            **more,
            "files_to_ingest": rules
            or [
                {
                    "filename_regex": r".*\.(txt|png)$",
                    "data_types": ["b", "a"],
                    "workspace_path": "in",
                    "workspace_name": "raw",
                }
            ],
        }
        with self.database.write() as session:
            job = create_system_job(session, self.context, "scale-strike", {}, "STRIKE_CREATED", {})
            row = Strike(name=name, configuration=configuration, job_id=job.id, created=now, last_modified=now)
            session.add(row)
            session.flush()
            job.data = {"version": "1.0", "input_data": [{"name": "strike_id", "value": str(row.id)}]}
            return row.id

    def rule(self, name: str, schedule: str) -> int:
        """A clock rule."""
        now = self.context.now()
        configuration = {"version": "1.0", "event_type": "TICK", "schedule": schedule}
        with self.database.write() as session:
            row = TriggerRule(type="CLOCK", name=name, configuration=configuration, created=now, last_modified=now)
            session.add(row)
            session.flush()
            return row.id

    def all(self, model: Any) -> list[Any]:
        """All rows of a table, by id."""
        with self.database.read() as session:
            return list(session.scalars(select(model).order_by(model.id)))

    def ingests(self) -> dict[str, str]:
        """Status of the newest ingest by file name."""
        return {row.file_name: row.status for row in self.all(Ingest)}

    def sources(self) -> dict[str, ScaleFile]:
        """Source files by name."""
        return {row.file_name: row for row in self.all(ScaleFile)}

    def jobs(self, type_name: str) -> list[Job]:
        """Jobs of a type, by id."""
        with self.database.read() as session:
            of_type = select(Job).join(Job.job_type).where(JobType.name == type_name)
            return list(session.scalars(of_type.order_by(Job.id)))

    def executions(self, job_id: int) -> list[JobExecution]:
        """Executions of a job."""
        return [one for one in self.all(JobExecution) if one.job_id == job_id]
