"""The transition tables: complete, closed, and strict."""

from enum import StrEnum

import pytest

from scale_core.domain.states import (
    EXECUTION,
    INGEST,
    JOB,
    ExecutionEvent,
    IllegalTransition,
    IngestEvent,
    JobEvent,
    Lifecycle,
    is_allowed,
    is_final,
    next_status,
    sources_of,
)
from scale_generated.enums import IngestStatus, JobExecutionStatus, JobStatus

TABLES = [
    pytest.param(JOB, JobStatus, JobEvent, id="job"),
    pytest.param(EXECUTION, JobExecutionStatus, ExecutionEvent, id="execution"),
    pytest.param(INGEST, IngestStatus, IngestEvent, id="ingest"),
]


@pytest.mark.parametrize(("table", "statuses", "events"), TABLES)
def test_every_status_has_a_state_that_says_what_it_means(
    table: Lifecycle[StrEnum, StrEnum], statuses: type[StrEnum], events: type[StrEnum]
) -> None:
    assert set(table.states) == set(statuses)
    assert all(state.meaning.endswith(".") for state in table.states.values())


@pytest.mark.parametrize(("table", "statuses", "events"), TABLES)
def test_every_event_can_happen_and_leads_to_a_status_that_exists(
    table: Lifecycle[StrEnum, StrEnum], statuses: type[StrEnum], events: type[StrEnum]
) -> None:
    used = {event for state in table.states.values() for event in state.exits}
    assert used == set(events)
    assert {status for state in table.states.values() for status in state.exits.values()} <= set(statuses)


@pytest.mark.parametrize(("table", "statuses", "events"), TABLES)
def test_next_status_and_sources_and_is_allowed_agree(
    table: Lifecycle[StrEnum, StrEnum], statuses: type[StrEnum], events: type[StrEnum]
) -> None:
    for status in statuses:
        for event in events:
            legal = status in sources_of(table, event)
            assert is_allowed(table, status, event) is legal
            if legal:
                assert next_status(table, status, event) in table.states
            else:
                with pytest.raises(IllegalTransition):
                    next_status(table, status, event)


@pytest.mark.parametrize(("table", "statuses", "events"), TABLES)
def test_every_status_can_be_reached_from_the_first(
    table: Lifecycle[StrEnum, StrEnum], statuses: type[StrEnum], events: type[StrEnum]
) -> None:
    border = [next(iter(table.states))]
    reached = set(border)
    while border:
        fresh = set(table.states[border.pop()].exits.values()) - reached
        reached |= fresh
        border += fresh
    assert reached == set(statuses)


def test_an_illegal_transition_says_from_what_by_what_and_what_would_be_right() -> None:
    with pytest.raises(IllegalTransition) as caught:
        next_status(JOB, JobStatus.RUNNING, JobEvent.QUEUE, history="job 7 was queued at noon")
    assert str(caught.value) == (
        "cannot queue a job that is RUNNING: it allows cancel, complete, fail, retry. History: job 7 was queued at noon"
    )
    assert (caught.value.current, caught.value.event) == ("RUNNING", "queue")
    assert caught.value.allowed == ("cancel", "complete", "fail", "retry")


def test_a_completed_job_is_final() -> None:
    assert is_final(JOB, JobStatus.COMPLETED)
    with pytest.raises(IllegalTransition, match="it is final"):
        next_status(JOB, JobStatus.COMPLETED, JobEvent.CANCEL)


def test_jobs_can_be_canceled_until_they_have_completed() -> None:
    assert sources_of(JOB, JobEvent.CANCEL) == set(JobStatus) - {JobStatus.COMPLETED, JobStatus.CANCELED}


def test_only_failed_and_canceled_jobs_come_back() -> None:
    wanted = {JobStatus.FAILED, JobStatus.CANCELED}
    assert sources_of(JOB, JobEvent.REQUEUE) == sources_of(JOB, JobEvent.RESTORE) == wanted
    assert next_status(JOB, JobStatus.FAILED, JobEvent.REQUEUE) == JobStatus.QUEUED
    assert next_status(JOB, JobStatus.CANCELED, JobEvent.RESTORE) == JobStatus.PENDING


def test_an_ingest_may_start_anew_and_a_deferred_one_waits_for_a_rule() -> None:
    assert next_status(INGEST, IngestStatus.INGESTING, IngestEvent.START) == IngestStatus.INGESTING
    assert next_status(INGEST, IngestStatus.DEFERRED, IngestEvent.RELEASE) == IngestStatus.TRANSFERRED
    assert next_status(INGEST, IngestStatus.ERRORED, IngestEvent.RETRY) == IngestStatus.TRANSFERRED
