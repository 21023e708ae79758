"""The rules of the clock over HTTP, that of retention among them, and the preview of what it would do."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from fakes.documents import created
from scale_core.db.models import Job, JobExecution, MetricProgress
from scale_core.services.clock_runs import FiredRule, ProcessorContext, ProcessorRuns
from scale_core.services.context import Context

PARAMETERS = {"version": "1.0", "logs_after": "P30D", "executions_after": "P60D"}


def rule_called(http: httpx.Client, name: str) -> dict[str, Any]:
    (found,) = (
        one for one in http.get("/trigger-rules/", params={"type": "CLOCK"}).json()["results"] if one["name"] == name
    )
    details: dict[str, Any] = http.get(f"/trigger-rules/{found['id']}/").json()
    return details


def configuration(**parameters: Any) -> dict[str, Any]:
    return {"version": "1.1", "event_type": "RETENTION", "schedule": "PT24H", "parameters": parameters}


def test_retention_rests_until_somebody_sets_it_going(http: httpx.Client) -> None:
    rule = rule_called(http, "retention")
    assert (rule["is_active"], rule["configuration"]["parameters"]) == (False, {})
    edit = {"is_active": True, "configuration": configuration(**PARAMETERS)}
    edited = http.patch(f"/trigger-rules/{rule['id']}/", json=edit)
    assert edited.status_code == 200, edited.text
    assert edited.json() == http.get(f"/trigger-rules/{rule['id']}/").json()
    assert (edited.json()["is_active"], edited.json()["configuration"]) == (True, configuration(**PARAMETERS))
    (record,) = http.get("/audit/", params={"operation": "edit_trigger_rule"}).json()["results"]
    (change,) = record["changes"]
    assert change["before"]["is_active"] is False
    assert change["after"]["configuration"]["parameters"] == PARAMETERS


@pytest.mark.parametrize(
    ("name", "body", "pointer"),
    [
        ("retention", {"configuration": configuration(logs_after="PT1H")}, "/configuration/parameters/logs_after"),
        ("retention", {"configuration": configuration(for_ever=True)}, "/configuration/parameters/for_ever"),
        ("retention", {"configuration": {**configuration(), "schedule": "PT1S"}}, "/configuration/schedule"),
        ("retention", {"configuration": {"version": "1.1", "schedule": "PT1H"}}, "/configuration"),
        ("job-load", {"configuration": configuration(logs_after="P1D")}, "/configuration/parameters"),
        ("retention", {"name": "other"}, "/name"),
        ("retention", {"is_active": "yes"}, "/is_active"),
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused_and_stays_as_it_was(
    http: httpx.Client, name: str, body: dict[str, Any], pointer: str
) -> None:
    rule = rule_called(http, name)
    refused = http.patch(f"/trigger-rules/{rule['id']}/", json=body)
    assert refused.status_code == 400, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert rule_called(http, name) == rule


def test_a_rule_that_starts_a_job_type_is_edited_with_that(http: httpx.Client) -> None:
    interface = {"command": "true", "command_arguments": ""}
    clock = {"version": "1.0", "event_type": "TICK", "schedule": "PT1H"}
    body = {"name": "hourly", "version": "1", "interface": interface}
    made = created(http.post("/job-types/", json=body | {"trigger_rule": {"type": "CLOCK", "configuration": clock}}))
    rule = rule_called(http, "hourly-rule")
    refused = http.patch(f"/trigger-rules/{rule['id']}/", json={"is_active": False})
    assert refused.status_code == 409
    assert f"/job-types/{made['id']}/" in refused.json()["detail"]
    http.patch(f"/job-types/{made['id']}/", json={"trigger_rule": None})
    gone = http.patch(f"/trigger-rules/{rule['id']}/", json={"is_active": True})
    assert gone.status_code == 409
    assert "archived" in gone.json()["detail"]


def test_the_preview_says_what_the_rule_then_does(http: httpx.Client, served_context: Context) -> None:
    execution = an_old_execution(http, served_context)
    told = http.post("/retention/preview/", json=PARAMETERS)
    assert told.status_code == 200, told.text
    assert [(one["kind"], one["count"]) for one in told.json()["results"]] == [("LOGS", 1), ("EXECUTIONS", 1)]
    assert http.get(f"/job-executions/{execution}/").status_code == 200, "it changes nothing"
    assert http.get("/audit/", params={"operation": "preview_retention"}).json()["count"] == 0

    rule = rule_called(http, "retention")
    http.patch(f"/trigger-rules/{rule['id']}/", json={"configuration": configuration(**PARAMETERS)})
    now = served_context.now()
    parameters = ProcessorRuns(served_context).parameters(FiredRule(rule["id"], 0, "retention", now))
    processor = served_context.registry.clock_processors["retention"]
    processor.run(ProcessorContext(served_context, now, parameters))

    for path in ("", "logs/", "logs/stdout/"):
        gone = http.get(f"/job-executions/{execution}/{path}")
        assert gone.status_code == 404
        assert "was archived on" in gone.json()["detail"]
        assert "executions-" in gone.json()["detail"]
    assert [one["count"] for one in http.post("/retention/preview/", json=PARAMETERS).json()["results"]] == [0, 0]


def an_old_execution(http: httpx.Client, context: Context) -> int:
    """One that ended 100 days ago, and whose day has its metrics."""
    interface = {"command": "true", "command_arguments": ""}
    job_type = created(http.post("/job-types/", json={"name": "old", "version": "1", "interface": interface}))
    job = created(http.post("/queue/new-job/", json={"job_type_id": job_type["id"], "job_data": {}}))
    now = context.now()
    then = now - timedelta(days=100)
    with context.database.write() as session:
        session.get_one(Job, job["id"]).status = "COMPLETED"
        execution = session.scalars(select(JobExecution).where(JobExecution.job_id == job["id"])).one()
        execution.status, execution.ended = "COMPLETED", then
        for name in context.registry.metrics:
            session.merge(MetricProgress(metric=name, next_day=now.date()))
        return execution.id


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"logs_after": "yesterday"}, "/logs_after"),
        ({"files_after": "P1D"}, "/files_after"),
        ({"version": "2"}, "/version"),
    ],
    ids=str,
)
def test_the_preview_refuses_what_the_rule_would(http: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    refused = http.post("/retention/preview/", json=body)
    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_the_preview_says_that_executions_wait_for_the_first_metrics(http: httpx.Client) -> None:
    told = http.post("/retention/preview/", json={"executions_after": "P60D"})
    assert told.status_code == 200, told.text
    nothing = {"before": None, "waits_for_metrics": True, "count": 0, "is_estimate": False}
    assert told.json()["results"] == [
        {"kind": "LOGS", "bytes": 0, **nothing},
        {"kind": "EXECUTIONS", "bytes": None, **nothing},
    ]


def test_the_preview_of_nothing_is_empty(http: httpx.Client) -> None:
    assert http.post("/retention/preview/", json={}).json() == {"results": []}
