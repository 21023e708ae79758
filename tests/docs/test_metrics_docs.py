"""What docs/operations.md says of logs and metrics is what there is."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from fakes.world import World
from scale_core.api.operational import Scrape
from scale_core.cli.logs import FIELDS
from scale_core.db.models import Ingest
from scale_core.domain.placement import Placement
from scale_core.services.executions import ExecutionService
from scale_core.services.metrics import DatabaseMetrics, metrics_registry

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def rows(first: str) -> list[list[str]]:
    """The rows of the table whose first column is headed ``first``."""
    found = re.search(rf"^\| {first} \|.*\n\|[ |-]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found, f"docs/operations.md has no table that begins with {first!r}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


@pytest.fixture
def families(tmp_path: Path) -> list[Metric]:
    """All families, each with a sample."""
    world = World(tmp_path)
    job_type, strike_id = world.job_type("one"), world.strike()
    jobs = [world.job(job_type) for _ in range(2)]
    ExecutionService(world.context).claim([Placement(world.executions(jobs[0])[0].id, None, "")])
    now = world.context.now()
    with world.database.write() as session:
        session.add(
            Ingest(
                strike_id=strike_id,
                file_name="a.txt",
                status="TRANSFERRED",
                transfer_started=now,
                media_type="",
                data_type=[],
                transfer_path="",
                created=now,
                last_modified=now,
            )
        )
    world.context.telemetry.request_done("list_jobs", "GET", 200, 0.1)
    scrape = Scrape(metrics_registry(world.context), DatabaseMetrics(world.context).read())
    registry = CollectorRegistry()
    registry.register(scrape)
    return list(text_string_to_metric_families(generate_latest(registry).decode()))


def labels(family: Metric) -> set[str]:
    return {name for sample in family.samples for name in sample.labels} - {"le"}


def exposed(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_the_table_of_metrics_is_what_a_scrape_says(families: list[Metric]) -> None:
    ours = [one for one in families if one.name.startswith("scale_") and not one.name.endswith("_created")]
    table = {name.strip("`"): rest for name, *rest in rows("metric")}
    assert list(table) == [exposed(one) for one in ours]
    for one in ours:
        kind, named, meaning = table[exposed(one)]
        assert kind == one.type
        assert set(re.findall(r"`(\w+)`", named)) == labels(one), exposed(one)
        assert meaning == one.documentation
    assert {one.name for one in families if not one.name.startswith("scale_")} >= {"process_cpu_seconds"}


def test_expressions_for_alerts_name_metrics_and_labels_that_there_are(families: list[Metric]) -> None:
    names = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    for expression, why in rows("expression"):
        assert why
        for name, selector in re.findall(r"(scale_\w+)(?:\{([^}]*)\})?", expression):
            assert name in names, expression
            assert set(re.findall(r"(\w+)=", selector)) <= names[name], expression


def test_the_table_of_fields_is_what_log_lines_are_about() -> None:
    assert [name.strip("`") for name, _meaning in rows("field")] == list(FIELDS)
