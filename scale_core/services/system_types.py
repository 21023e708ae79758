"""Scale's own job types. They run inside the scheduler's process, as tasks."""

from dataclasses import dataclass
from typing import Any, Final

from scale_core.db.base import Document
from scale_core.services.ingest_jobs import INGEST_INPUT, INGEST_JOB
from scale_generated.specs.error_interface import ErrorInterface
from scale_generated.specs.job_interface import InterfaceInput, JobInterface

STRIKE_JOB: Final = "scale-strike"
STRIKE_INPUT: Final = "strike_id"
SCAN_JOB: Final = "scale-scan"
SCAN_INPUT: Final = "scan_id"
CLOCK_JOB: Final = "scale-clock"
CHANGE_JOB: Final = "scale-change-jobs"
CHANGE_INPUT: Final = "change"
VERSION: Final = "1.0"
ICON: Final = "f013"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemType:
    """One of Scale's own job types.

    :param inputs: names of its property inputs.
    :param timeout: seconds; 0 is no limit.
    :param mem: MiB.
    """

    name: str
    title: str
    description: str
    inputs: tuple[str, ...] = ()
    is_long_running: bool = False
    priority: int
    timeout: int = 0
    max_scheduled: int | None = None
    max_tries: int = 0
    cpus: float
    mem: float

    def interface(self) -> Document:
        """Its job interface."""
        return JobInterface(
            command=self.name,
            command_arguments=" ".join(f"${{{name}}}" for name in self.inputs),
            input_data=tuple(InterfaceInput(name=name, type="property") for name in self.inputs),
        ).to_document()

    def values(self) -> dict[str, Any]:
        """The columns of its job type; whether it is paused is the user's."""
        return {
            "title": self.title,
            "description": self.description,
            "category": "system",
            "is_system": True,
            "is_active": True,
            "is_operational": True,
            "is_long_running": self.is_long_running,
            "icon_code": ICON,
            "priority": self.priority,
            "timeout": self.timeout,
            "max_scheduled": self.max_scheduled,
            "max_tries": self.max_tries,
            "cpus_required": self.cpus,
            "mem_required": self.mem,
            "disk_out_const_required": 0.0,
            "disk_out_mult_required": 0.0,
            "interface": self.interface(),
            "error_mapping": ErrorInterface().to_document(),
        }


SYSTEM_TYPES: Final = (
    SystemType(
        name=CLOCK_JOB,
        title="Scale Clock",
        description="Runs what clock rules ask for when it is due",
        is_long_running=True,
        priority=1,
        max_scheduled=1,
        cpus=0.01,
        mem=16.0,
    ),
    SystemType(
        name=STRIKE_JOB,
        title="Scale Strike",
        description="Watches a directory for incoming files to ingest",
        inputs=(STRIKE_INPUT,),
        is_long_running=True,
        priority=5,
        cpus=0.05,
        mem=64.0,
    ),
    SystemType(
        name=CHANGE_JOB,
        title="Scale Change Jobs",
        description="Requeues or cancels jobs that are too many for one request",
        inputs=(CHANGE_INPUT,),
        priority=5,
        max_scheduled=1,
        max_tries=3,
        cpus=0.1,
        mem=64.0,
    ),
    SystemType(
        name=SCAN_JOB,
        title="Scale Scan",
        description="Looks through files that exist, to ingest them once",
        inputs=(SCAN_INPUT,),
        priority=20,
        max_tries=3,
        cpus=0.1,
        mem=128.0,
    ),
    SystemType(
        name=INGEST_JOB,
        title="Scale Ingest",
        description="Ingests a source file into a workspace",
        inputs=(INGEST_INPUT,),
        priority=10,
        timeout=1800,
        max_tries=3,
        cpus=0.1,
        mem=64.0,
    ),
)
