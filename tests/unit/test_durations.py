"""Durations in buckets, and the instruments of a process."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from scale_core.durations import Durations
from scale_core.services.telemetry import EndedExecution, Telemetry


def samples(*instruments: object) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What a scrape of instruments says, by name and labels."""
    registry = CollectorRegistry()
    for instrument in instruments:
        registry.register(instrument)  # type: ignore[arg-type]  # all of them are collectors
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def of(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_a_duration_is_in_every_bucket_whose_bound_is_not_below_it() -> None:
    durations = Durations("d_seconds", "D.", (0.1, 1.0), "kind", ("a",))
    durations.observe(0.1, "a")
    durations.observe_all([0.5, 7.0], "b")
    found = samples(durations)
    assert [found[of("d_seconds_bucket", kind="a", le=le)] for le in ("0.1", "1.0", "+Inf")] == [1, 1, 1]
    assert [found[of("d_seconds_bucket", kind="b", le=le)] for le in ("0.1", "1.0", "+Inf")] == [0, 1, 2]
    assert found[of("d_seconds_count", kind="b")] == 2
    assert found[of("d_seconds_sum", kind="b")] == 7.5


def test_a_known_value_and_one_without_a_label_are_there_before_anything_happens() -> None:
    found = samples(Durations("d_seconds", "D.", (1.0,), "kind", ("a",)), Durations("e_seconds", "E.", (1.0,)))
    assert found[of("d_seconds_count", kind="a")] == found[of("e_seconds_count")] == 0


def ended(**values: object) -> EndedExecution:
    given = {
        "execution_id": 1,
        "job_id": 2,
        "job_type_id": 3,
        "job_type": "t",
        "status": "COMPLETED",
        "error_name": "",
        "category": "",
        "message": "",
        "is_lost": False,
        "job_status": "COMPLETED",
        "durations": (None, None, None),
        "lasted": 0.0,
        "restarts": False,
    }
    return EndedExecution(**(given | values))  # type: ignore[arg-type]  # the fields are those above


def test_executions_are_counted_with_their_category_and_the_time_of_each_step() -> None:
    telemetry = Telemetry()
    telemetry.executions_ended(
        [
            ended(durations=(0.5, 2.0, None)),
            ended(status="FAILED", category="DATA", error_name="no-data", durations=(None, -3.0, None)),
            ended(status="FAILED", category="SYSTEM", error_name="node-lost", is_lost=True),
        ]
    )
    found = samples(*telemetry.instruments)
    assert found[of("scale_executions_ended_total", status="COMPLETED", category="")] == 1
    assert found[of("scale_executions_ended_total", status="FAILED", category="DATA")] == 1
    assert found[of("scale_executions_lost_total")] == 1
    assert found[of("scale_execution_step_duration_seconds_count", step="job")] == 2
    # A clock that was set back makes no negative durations.
    assert found[of("scale_execution_step_duration_seconds_sum", step="job")] == 2.0
    assert found[of("scale_execution_step_duration_seconds_count", step="post")] == 0


def test_all_that_can_end_is_there_before_anything_has() -> None:
    found = samples(*Telemetry().instruments)
    for name in ("scale_jobs_ended_total", "scale_executions_ended_total"):
        assert {key: value for key, value in found.items() if key[0] == name} == {
            of(name, status="COMPLETED", category=""): 0,
            of(name, status="CANCELED", category=""): 0,
            **{of(name, status="FAILED", category=one): 0 for one in ("SYSTEM", "ALGORITHM", "DATA")},
        }
