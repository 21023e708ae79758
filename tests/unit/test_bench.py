"""What the benchmarks make of their samples, and what they read of processes and rows."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import pytest

from bench import report
from bench.figures import BenchFailure, Figure, Goal, Section
from bench.floors import spawn
from bench.growth import section_of
from bench.processes import cpu_seconds, descendants, memory
from bench.progress import progress

RATIO = Goal("ratio", "at least", 0.33, 0.6)


def test_a_ratio_is_the_median_of_each_sample_by_the_floor_beside_it() -> None:
    slow_for_a_while = Figure("f", "jobs/s", values=[50, 5, 40], floors=[100, 10, 100])
    assert slow_for_a_while.ratio == 0.5
    assert (slow_for_a_while.median, slow_for_a_while.floor) == (40, 100)


def test_a_sample_between_two_floors_is_compared_with_their_mean() -> None:
    assert Figure("f", "jobs/s", values=[30, 30], floors=[50, 70, 80]).ratio == pytest.approx((30 / 60 + 30 / 75) / 2)


def test_floors_that_lie_beside_no_sample_are_compared_by_their_median() -> None:
    assert Figure("f", "ms", values=[4], floors=[1, 2, 9]).ratio == 2


def test_without_a_floor_there_is_no_ratio() -> None:
    figure = Figure("f", "s", values=[2, 1, 3])
    assert (figure.median, figure.floor, figure.ratio, figure.verdict) == (2, None, None, "")


@pytest.mark.parametrize(
    ("sense", "value", "verdict"),
    [
        ("at least", 0.6, "aim met"),
        ("at least", 0.59, "target met"),
        ("at least", 0.33, "target met"),
        ("at least", 0.32, "missed"),
        ("at most", 0.6, "missed"),
    ],
)
def test_a_verdict_compares_with_target_and_aim(
    sense: Literal["at least", "at most"], value: float, verdict: str
) -> None:
    assert Goal("median", sense, 0.33, 0.6 if sense == "at least" else 0.1).verdict(value) == verdict


def test_a_goal_is_about_the_ratio_or_the_median() -> None:
    assert Figure("f", "jobs/s", [50], [100], RATIO).judged == 0.5
    assert Figure("f", "ms", [50], [100], Goal("median", "at most", 15, 8)).judged == 50


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234"), (99.96, "100.0"), (12.34, "12.3"), (1.234, "1.23"), (0.0966, "0.097"), (0, "0.00")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert report.number(value) == text


def test_a_table_says_everything_about_a_figure() -> None:
    section = Section("Jobs", [Figure("2,000 jobs", "jobs/s", [500, 400, 600], [1000] * 4, RATIO)], notes=["A note."])
    head, columns, row, note, _ = report.text_of(section).split("\n")
    assert (head, note) == ("Jobs", "  A note.")
    assert columns.split() == list(report.COLUMNS)
    cells = ["500", "400", "600", "1,000", "0.50", "≥ 0.33 × floor", "0.6", "target met"]
    assert row.split("2,000 jobs  jobs/s")[1].split() == " ".join(cells).split()


def test_the_summary_has_what_has_a_goal() -> None:
    wanted = Figure("a", "s", [1], [2], RATIO)
    detail = Figure("d", "s", [1], [2], RATIO)
    sections = [Section("One", [wanted, Figure("b", "s", [1])], [detail]), Section("Two", [Figure("c", "s", [1])])]
    assert [one.name for one in sections[0].rows] == ["a", "b", "d"]
    assert report.summary(sections).figures == [wanted]


def test_growth_is_judged_by_the_worst_operation() -> None:
    operations = [Figure(name, "ms", values, [10, 10, 10]) for name, values in (("a", [9, 10, 99]), ("b", [16, 20, 1]))]
    section = section_of(operations, 100, 400)
    worst, spread, above = section.figures
    assert (worst.name, worst.median, worst.verdict) == ("the worst of 2 operations: b", 1.6, "missed")
    assert (list(spread.values), above.median) == ([1.0, 1.6], 1)
    assert section.details == operations


def test_json_holds_every_sample() -> None:
    document = json.loads(report.json_of([Section("One", [Figure("a", "s", [1, 2, 4], [8] * 3, RATIO)])], {"CPU": "x"}))
    assert document["machine"] == {"CPU": "x"}
    (figure,) = document["sections"][0]["figures"]
    assert (figure["values"], figure["ratio"], figure["result"]) == ([1, 2, 4], 0.25, "missed")


def test_the_page_keeps_what_is_around_its_figures(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    begin, end = report.markers("SQLite")
    others = "\n".join(report.markers("PostgreSQL"))
    page.write_text(f"# Before\n\n{begin}\nold\n{end}\n\n# After\n{others}\n")
    generated = report.markdown_of([Section("One", [Figure("a", "s", [1], [2], RATIO)])], {"CPU": "x"})
    for _again in range(2):
        report.write_docs(page, generated, "SQLite")
        text = page.read_text()
        assert text.startswith(f"# Before\n\n{begin}\n")
        assert text.endswith(f"{end}\n\n# After\n{others}\n")
        assert "old" not in text
        assert text.count("| a | s | 1.00 | 1.00 | 1.00 | 2.00 | 0.50 | ≥ 0.33 × floor | 0.6 | target met |") == 2


def test_a_page_without_a_place_for_the_figures_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Before\n")
    with pytest.raises(BenchFailure, match="has no part for the figures"):
        report.write_docs(page, "new", "PostgreSQL")
    assert page.read_text() == "# Before\n"


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_the_projects_page_has_a_place_for_the_figures(database: str) -> None:
    text = (Path(report.__file__).parents[1] / "docs" / "performance.md").read_text(encoding="utf-8")
    begin, end = report.markers(database)
    assert text.index(begin) < text.index(end)


def test_the_cpu_time_of_a_tree_is_split_into_the_process_and_the_rest() -> None:
    before = cpu_seconds(os.getpid())
    spin = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", spin], check=True)
    after_child = cpu_seconds(os.getpid())
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    after_own = cpu_seconds(os.getpid())
    assert (after_child - before).others >= 0.15
    assert (after_own - after_child).main >= 0.15
    assert (after_own - after_child).others == 0


def test_a_tree_of_processes_is_found_with_its_memory() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sleep 60 & echo; wait"], stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        below = descendants(shell.pid)
        used = memory(shell.pid)
        for pid in (*below, shell.pid):
            os.kill(pid, 9)
    assert len(below) == 1
    assert 0 < used.pss < used.rss
    assert descendants(shell.pid) == []


def test_memory_of_a_child_that_has_not_begun_its_own_program_is_counted_once() -> None:
    code = "import os; os.fork() and print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        (child,) = descendants(parent.pid)
        both, of_child = memory(parent.pid).rss, memory(child).rss
        pages = int(Path(f"/proc/{parent.pid}/statm").read_text().split()[1])
        parent.communicate(b"go on\ngo on\n")
    alone = pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    assert both == pytest.approx(alone, abs=of_child / 2)


def test_the_floor_runs_every_command() -> None:
    spawned = spawn(["/bin/true"], 5)
    assert spawned.rate > 0
    assert spawned.cpu >= spawned.command_cpu


def test_nobody_is_told_of_what_is_quick(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("something") as step:
        step(1, 2)
    assert capsys.readouterr().err == ""
