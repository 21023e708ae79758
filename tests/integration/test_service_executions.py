"""What becomes of executions in the database, whatever engine runs them."""

from typing import Any

import pytest
from sqlalchemy import select

from scale_core.db.models import Job, JobExecution, Node
from scale_core.domain.placement import Placement
from scale_core.interfaces.engine import ExecutionReport
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.context import Context
from scale_core.services.endings import EndingService, failure_report
from scale_core.services.executions import ExecutionService
from scale_core.services.job_reads import JobService
from scale_core.services.job_types import JobTypeService
from scale_core.services.queue import QueueService
from scale_core.services.serialization import SerializerContext


@pytest.fixture
def node(context: Context) -> int:
    """The id of a node."""
    now = context.now()
    with context.database.write() as session:
        made = Node(slave_id="n", hostname="h", port=0, is_connected=True, created=now, last_modified=now)
        session.add(made)
        session.flush()
        return made.id


@pytest.fixture
def job(context: Context, urls: SerializerContext) -> int:
    """The id of a queued job without inputs and outputs, which is tried twice."""
    interface = {"command": "true", "command_arguments": ""}
    body: Any = {"name": "plain", "version": "1", "interface": interface, "max_tries": 2}
    job_type = JobTypeService(context).create(body, urls)
    return QueueService(context).new_job({"job_type_id": job_type["id"], "job_data": {}}, urls)["id"]


def claim(context: Context, node: int) -> list[int]:
    """Claim what the queue has; the ids of the executions that are to run."""
    service = ExecutionService(context)
    queued = [one for one in service.look(100, 0, context.now()).queue if not one.is_system]
    claimed = service.claim([Placement(one.execution_id, node, "n") for one in queued])
    return [plan.execution_id for plan, _agent in claimed.plans]


def completed(execution_id: int) -> ExecutionReport:
    """The report of an execution that went well."""
    return ExecutionReport.from_document({"execution_id": execution_id, "status": "COMPLETED", "steps": {}})


def statuses(context: Context, job_id: int) -> tuple[str, list[str]]:
    """The statuses of a job and its executions."""
    with context.database.read() as session:
        executions = select(JobExecution.status).where(JobExecution.job_id == job_id).order_by(JobExecution.id)
        return session.get_one(Job, job_id).status, list(session.scalars(executions))


def test_a_report_that_is_told_twice_changes_nothing(context: Context, job: int, node: int) -> None:
    (execution,) = claim(context, node)
    for _ in range(2):
        EndingService(context).finish([completed(execution)])
    EndingService(context).lost([(execution, "too late")])
    assert statuses(context, job) == ("COMPLETED", ["COMPLETED"])


def test_a_job_is_not_started_anew_while_an_execution_of_it_is_being_ended(
    context: Context, urls: SerializerContext, job: int, node: int
) -> None:
    (first,) = claim(context, node)
    JobService(context).cancel(job, urls)
    BulkChanges(context).requeue({"job_ids": [job]}, urls)
    assert statuses(context, job) == ("QUEUED", ["RUNNING", "QUEUED"])
    assert claim(context, node) == []
    assert ExecutionService(context).look(100, 0, context.now()).canceled == [first]

    EndingService(context).finish([failure_report(first, "canceled", "It was ended.")])
    assert statuses(context, job) == ("QUEUED", ["CANCELED", "QUEUED"])
    (second,) = claim(context, node)
    EndingService(context).finish([completed(second)])
    assert statuses(context, job) == ("COMPLETED", ["CANCELED", "COMPLETED"])


def test_tries_count_anew_after_a_requeue_however_often_it_was_run_before(
    context: Context, urls: SerializerContext, job: int, node: int
) -> None:
    for _ in range(15):
        for _try in range(2):
            (execution,) = claim(context, node)
            EndingService(context).finish([failure_report(execution, "timeout", "Too long.")])
        assert statuses(context, job)[0] == "FAILED"
        BulkChanges(context).requeue({"job_ids": [job]}, urls)


def test_a_failure_of_ours_costs_no_try_but_does_not_go_on_for_ever(context: Context, job: int, node: int) -> None:
    for number in range(100):
        ready = claim(context, node)
        if not ready:
            break
        EndingService(context).lost([(ready[0], "The node is gone.")])
        assert number < 30
    assert statuses(context, job)[0] == "FAILED"


def test_what_a_command_ran_in_is_kept_as_a_job_environment(
    context: Context, node: int, job: int, urls: SerializerContext
) -> None:
    node_says = {"hostname": "n", "python": "3.11.2", "platform": "Linux-6.1-x86_64", "variables": {"LANG": "C.UTF-8"}}
    (execution_id,) = claim(context, node)
    report = {"execution_id": execution_id, "status": "COMPLETED", "steps": {}, "environment": node_says}
    EndingService(context).finish([ExecutionReport.from_document(report)])
    with context.database.read() as session:
        environment = session.get_one(JobExecution, execution_id).environment
    assert environment == {"version": "1.0", "engine": "local", **node_says}
    assert context.specs.check("job-environment", environment) == environment
