"""A worker: a process of the agent's that runs one execution at a time, again and again."""

import contextlib
import logging
import os
import pkgutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import orjson

from scale_core.interfaces.broker import Broker
from scale_core.interfaces.containers import ContainerSettings
from scale_core.runner.cgroup import MemoryGroup
from scale_core.runner.children import become_subreaper
from scale_core.runner.folders import ExecutionFolders
from scale_core.runner.frames import Frame, Kind
from scale_core.runner.journal import send_logs
from scale_core.runner.line import STOPPED, AgentGone, AgentLine
from scale_core.runner.runner import Run, Runner, RunnerSettings
from scale_generated.specs.execution_plan import ExecutionPlan
from scale_generated.specs.execution_report import ExecutionReport, ReportFailure, ReportSteps

if TYPE_CHECKING:
    from scale_core.runner.containers.run import ContainerRunner

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The end of Scale is told by the stream's."""

CONTAINER_RUNNER = "scale_core.runner.containers.run:ContainerRunner"

log = logging.getLogger(__name__)


def work(
    line: socket.socket,
    folders: ExecutionFolders,
    settings: RunnerSettings,
    kill_grace: float,
    group: MemoryGroup | None,
    containers: ContainerSettings | None,
) -> None:
    """Run what the agent says until it is gone.

    :param group: a memory cgroup for this worker, where there can be one.
    :param containers: how containers are run; None: they are not.
    """
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    become_subreaper()
    agent = AgentLine(line, kill_grace)
    send_logs(agent.tell)
    os.environ["PATH"] = settings.search_path
    if group is not None:
        try:
            group.enter()
        except OSError as error:
            log.warning("A worker cannot enter its cgroup: %s.", error)
            group = None
    runner = Runner(settings, installed_brokers, group, _container_runner(containers, folders))
    try:
        while True:
            launch = agent.next_launch()
            _execute(launch, runner, folders, agent)
    except AgentGone:
        return


@contextmanager
def leaving_process() -> Iterator[None]:
    """The life of a forked process: it never returns into what the process that forked it was doing."""
    code = 1
    try:
        yield
        code = 0
    except BaseException:  # noqa: BLE001 - the end of a process: there is nobody above it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def keep_files_from_commands() -> None:
    """Have what this process was given open by others not passed on."""
    for descriptor in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        if int(descriptor) > 2:
            with contextlib.suppress(OSError):  # the listing's own, which is closed
                os.set_inheritable(int(descriptor), False)


@cache
def installed_brokers() -> Mapping[str, type[Broker]]:
    """The brokers that plugins register; they are only imported where an execution has files."""
    brokers: Mapping[str, type[Broker]] = pkgutil.resolve_name("scale_core.plugin.registry:load_registry")().brokers
    return brokers


def _container_runner(
    settings: ContainerSettings | None, folders: ExecutionFolders
) -> "Callable[[], ContainerRunner] | None":
    """What runs containers, made when it is first asked for."""
    if settings is None:
        return None
    return cache(lambda: pkgutil.resolve_name(CONTAINER_RUNNER)(settings, folders.root))


def _execute(launch: Frame, runner: Runner, folders: ExecutionFolders, agent: AgentLine) -> None:
    report, is_tidy = _run(launch, runner, folders, agent)
    if not is_tidy:
        folders.tidy(launch.execution_id)
    if agent.gone:
        raise AgentGone
    if agent.unreported and report.status == "CANCELED":
        agent.tell_end(Kind.LOST, STOPPED)
        return
    document = orjson.dumps(report.to_document())
    try:
        folders.keep_report(launch.execution_id, document)
    except OSError as error:
        extra = {"execution_id": launch.execution_id}
        log.warning("The report of execution %d cannot be kept: %s.", launch.execution_id, error, extra=extra)
    agent.tell_end(Kind.FINISHED, document)


def _run(launch: Frame, runner: Runner, folders: ExecutionFolders, agent: AgentLine) -> Run:
    try:
        folder = folders.make(launch.execution_id)
        return runner(ExecutionPlan.from_document(orjson.loads(launch.body)), folder, agent)
    except AgentGone:
        raise
    except OSError as error:
        message = f"The folder of the execution cannot be made: {error}."
    except Exception as error:  # the boundary of an execution: whatever it is, it ended by it
        extra = {"execution_id": launch.execution_id}
        log.exception("Execution %d was ended by an error of its runner.", launch.execution_id, extra=extra)
        message = f"The runner failed: {error!r}."
    failure = ReportFailure(kind="engine", message=message)
    report = ExecutionReport(execution_id=launch.execution_id, status="FAILED", steps=ReportSteps(), failure=failure)
    return Run(report, is_tidy=False)
