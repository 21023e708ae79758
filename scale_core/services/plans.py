"""Execution plans: everything that a node needs to run an execution, and nothing else (spec: execution-plan)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.models import Job, JobExecution, ScaleFile, Workspace
from scale_core.domain.job_data import referenced_file_ids, referenced_workspace_ids
from scale_generated.specs.execution_plan import ExecutionPlan
from scale_generated.specs.job_data import JobData, JobDataInput
from scale_generated.specs.job_interface import JobInterface


def build_plans(session: Session, executions: Sequence[JobExecution], now: datetime) -> list[ExecutionPlan]:
    """Plans for executions whose job, job type and revision are loaded; three queries, however many there are."""
    data = {execution.id: JobData.from_document(execution.job.data) for execution in executions}
    files = _files(session, {file_id for one in data.values() for file_id in referenced_file_ids(one)})
    workspace_ids = {workspace_id for one in data.values() for workspace_id in referenced_workspace_ids(one)}
    workspaces = _workspaces(session, workspace_ids | {file.workspace_id for file in files.values()})
    return [_plan(execution, data[execution.id], files, workspaces, now) for execution in executions]


def _plan(
    execution: JobExecution,
    data: JobData,
    files: Mapping[int, ScaleFile],
    workspaces: Mapping[int, Workspace],
    now: datetime,
) -> ExecutionPlan:
    job = execution.job
    interface = JobInterface.from_document(job.job_type_rev.interface)
    types = {one.name: one.type for one in interface.input_data}
    stored_in = {one.name: workspaces[one.workspace_id].name for one in data.output_data}
    inputs = [_input(one, types[one.name], files, workspaces) for one in data.input_data]
    used = {file["workspace"] for one in inputs for file in one.get("files", ())} | set(stored_in.values())
    return ExecutionPlan.from_document(
        {
            "execution_id": execution.id,
            "job_id": job.id,
            "job_type": {"name": job.job_type.name, "version": job.job_type.version},
            "command": interface.command,
            "command_arguments": interface.command_arguments,
            "inputs": inputs,
            "outputs": [
                {
                    "name": one.name,
                    "type": one.type,
                    "required": one.required,
                    "media_type": one.media_type,
                    "workspace": stored_in[one.name],
                }
                for one in interface.output_data
                if one.name in stored_in
            ],
            "output_path": f"{job.job_type.name}/{job.job_type.version}/{now:%Y/%m/%d}/job_exe_{execution.id}",
            "workspaces": {one.name: one.json_config for one in workspaces.values() if one.name in used},
            "resources": _resources(job),
            "timeout": None if job.job_type.is_long_running or not job.timeout else job.timeout,
            "docker": _docker(job),
        }
    )


def _input(
    given: JobDataInput, kind: str, files: Mapping[int, ScaleFile], workspaces: Mapping[int, Workspace]
) -> dict[str, Any]:
    if given.value is not None:
        return {"name": given.name, "type": kind, "value": given.value}
    ids = (given.file_id,) if given.file_id is not None else tuple(given.file_ids or ())
    return {
        "name": given.name,
        "type": kind,
        "files": [_file(files[one], workspaces[files[one].workspace_id]) for one in ids],
    }


def _file(file: ScaleFile, workspace: Workspace) -> dict[str, Any]:
    return {
        "id": file.id,
        "workspace": workspace.name,
        "path": file.file_path,
        "file_name": file.file_name,
        "media_type": file.media_type,
        "size": file.file_size,
        "checksum": file.checksum,
        "is_source": file.file_type == "SOURCE",
    }


def _resources(job: Job) -> dict[str, float]:
    return {
        "cpus": job.cpus_required,
        "mem": job.mem_required,
        "disk_in": job.disk_in_required,
        "disk_out": job.disk_out_required,
    }


def _docker(job: Job) -> dict[str, Any] | None:
    if job.job_type.docker_image is None:
        return None
    return {"image": job.job_type.docker_image, "privileged": job.job_type.docker_privileged}


def _files(session: Session, ids: set[int]) -> dict[int, ScaleFile]:
    if not ids:
        return {}
    return {file.id: file for file in session.scalars(select(ScaleFile).where(ScaleFile.id.in_(ids)))}


def _workspaces(session: Session, ids: set[int]) -> dict[int, Workspace]:
    if not ids:
        return {}
    return {one.id: one for one in session.scalars(select(Workspace).where(Workspace.id.in_(ids)))}
