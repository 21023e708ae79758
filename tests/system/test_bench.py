"""The benchmarks, with sizes at which they show only that they work."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench.__main__ import ON_ONE_SCALE, SCENARIOS, main
from bench.databases import OF_A_RUN, PREFIX
from fakes.databases import SERVER, on_postgres
from scale_core.testing.postgres import PostgresServer

WANTED = {
    ",".join(ON_ONE_SCALE): {
        "Jobs of /bin/true, two at a time": 9,
        "From request to start, idle": 2,
        "Files through Strike": 3,
        "Memory at the end": 2,
    },
    "storage": {"Storage, beside bare copies": 10},
    "start": {"From start to first answer": 2},
    "existing": {"Files that are there at the start": 3},
    "growth": {"With 400 finished jobs, beside 100": 30},
    "pages": {
        "Pages of 100, with 100 finished jobs": 6,
        "Pages of 100, with 400 finished jobs": 6,
        "What dashboards ask for, with 400 finished jobs": 3,
    },
    "orders": {"Orders of lists, with 400 finished jobs, beside 100": 9},
    "space": {"Searches among 400 footprints": 9},
    "placing": {"Placing 30 jobs on 10 nodes": 3},
    "mesos": {"Jobs that do nothing on 2 agents of Mesos": 2, "Placing on 3 agents of Mesos": 5},
    "retention": {"Retention, with 400 finished jobs, beside 100": 5},
}
"""Scenarios, the titles of their sections, and how many figures each has at least."""

BESIDE_THE_DATABASE = ("storage", "start", "existing", "mesos")
"""Those that measure something else."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [pytest.param(one, marks=pytest.mark.any_database) if one in BESIDE_THE_DATABASE else one for one in WANTED],
)
def test_every_scenario_runs_and_prints_its_rows(names: str, tmp_path: Path) -> None:
    found, output = run(tmp_path, "--only", names)
    figures = {section["title"]: section["figures"] for section in found["sections"]}
    enough = {title: len(rows) >= WANTED[names].get(title, math.inf) for title, rows in figures.items()}
    assert enough == dict.fromkeys(WANTED[names], True)
    for title, rows in figures.items():
        assert title in output
        for row in rows:
            assert row["name"] in output
            assert all(math.isfinite(sample) and sample >= 0 for sample in [*row["values"], *row["floors"]])
    left = [path.name for path in (tmp_path / "work").iterdir()]
    assert [name for name in left if not name.startswith((f"{PREFIX}history_", f"{PREFIX}footprints_"))] == []
    assert [name for name in databases_left() if name.startswith(OF_A_RUN)] == []


@pytest.mark.any_database
def test_each_scenario_is_run_here() -> None:
    assert ",".join(WANTED).split(",") == list(SCENARIOS)


@pytest.mark.any_database
def test_a_scenario_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--work", str(tmp_path), "--only", "jobs,steam"])
    assert done.exit_code == 2
    assert f"there is no steam; there are {', '.join(SCENARIOS)}" in done.output


@pytest.mark.any_database
@pytest.mark.parametrize("part", [["--quick"], ["--only", "jobs,latency"]])
def test_the_page_is_not_written_from_a_part(part: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--work", str(tmp_path / "work"), "--write-docs", *part])
    assert done.exit_code == 2
    assert "it needs every scenario at its full size" in done.output
    assert not (tmp_path / "work").exists()


def databases_left() -> set[str]:
    """The names of the databases on the server, where there is one."""
    return PostgresServer.at(os.environ[SERVER]).names() if on_postgres() else set()


def run(folder: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """A quick run: its JSON, and what it printed."""
    written = folder / "figures.json"
    where = os.environ[SERVER] if on_postgres() else "sqlite"
    given = ["--quick", "--database", where, "--work", str(folder / "work"), "--json", str(written), *arguments]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(written.read_text())
    return found, done.output
