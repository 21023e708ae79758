"""The command: ``python -m bench``."""

import shutil
import signal
import tempfile
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click

from bench import (
    existing,
    growth,
    ingest,
    jobs,
    latency,
    mesos,
    orders,
    pages,
    placing,
    report,
    resident,
    retention,
    space,
    start,
    storage,
)
from bench.databases import databases
from bench.figures import BenchFailure, Section
from bench.machine import CHECKOUT, facts
from bench.options import Options, quick
from bench.progress import tell
from bench.server import ScaleProcess

Scenario = Callable[[ScaleProcess, Options], Section]

ON_ONE_SCALE: dict[str, Scenario] = {"jobs": jobs.measure, "latency": latency.measure, "ingest": ingest.measure}
"""Done one after the other by one ``scale up``, whose memory is looked at then."""
SCENARIOS = (
    *ON_ONE_SCALE,
    "storage",
    "start",
    "existing",
    "growth",
    "pages",
    "orders",
    "space",
    "placing",
    "mesos",
    "retention",
)
PAGE = CHECKOUT / "docs" / "performance.md"


def chosen(_context: click.Context, _parameter: click.Parameter, names: str | None) -> Collection[str]:
    """The scenarios that ``--only`` names.

    :raises click.BadParameter: there is no such scenario.
    """
    if names is None:
        return SCENARIOS
    wanted = [name.strip() for name in names.split(",")]
    if unknown := sorted(set(wanted) - set(SCENARIOS)):
        raise click.BadParameter(f"there is no {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return wanted


@click.command()
@click.option(
    "--database",
    "where",
    default="sqlite",
    metavar="WHERE",
    help="sqlite (default); postgresql: on a server that is started for this; or the URL of one that runs.",
)
@click.option("--only", "names", callback=chosen, metavar="NAMES", help=f"Some of {','.join(SCENARIOS)}.")
@click.option("--quick", "is_quick", is_flag=True, help="Tiny sizes: shows that it works; the figures mean nothing.")
@click.option("--repeat", type=click.IntRange(1), help="How often each measurement is done; default 3.")
@click.option("--jobs", "job_counts", type=click.IntRange(1), multiple=True, help="Jobs at once; may be repeated.")
@click.option("--files", type=click.IntRange(1), help="Small files; default 2000.")
@click.option("--existing", type=click.IntRange(1), help="Files that are there at the start; default 1000000.")
@click.option("--history", type=click.IntRange(1), nargs=2, help="Finished jobs to compare; default 10000 1000000.")
@click.option("--work", type=click.Path(path_type=Path), default=CHECKOUT / ".bench", help="Folder; default .bench.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write all samples to this file.")
@click.option("--write-docs", is_flag=True, help="Put the figures into docs/performance.md.")
def main(
    where: str,
    names: Collection[str],
    is_quick: bool,
    work: Path,
    json_file: Path | None,
    write_docs: bool,
    job_counts: tuple[int, ...],
    **sizes: Any,
) -> None:
    """Measure Scale beside floors that are measured in the same run, and print medians with their ratio."""
    if write_docs and (is_quick or set(names) != set(SCENARIOS)):
        raise click.UsageError("--write-docs replaces all figures: it needs every scenario at its full size.")
    given = {name: value for name, value in sizes.items() if value is not None}
    if job_counts:
        given["jobs"] = tuple(sorted(job_counts))
    kept = work.absolute()
    kept.mkdir(parents=True, exist_ok=True)
    machine = facts(kept)
    sections: list[Section] = []
    try:
        with ended_by_sigterm(), databases(where, kept) as there, scratch(kept) as folder:
            machine[there.name] = there.version
            click.echo("\n".join([*(f"{name}: {value}" for name, value in machine.items()), ""]))
            sizes_of = quick if is_quick else Options
            with closing(measured(names, replace(sizes_of(folder, there), **given))) as done:
                for section in done:
                    click.echo(report.text_of(section))
                    sections.append(section)
        click.echo(report.text_of(report.summary(sections)))
        if write_docs:
            report.write_docs(PAGE, report.markdown_of(sections, machine), there.name)
    except BenchFailure as failure:
        raise click.ClickException(str(failure)) from failure
    finally:
        if json_file is not None:  # also of a run that broke off: what it did took long enough
            json_file.write_text(report.json_of(sections, machine), encoding="utf-8")


def measured(names: Collection[str], options: Options) -> Generator[Section, None, None]:
    """The sections of the chosen scenarios, as they are done."""
    kept = options.databases.installation(options.work / "data")
    on_one = [one for name, one in ON_ONE_SCALE.items() if name in names]
    if on_one:
        with ScaleProcess(kept) as scale:
            tell(f"scale up is process {scale.pid}")
            for one in on_one:
                yield one(scale, options)
            yield resident.measure(scale)
    if "storage" in names:
        yield storage.measure(options)
    if "start" in names:
        yield start.measure(kept, options)
    if "existing" in names:
        yield existing.measure(options)
    if "growth" in names:
        yield growth.measure(options)
    if "pages" in names:
        yield from pages.measure(options)
    if "orders" in names:
        yield orders.measure(options)
    if "space" in names:
        yield space.measure(options)
    if "placing" in names:
        yield placing.measure(options)
    if "mesos" in names:
        yield from mesos.measure(options)
    if "retention" in names:
        yield retention.measure(options)


@contextmanager
def scratch(kept: Path) -> Iterator[Path]:
    """A folder for this run in ``kept``; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=kept))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does: what was started is stopped, what was made is removed."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


if __name__ == "__main__":
    main()
