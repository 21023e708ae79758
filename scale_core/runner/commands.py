"""``scale node run``: one execution plan on this machine, without the rest of Scale."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import BinaryIO

import click

from scale_core.interfaces.cancel import CancelSwitch
from scale_core.plugin.registry import PluginError, load_registry
from scale_core.runner.runner import Runner
from scale_core.specs import InvalidDocument, InvalidJSON, SpecLibrary, loads
from scale_generated.specs.execution_plan import ExecutionPlan

COMPLETED, FAILED, UNUSABLE = 0, 1, 2


@click.group()
def node() -> None:
    """What a node of the cluster does."""


@node.command("run")
@click.argument("plan", type=click.File("rb"))
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="The execution's folder, which must be empty or not exist; it stays. Default: one that is removed afterwards.",
)
def run_plan(plan: BinaryIO, folder: Path | None) -> None:
    """Run the execution plan PLAN (a file, or - for standard input) and print its execution report.

    SIGTERM and SIGINT end the execution. Exit status: 0 completed, 1 failed or canceled, 2 the plan cannot be used.
    """
    specs = SpecLibrary.packaged()
    try:
        document = specs.check("execution-plan", loads(plan.read()))
        brokers = load_registry().brokers
        with _run_folder(folder) as place, _signaled() as control:
            runner = Runner(brokers, specs, lambda: datetime.now(UTC), os.environ.get("PATH", os.defpath))
            report = runner(ExecutionPlan.from_document(document), place, control)
    except (InvalidDocument, InvalidJSON, PluginError, OSError) as error:
        click.echo(f"The execution plan cannot be run: {error}", err=True)
        sys.exit(UNUSABLE)
    click.echo(json.dumps(report.to_document(), indent=2))
    sys.exit(COMPLETED if report.status == "COMPLETED" else FAILED)


class SwitchControl:
    """A ``RunControl`` whose run ends when ``switch`` is set."""

    def __init__(self, switch: CancelSwitch) -> None:
        self._switch = switch

    def canceled(self) -> bool:
        """Whether the switch is set."""
        return self._switch.is_set()

    def cancel_fd(self) -> int:
        """The switch's descriptor."""
        return self._switch.fd

    def step_started(self, step: str) -> None:
        """Tell people."""
        click.echo(f"step {step}", err=True)

    def process_started(self, pid: int) -> None:
        """Nobody needs to know."""


@contextmanager
def _run_folder(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="scale-node-") as temporary:
            yield Path(temporary)
        return
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"the folder {folder} is not empty; name another one")
    yield folder


@contextmanager
def _signaled() -> Iterator[SwitchControl]:
    """A control that SIGTERM and SIGINT end."""
    switch = CancelSwitch()

    def end(_number: int, _frame: FrameType | None) -> None:
        switch.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield SwitchControl(switch)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        switch.close()
