"""``scale node run``: one execution plan on this machine, without the rest of Scale."""

import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO, Final

import click
import orjson

from scale_core.interfaces.containers import ContainerSettings
from scale_core.interfaces.engine import AgentSettings
from scale_core.interfaces.options import OptionError
from scale_core.runner.folders import ExecutionFolders
from scale_core.runner.frames import CHUNK, SECONDS, FrameReader, Kind, frame
from scale_core.runner.journal import log_again
from scale_core.runner.runner import RunnerSettings
from scale_core.runner.worker import keep_files_from_commands, leaving_process, work
from scale_core.settings import SettingsError, load_settings
from scale_core.specs import InvalidDocument, InvalidJSON, SpecLibrary, loads
from scale_generated.specs.execution_plan import ExecutionPlan
from scale_generated.specs.execution_report import ExecutionReport

DEFAULTS: Final = AgentSettings(Path())
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

    A plan with an image runs in a container, as the options `docker_…` of the engine say, in scale.toml or variables.
    SIGTERM and SIGINT end the execution. Exit status: 0 completed, 1 failed or canceled, 2 the plan cannot be used.
    """
    specs = SpecLibrary.packaged()
    try:
        document = specs.check("execution-plan", loads(plan.read()))
        with _run_folder(folder) as place:
            report = _run(ExecutionPlan.from_document(document), place.absolute())
    except (InvalidDocument, InvalidJSON, OptionError, SettingsError, OSError) as error:
        click.echo(f"The execution plan cannot be run: {error}", err=True)
        sys.exit(UNUSABLE)
    click.echo(json.dumps(report.to_document(), indent=2))
    sys.exit(COMPLETED if report.status == "COMPLETED" else FAILED)


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


class GivenFolder(ExecutionFolders):
    """The one folder that the user has named, which stays as the execution leaves it."""

    def path(self, execution_id: int) -> str:
        """The folder."""
        return str(self.root)

    def make(self, execution_id: int) -> str:
        """It is there, and empty."""
        return str(self.root)

    def keep_report(self, execution_id: int, report: bytes) -> None:
        """It is printed."""

    def tidy(self, execution_id: int) -> None:
        """What is in it is the user's."""


def _run(plan: ExecutionPlan, folder: Path) -> ExecutionReport:
    """Run a plan in a worker, as a node agent does; SIGTERM and SIGINT end it."""
    line, pid = _start_worker(folder, None if plan.docker is None else _containers())
    reader = FrameReader()
    line.sendall(frame(Kind.LAUNCH, plan.execution_id, orjson.dumps(plan.to_document())))
    try:
        with _signals_end(line, plan.execution_id):
            while data := line.recv(CHUNK):
                for told in reader.feed(data):
                    if told.kind == Kind.STARTED:
                        click.echo(f"step {told.body.decode()}", err=True)
                    elif told.kind == Kind.LOGGED:
                        log_again(told)
                    elif told.kind == Kind.FINISHED:
                        return ExecutionReport.from_document(orjson.loads(told.body))
    finally:
        line.close()
        os.waitpid(pid, 0)
    raise ChildProcessError("the process that ran it has ended unexpectedly")


def _containers() -> ContainerSettings | None:
    """How containers are run: as the options of the engine say; None where they are not."""
    options = load_settings({}).engine_options
    settings = ContainerSettings.of(options, "node") if options.get("docker") not in ("off", False) else None
    trouble = None if settings is None else settings.trouble()
    if trouble is not None:
        click.echo(f"No container can be run: {trouble}", err=True)
        return None
    return settings


def _start_worker(folder: Path, containers: ContainerSettings | None) -> tuple[socket.socket, int]:
    storage = load_settings({}).storage_options
    settings = RunnerSettings(os.environ.get("PATH", os.defpath), DEFAULTS.log_limit, DEFAULTS.limits, storage)
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        with leaving_process():
            ours.close()
            keep_files_from_commands()
            work(theirs, GivenFolder(folder), settings, DEFAULTS.kill_grace, None, containers)
    theirs.close()
    return ours, pid


@contextmanager
def _signals_end(line: socket.socket, execution_id: int) -> Iterator[None]:
    """Have SIGTERM and SIGINT end the execution."""

    def end(_number: int, _frame: FrameType | None) -> None:
        line.sendall(frame(Kind.KILL, execution_id, SECONDS.pack(DEFAULTS.kill_grace)))

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
