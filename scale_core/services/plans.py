"""Execution plans: everything that a node needs to run an execution, and nothing else (spec: execution-plan)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.models import JobTypeRevision, ScaleFile, Workspace
from scale_core.domain.job_data import referenced_file_ids, referenced_workspace_ids
from scale_core.domain.resources import custom_of
from scale_generated.specs.execution_plan import (
    ExecutionPlan,
    PlanDocker,
    PlanFile,
    PlanInput,
    PlanJobType,
    PlanOutput,
    PlanResources,
)
from scale_generated.specs.job_data import JobData, JobDataInput
from scale_generated.specs.job_interface import InterfaceOutput, JobInterface
from scale_generated.specs.workspace import Workspace as WorkspaceConfiguration

KEPT_INTERFACES = 1000
"""Interfaces that are kept parsed, at most; a revision never changes."""


class PlanSource(NamedTuple):
    """What a plan is made from: an execution with its job and job type."""

    execution_id: int
    job_id: int
    job_status: str
    queued: datetime
    data: dict[str, Any]
    timeout: int
    cpus: float
    mem: float
    disk_in: float
    disk_out: float
    custom: dict[str, Any] | None
    job_type_rev_id: int
    job_type_name: str
    job_type_version: str
    is_system: bool
    is_long_running: bool
    docker_image: str | None
    docker_privileged: bool


class PlanBuilder:
    """Makes plans; three queries at most, however many there are."""

    def __init__(self) -> None:
        self._interfaces: dict[int, JobInterface] = {}

    def interfaces(self, session: Session, revision_ids: Collection[int]) -> Mapping[int, JobInterface]:
        """The interfaces of revisions of job types, by the revision's id."""
        missing = set(revision_ids) - self._interfaces.keys()
        if missing:
            if len(self._interfaces) > KEPT_INTERFACES:
                self._interfaces = {}
                missing = set(revision_ids)
            rows = session.execute(
                select(JobTypeRevision.id, JobTypeRevision.interface).where(JobTypeRevision.id.in_(missing))
            )
            self._interfaces |= {row.id: JobInterface.from_document(row.interface) for row in rows}
        return self._interfaces

    def build(self, session: Session, sources: Sequence[PlanSource], now: datetime) -> list[ExecutionPlan]:
        """The plans of executions that start ``now``, in the order of ``sources``."""
        interfaces = self.interfaces(session, {one.job_type_rev_id for one in sources})
        data = [JobData.from_document(one.data) for one in sources]
        files = _files(session, {file_id for one in data for file_id in referenced_file_ids(one)})
        workspace_ids = {workspace_id for one in data for workspace_id in referenced_workspace_ids(one)}
        workspaces = _workspaces(session, workspace_ids | {file.workspace_id for file in files.values()})
        return [
            _plan(source, interfaces[source.job_type_rev_id], given, files, workspaces, now)
            for source, given in zip(sources, data, strict=True)
        ]


def _plan(
    source: PlanSource,
    interface: JobInterface,
    data: JobData,
    files: Mapping[int, ScaleFile],
    workspaces: Mapping[int, Workspace],
    now: datetime,
) -> ExecutionPlan:
    types = {one.name: one.type for one in interface.input_data}
    stored_in = {one.name: workspaces[one.workspace_id].name for one in data.output_data}
    inputs = tuple(_input(one, types[one.name], files, workspaces) for one in data.input_data)
    used = {file.workspace for one in inputs for file in one.files or ()} | set(stored_in.values())
    return ExecutionPlan(
        execution_id=source.execution_id,
        job_id=source.job_id,
        job_type=PlanJobType(name=source.job_type_name, version=source.job_type_version),
        command=interface.command,
        command_arguments=interface.command_arguments,
        inputs=inputs,
        outputs=tuple(_output(one, stored_in[one.name]) for one in interface.output_data if one.name in stored_in),
        output_path=(f"{source.job_type_name}/{source.job_type_version}/{now:%Y/%m/%d}/job_exe_{source.execution_id}"),
        workspaces={
            one.name: WorkspaceConfiguration.from_document(one.json_config)
            for one in workspaces.values()
            if one.name in used
        },
        resources=PlanResources(
            cpus=source.cpus,
            mem=source.mem,
            disk_in=source.disk_in,
            disk_out=source.disk_out,
            custom=dict(custom_of(source.custom)),
        ),
        timeout=None if source.is_long_running or not source.timeout else source.timeout,
        docker=(
            None
            if source.docker_image is None
            else PlanDocker(image=source.docker_image, privileged=source.docker_privileged)
        ),
    )


def _output(output: InterfaceOutput, workspace: str) -> PlanOutput:
    return PlanOutput(
        name=output.name,
        type=output.type,
        required=output.required,
        media_type=output.media_type,
        workspace=workspace,
    )


def _input(
    given: JobDataInput, kind: Any, files: Mapping[int, ScaleFile], workspaces: Mapping[int, Workspace]
) -> PlanInput:
    if given.value is not None:
        return PlanInput(name=given.name, type=kind, value=given.value)
    ids = (given.file_id,) if given.file_id is not None else tuple(given.file_ids or ())
    return PlanInput(
        name=given.name,
        type=kind,
        files=tuple(_file(files[one], workspaces[files[one].workspace_id]) for one in ids),
    )


def _file(file: ScaleFile, workspace: Workspace) -> PlanFile:
    return PlanFile(
        id=file.id,
        workspace=workspace.name,
        path=file.file_path,
        file_name=file.file_name,
        media_type=file.media_type,
        size=file.file_size,
        checksum=file.checksum,
        is_source=file.file_type == "SOURCE",
    )


def _files(session: Session, ids: set[int]) -> dict[int, ScaleFile]:
    if not ids:
        return {}
    return {file.id: file for file in session.scalars(select(ScaleFile).where(ScaleFile.id.in_(ids)))}


def _workspaces(session: Session, ids: set[int]) -> dict[int, Workspace]:
    if not ids:
        return {}
    return {one.id: one for one in session.scalars(select(Workspace).where(Workspace.id.in_(ids)))}
