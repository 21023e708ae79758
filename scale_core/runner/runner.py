"""The runner: an execution plan in, an execution report out."""

import contextlib
import os
import pkgutil
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scale_core.domain.arguments import OUTPUT_DIR, TemplateError, build_arguments
from scale_core.interfaces.broker import Broker
from scale_core.runner.artifacts import read_artifacts
from scale_core.runner.cgroup import MemoryGroup
from scale_core.runner.control import RunControl
from scale_core.runner.ends import check_end, check_inputs
from scale_core.runner.failures import StepFailed
from scale_core.runner.folder import FETCHED, INPUTS, MANIFEST, RunFolder
from scale_core.runner.inputs import FetchedInputs, fetch_inputs
from scale_core.runner.limits import LOG_FACTOR, MIB, Bounds, Limits
from scale_core.runner.logs import append_line, limit_log
from scale_core.runner.process import ProcessEnd, run_process
from scale_core.runner.record import RunRecord
from scale_core.runner.usage import InputFiles, input_files
from scale_core.runner.workspaces import PlanWorkspaces
from scale_generated.specs.execution_plan import ExecutionPlan, PlanClock, PlanIngest, PlanStrike
from scale_generated.specs.execution_report import ExecutionReport, ReportEnvironment, ReportUsage

if TYPE_CHECKING:
    from scale_core.runner.clock import NodeClock
    from scale_core.runner.containers.images import Image
    from scale_core.runner.containers.run import ContainerRunner
    from scale_core.runner.intake import Intake
    from scale_core.runner.results import ResultsCollector
    from scale_core.runner.watching import NodeWatch


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """How plans are run: where commands are looked for (and the PATH that they see), bytes of each log that are kept,
    whether the plan's resources are limits, and the installation's options of storage by type of broker."""

    search_path: str
    log_limit: int
    limits: bool
    storage: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)


class Run(NamedTuple):
    """A run's report, and whether nothing is in its folder but its logs."""

    report: ExecutionReport
    is_tidy: bool


class Runner:
    """Does the three steps of a plan in this process, which must be a child subreaper and have no other children.

    The algorithm's environment is PATH, HOME and TMPDIR (the execution's folder), LANG=C.UTF-8, SCALE_JOB_ID and
    SCALE_EXECUTION_ID, and nothing else; its working folder is the execution's, its standard input is empty.

    :param brokers: gives the installed broker classes by type.
    :param group: the memory cgroup that this process is in, if it is in one of its own.
    :param containers: gives what runs containers, where this node runs any.
    """

    def __init__(
        self,
        settings: RunnerSettings,
        brokers: Callable[[], Mapping[str, type[Broker]]],
        group: MemoryGroup | None = None,
        containers: "Callable[[], ContainerRunner] | None" = None,
    ) -> None:
        self._settings = settings
        self._brokers = brokers
        self._bounds = Bounds(group)
        self._node = _this_node()
        self._collector: ResultsCollector | None = None
        self._containers = containers

    def __call__(self, plan: ExecutionPlan, folder: str, control: RunControl) -> Run:
        """Run ``plan`` in the existing, empty, absolute folder ``folder``; what goes wrong is in the report."""
        record = RunRecord(plan.execution_id)
        run_folder = RunFolder(folder)
        workspaces = PlanWorkspaces(self._brokers, plan.workspaces, self._settings.storage, control.works_in)
        if plan.ingest is not None:
            take = partial(self._take_in, plan, plan.ingest, run_folder, workspaces, control, record)
            return self._do_ourselves(take, run_folder, workspaces, control, record)
        if plan.strike is not None:
            watch = partial(self._watch, plan.strike, control)
            return self._do_ourselves(watch, run_folder, workspaces, control, record)
        if plan.clock is not None:
            keep = partial(self._keep_time, plan.clock, control)
            return self._do_ourselves(keep, run_folder, workspaces, control, record)
        try:
            with record.step("pre"), closing(workspaces):
                inputs, arguments = self._prepare(plan, run_folder, workspaces, control, record)
            with record.step("job"):
                self._run(plan, run_folder, arguments, inputs, workspaces, control, record)
            with record.step("post"), closing(workspaces):
                self._finish(plan, run_folder, workspaces, inputs, control, record)
        except StepFailed:
            pass  # it is in the record
        self._tidy_logs(run_folder, record)
        return Run(record.report(), is_tidy=record.failure is None and not record.disk.has_more)

    def _do_ourselves(
        self,
        work: Callable[[], str],
        folder: RunFolder,
        workspaces: PlanWorkspaces,
        control: RunControl,
        record: RunRecord,
    ) -> Run:
        """Do ``work`` instead of running a command; it gives what the log says of it."""
        record.environment = self._node
        with contextlib.suppress(StepFailed), record.step("job"), closing(workspaces):  # it is in the record
            control.step_started("job")
            self._bounds.lift()
            _check_canceled(control)
            append_line(Path(folder.stdout), work())
            record.exit_code = 0
        self._tidy_logs(folder, record)
        return Run(record.report(), is_tidy=False)

    def _take_in(
        self,
        plan: ExecutionPlan,
        ingest: PlanIngest,
        folder: RunFolder,
        workspaces: PlanWorkspaces,
        control: RunControl,
        record: RunRecord,
    ) -> str:
        """Take a file into a workspace."""
        intake_class: type[Intake] = pkgutil.resolve_name("scale_core.runner.intake:Intake")
        intake = intake_class(plan, ingest, workspaces, Path(folder.root, FETCHED), control)
        record.ingest = intake.take()
        return intake.describe(record.ingest)

    def _watch(self, strike: PlanStrike, control: RunControl) -> str:
        """Watch a directory or a workspace."""
        watch_class: type[NodeWatch] = pkgutil.resolve_name("scale_core.runner.watching:NodeWatch")
        return watch_class(strike.strike_id, self._brokers, self._settings.storage, control).watch()

    def _keep_time(self, clock: PlanClock, control: RunControl) -> str:
        """Keep the time of clock rules."""
        clock_class: type[NodeClock] = pkgutil.resolve_name("scale_core.runner.clock:NodeClock")
        return clock_class(clock.longest_wait, control).keep()

    def _prepare(
        self,
        plan: ExecutionPlan,
        folder: RunFolder,
        workspaces: PlanWorkspaces,
        control: RunControl,
        record: RunRecord,
    ) -> tuple[FetchedInputs, list[str]]:
        os.chdir(folder.root)
        if plan.outputs or OUTPUT_DIR in plan.command_arguments:
            os.mkdir(folder.outputs)  # noqa: PTH102 - a path object costs as much as the call
        if plan.docker is not None or any(each.files for each in plan.inputs):
            control.step_started("pre")
            self._bounds.lift()
        _check_canceled(control)
        if plan.docker is not None:
            record.image = self._container_runner(plan.docker.image).prepare(plan.docker, control)
        inputs = FetchedInputs()
        if plan.inputs:
            inputs = fetch_inputs(plan, Path(folder.inputs), workspaces, lambda: _check_canceled(control))
        try:
            arguments = build_arguments(plan.command, plan.command_arguments, inputs.values, folder.outputs)
        except TemplateError as error:
            raise StepFailed("launch", f"The command of the job type cannot be used: {error}.") from error
        record.command_arguments = shlex.join(arguments[1:])
        return inputs, arguments

    def _run(
        self,
        plan: ExecutionPlan,
        folder: RunFolder,
        arguments: list[str],
        inputs: FetchedInputs,
        workspaces: PlanWorkspaces,
        control: RunControl,
        record: RunRecord,
    ) -> None:
        limits = self._limits(plan)
        with workspaces.again():  # through links
            fetched = input_files(INPUTS) if inputs.files else InputFiles()
        if record.image is None:
            end = self._run_process(plan, folder, arguments, limits, fetched, control, record)
        else:
            end = self._run_container(plan, folder, arguments, limits, fetched, control, record, record.image)
        record.exit_code = end.exit_code
        record.disk = end.disk
        record.usage = ReportUsage(
            cpu_seconds=round(end.cpu_seconds, 6),
            memory_mib=round(end.peak_kib / 1024, 3),
            disk_mib=round(end.disk_bytes / MIB, 3),
        )
        with workspaces.again():
            try:
                check_end(end, plan, limits, folder)
            except StepFailed as error:
                check_inputs(fetched, error, folder)
                raise
            check_inputs(fetched, None, folder)

    def _run_process(
        self,
        plan: ExecutionPlan,
        folder: RunFolder,
        arguments: list[str],
        limits: Limits,
        inputs: InputFiles,
        control: RunControl,
        record: RunRecord,
    ) -> ProcessEnd:
        variables = self._variables(plan, folder)
        record.environment = replace(self._node, variables=variables)
        self._bounds.put(limits)
        try:
            return run_process(arguments, variables, plan.timeout, limits, self._bounds.group, inputs, control)
        except (OSError, ValueError) as error:
            raise StepFailed("launch", f"The command {arguments[0]!r} cannot be started: {error}.") from error

    def _run_container(
        self,
        plan: ExecutionPlan,
        folder: RunFolder,
        arguments: list[str],
        limits: Limits,
        inputs: InputFiles,
        control: RunControl,
        record: RunRecord,
        image: "Image",
    ) -> ProcessEnd:
        variables = self._variables(plan, folder)
        del variables["PATH"]  # the image has its own
        record.environment = replace(self._node, variables=variables, docker_image=image.name, docker_image_id=image.id)
        self._bounds.lift()
        cpus = plan.resources.cpus if self._settings.limits else 0.0
        runner = self._container_runner(image.name)
        return runner.run(plan, image, arguments, variables, limits, cpus, folder, inputs, control)

    def _container_runner(self, image: str) -> "ContainerRunner":
        if self._containers is None:
            raise StepFailed("launch", f"The image {image!r} cannot run: this node runs no containers.")
        return self._containers()

    def _limits(self, plan: ExecutionPlan) -> Limits:
        bound = int(self._settings.limits) * MIB
        most_log = LOG_FACTOR * self._settings.log_limit
        return Limits(int(plan.resources.mem * bound), int(plan.resources.disk_out * bound), most_log)

    def _finish(
        self,
        plan: ExecutionPlan,
        folder: RunFolder,
        workspaces: PlanWorkspaces,
        inputs: FetchedInputs,
        control: RunControl,
        record: RunRecord,
    ) -> None:
        artifacts = read_artifacts(folder.stdout) if record.disk.log_sizes.get("stdout") else {}
        has_manifest = record.disk.has_more and os.path.lexists(f"{folder.outputs}/{MANIFEST}")
        if not (artifacts or plan.outputs or has_manifest):
            return
        control.step_started("post")
        self._bounds.lift()
        if self._collector is None:
            self._collector = pkgutil.resolve_name("scale_core.runner.results:ResultsCollector")()
        results = self._collector.collect(plan, folder, artifacts, workspaces, inputs, lambda: _check_canceled(control))
        record.manifest = results.manifest
        record.outputs = results.outputs
        record.parse_results = results.parse_results

    def _variables(self, plan: ExecutionPlan, folder: RunFolder) -> dict[str, str]:
        return {
            "PATH": self._settings.search_path,
            "HOME": folder.root,
            "TMPDIR": folder.root,
            "LANG": "C.UTF-8",
            "SCALE_JOB_ID": str(plan.job_id),
            "SCALE_EXECUTION_ID": str(plan.execution_id),
        }

    def _tidy_logs(self, folder: RunFolder, record: RunRecord) -> None:
        if record.failure is None and record.disk.longest_log <= self._settings.log_limit:
            return
        with contextlib.suppress(OSError):  # the report says what matters; a log that cannot be shortened stays long
            if record.disk.longest_log > self._settings.log_limit:
                for each in (folder.stdout, folder.stderr):
                    limit_log(Path(each), self._settings.log_limit)
            if record.failure is not None and record.failure.kind not in ("exit-code", "signal"):
                append_line(Path(folder.stderr), f"[scale, {record.failure.step}] {record.failure.message}")


def _this_node() -> ReportEnvironment:
    """What is the same for every command here."""
    system = os.uname()
    python = ".".join(map(str, sys.version_info[:3]))
    platform = f"{system.sysname}-{system.release}-{system.machine}"
    return ReportEnvironment(hostname=system.nodename, python=python, platform=platform)


def _check_canceled(control: RunControl) -> None:
    if control.canceled():
        raise StepFailed("canceled", "The execution was canceled.")
