"""The runner: an execution plan in, an execution report out."""

import contextlib
import shlex
import signal
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from scale_core.domain.arguments import OUTPUT_DIR, TemplateError, build_arguments
from scale_core.interfaces.broker import Broker
from scale_core.interfaces.engine import RunControl
from scale_core.runner.artifacts import read_artifacts
from scale_core.runner.failures import StepFailed
from scale_core.runner.folder import RunFolder
from scale_core.runner.inputs import FetchedInputs, fetch_inputs
from scale_core.runner.logs import append_line, last_line, limit_log
from scale_core.runner.manifest import read_manifest
from scale_core.runner.outputs import collect_outputs
from scale_core.runner.parsed import collect_parse_results
from scale_core.runner.process import ProcessEnd, Stopped, run_process
from scale_core.runner.record import RunRecord
from scale_core.runner.store import store_outputs
from scale_core.runner.workspaces import PlanWorkspaces
from scale_core.specs import SpecLibrary
from scale_generated.specs.execution_plan import ExecutionPlan
from scale_generated.specs.execution_report import ExecutionReport, ReportUsage
from scale_generated.specs.results_manifest import ResultsManifest

LOG_LIMIT = 64 << 20
"""Bytes of each log that are kept by default."""

KILL_GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL by default."""


class Runner:
    """Does the three steps of a plan on this machine; a :class:`~scale_core.interfaces.engine.PlanRunner`.

    The algorithm's environment is PATH (``search_path``), HOME and TMPDIR (the execution's folder), LANG=C.UTF-8,
    SCALE_JOB_ID and SCALE_EXECUTION_ID, and nothing else; its working folder is the execution's, its standard input is
    empty.

    :param brokers: the installed broker classes by type.
    :param specs: the specifications, to check results manifests.
    :param clock: the time now, with a time zone.
    :param search_path: where commands are looked for, as in PATH.
    :param log_limit: bytes of each log that are kept once the job step has ended.
    :param kill_grace: seconds between SIGTERM and SIGKILL.
    """

    def __init__(
        self,
        brokers: Mapping[str, type[Broker]],
        specs: SpecLibrary,
        clock: Callable[[], datetime],
        search_path: str,
        log_limit: int = LOG_LIMIT,
        kill_grace: float = KILL_GRACE,
    ) -> None:
        self._brokers = brokers
        self._specs = specs
        self._clock = clock
        self._search_path = search_path
        self._log_limit = log_limit
        self._kill_grace = kill_grace

    def __call__(self, plan: ExecutionPlan, folder: Path, control: RunControl) -> ExecutionReport:
        """Run ``plan`` in the existing, empty folder ``folder``; what goes wrong is in the report."""
        record = RunRecord(plan.execution_id, self._clock, control.step_started)
        run_folder = RunFolder(folder.absolute())
        workspaces = PlanWorkspaces(self._brokers, plan.workspaces)
        with contextlib.suppress(StepFailed):  # is in the record
            with record.step("pre"):
                inputs, arguments = self._prepare(plan, run_folder, workspaces, control, record)
            with record.step("job"):
                self._run(plan, run_folder, arguments, control, record)
            with record.step("post"):
                self._finish(plan, run_folder, workspaces, inputs, control, record)
        self._tidy_logs(run_folder, record)
        return record.report()

    def _prepare(
        self,
        plan: ExecutionPlan,
        folder: RunFolder,
        workspaces: PlanWorkspaces,
        control: RunControl,
        record: RunRecord,
    ) -> tuple[FetchedInputs, list[str]]:
        if plan.outputs or OUTPUT_DIR in plan.command_arguments:
            folder.outputs.mkdir()
        inputs = fetch_inputs(plan, folder.inputs, workspaces, lambda: _check_canceled(control))
        try:
            arguments = build_arguments(plan.command, plan.command_arguments, inputs.values, str(folder.outputs))
        except TemplateError as error:
            raise StepFailed("launch", f"The command of the job type cannot be used: {error}.") from error
        record.command_arguments = shlex.join(arguments[1:])
        _check_canceled(control)
        return inputs, arguments

    def _run(
        self, plan: ExecutionPlan, folder: RunFolder, arguments: list[str], control: RunControl, record: RunRecord
    ) -> None:
        if plan.docker is not None:
            raise StepFailed("launch", f"The image {plan.docker.image!r} cannot run: this node runs no containers.")
        try:
            end = run_process(
                arguments, folder, self._environment(plan, folder), plan.timeout, control, self._kill_grace
            )
        except (OSError, ValueError) as error:
            raise StepFailed("launch", f"The command {arguments[0]!r} cannot be started: {error}.") from error
        record.exit_code = end.exit_code
        record.usage = ReportUsage(cpu_seconds=end.cpu_seconds, max_rss_mib=end.max_rss_mib)
        _check_end(end, plan, folder)

    def _finish(
        self,
        plan: ExecutionPlan,
        folder: RunFolder,
        workspaces: PlanWorkspaces,
        inputs: FetchedInputs,
        control: RunControl,
        record: RunRecord,
    ) -> None:
        record.manifest = read_manifest(folder.outputs, self._specs)
        manifest = None if record.manifest is None else ResultsManifest.from_document(record.manifest)
        files = collect_outputs(plan.outputs, manifest, read_artifacts(folder.stdout), folder.outputs)
        parse_results = collect_parse_results(manifest, inputs.files, folder.outputs)
        record.outputs = store_outputs(files, plan.output_path, workspaces, lambda: _check_canceled(control))
        record.parse_results = parse_results

    def _environment(self, plan: ExecutionPlan, folder: RunFolder) -> dict[str, str]:
        return {
            "PATH": self._search_path,
            "HOME": str(folder.root),
            "TMPDIR": str(folder.root),
            "LANG": "C.UTF-8",
            "SCALE_JOB_ID": str(plan.job_id),
            "SCALE_EXECUTION_ID": str(plan.execution_id),
        }

    def _tidy_logs(self, folder: RunFolder, record: RunRecord) -> None:
        with contextlib.suppress(OSError):  # the report says what matters; a log that cannot be shortened stays long
            for log in (folder.stdout, folder.stderr):
                limit_log(log, self._log_limit)
            if record.failure is not None and record.failure.kind not in ("exit-code", "signal"):
                append_line(folder.stderr, f"[scale, {record.failure.step}] {record.failure.message}")


def _check_canceled(control: RunControl) -> None:
    if control.canceled():
        raise StepFailed("canceled", "The execution was canceled.")


def _check_end(end: ProcessEnd, plan: ExecutionPlan, folder: RunFolder) -> None:
    """Raise the failure that the end of the process is, if it is one."""
    if end.stopped is Stopped.CANCEL:
        raise StepFailed("canceled", "The execution was canceled.", exit_code=end.exit_code, signal=end.signal)
    if end.stopped is Stopped.TIMEOUT:
        raise StepFailed(
            "timeout",
            f"The job ran longer than its timeout of {plan.timeout:g} seconds and was ended. Raise the timeout of the "
            "job type or give the job less to do.",
            exit_code=end.exit_code,
            signal=end.signal,
        )
    if end.exit_code == 0:
        return
    said = last_line(folder.stderr)
    tail = f" The last line in stderr: {said}" if said else " It wrote nothing to stderr."
    if end.signal is not None:
        raise StepFailed("signal", f"The command was ended by {_signal_name(end.signal)}.{tail}", signal=end.signal)
    raise StepFailed("exit-code", f"The command ended with exit code {end.exit_code}.{tail}", exit_code=end.exit_code)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
