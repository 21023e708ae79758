"""The ``local`` engine."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from scale_core.interfaces.engine import (
    Engine,
    EngineEvent,
    EngineListener,
    EngineMode,
    EngineSettings,
    ExecutionFinished,
    ExecutionLost,
    ExecutionPlan,
    ExecutionReport,
    Launch,
    LogChunk,
    Node,
    Offer,
    PlanRunner,
    Resources,
)
from scale_core.interfaces.error import Failure
from scale_engine_local.folders import ExecutionFolders
from scale_engine_local.leftovers import end_leftovers
from scale_engine_local.machine import check_options, free_disk, machine_resources
from scale_engine_local.run import Run, plan_resources
from scale_engine_local.threads import WarmThreads
from scale_generated.specs.execution_report import ReportSteps

AGENT_ID = "local"
LAST_MOMENT = 0.5
"""Seconds of the grace period that are kept for killing what did not end."""

log = logging.getLogger(__name__)


class LocalEngine(Engine):
    """Runs plans in threads of this process, and their commands as processes of this machine.

    Options: ``cpus``, ``mem`` and ``disk`` (MiB) replace what the machine has. What a folder of an execution holds
    while it runs and what stays is said in :class:`~scale_engine_local.folders.ExecutionFolders`. An execution that
    :meth:`stop` ends is told as lost, for nobody asked for its end: it can be run again.
    """

    name: ClassVar[str] = "local"
    mode: ClassVar[EngineMode] = EngineMode.OFFER
    runs_containers: ClassVar[bool] = False

    def __init__(self, settings: EngineSettings) -> None:
        check_options(settings.options)
        self._settings = settings
        self._folders = ExecutionFolders(settings.data_dir.absolute() / "executions")
        self._hostname = socket.gethostname()
        self._total = Resources()
        self._launched = Resources()
        self._runs: dict[int, Run] = {}
        self._telling = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._offer_number = 0
        self._threads = WarmThreads("execution")
        self._listener: EngineListener | None = None
        self._run_plan: PlanRunner | None = None

    def start(self, listener: EngineListener, run_plan: Callable[[], PlanRunner]) -> None:
        """Make the folder of executions and look at the machine.

        :raises OptionError: an option is wrong.
        :raises OSError: the data folder cannot be used.
        """
        self._folders.root.mkdir(parents=True, exist_ok=True)
        self._total = machine_resources(self._folders.root, self._settings.options)
        self._listener, self._run_plan = listener, run_plan()
        self._threads = WarmThreads("execution")
        self._stopping = False
        listener.offers_changed()

    def stop(self, grace_seconds: float) -> None:
        """End all executions: SIGTERM now, SIGKILL shortly before the grace period is over."""
        deadline = time.monotonic() + grace_seconds
        with self._changed:
            self._stopping = True
            running = list(self._runs.values())
        for run in running:
            run.switch.set()
        if not self._wait_for_end(deadline - LAST_MOMENT):
            with self._changed:
                slow = list(self._runs)
            end_leftovers([self._folders.path(execution_id) for execution_id in slow])
            self._wait_for_end(max(deadline, time.monotonic() + LAST_MOMENT))
        self._give_up_rest()
        self._threads.stop()

    def nodes(self) -> Sequence[Node]:
        """This machine."""
        return [Node(AGENT_ID, self._hostname, 0, self._total)]

    def offers(self) -> Sequence[Offer]:
        """One offer: what is not launched, and never more disk than is free."""
        with self._changed:
            if self._stopping or self._listener is None:
                return []
            free = self._total - self._launched
            self._offer_number += 1
            number = self._offer_number
        disk = max(0.0, min(free.disk, free_disk(self._folders.root)))
        return [Offer(f"{AGENT_ID}-{number}", AGENT_ID, Resources(free.cpus, free.mem, disk))]

    def launch(self, launches: Sequence[Launch]) -> None:
        """Start each execution in a thread of its own."""
        listener, run_plan = self._started()
        for launch in launches:
            refusal = self._accept(launch, listener, run_plan)
            if refusal is not None:
                self._notify(ExecutionLost(launch.plan.execution_id, refusal))

    def kill(self, execution_id: int) -> None:
        """Ask the runner to end it."""
        with self._changed:
            run = self._runs.get(execution_id)
        if run is not None:
            run.switch.set()

    def reconcile(self, execution_ids: Sequence[int]) -> None:
        """Tell the report of each execution that ended, and the loss of each that did not and does not run."""
        with self._changed:
            gone = [each for each in execution_ids if each not in self._runs]
        reports = {each: self._folders.report(each) for each in gone}
        unfinished = [each for each, report in reports.items() if report is None]
        if unfinished:
            ended = end_leftovers([self._folders.path(each) for each in unfinished])
            log.info("%d executions had not ended when Scale did; %d processes ended.", len(unfinished), ended)
        for execution_id, report in reports.items():
            self._folders.tidy(execution_id)
            if report is not None:
                self._notify(ExecutionFinished(report))
            else:
                self._notify(ExecutionLost(execution_id, f"It does not run on {self._hostname}: Scale was restarted."))

    def logs(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        """Read from the execution's folder."""
        return self._folders.log(execution_id, stream, offset, limit)

    def _started(self) -> tuple[EngineListener, PlanRunner]:
        if self._listener is None or self._run_plan is None:
            raise RuntimeError("The engine has not been started.")
        return self._listener, self._run_plan

    def _accept(self, launch: Launch, listener: EngineListener, run_plan: PlanRunner) -> str | None:
        """Start an execution; returns why not, where it cannot be."""
        plan = launch.plan
        with self._changed:
            if self._stopping:
                return f"The engine on {self._hostname} is stopping."
            if launch.agent_id != AGENT_ID:
                return f"There is no node {launch.agent_id!r}; the only one is {AGENT_ID!r}."
            if plan.execution_id in self._runs:
                log.warning("An execution was launched twice; it goes on running once.", extra=_about(plan))
                return None
            needs, free = plan_resources(plan), self._total - self._launched
            if not needs.fits_in(free):
                return f"{self._hostname} has no room for {needs}; free are {free}."
            run = Run(plan, listener)
            self._runs[plan.execution_id] = run
            self._launched = self._launched + needs
        self._threads.submit(lambda: self._execute(run, run_plan))
        return None

    def _execute(self, run: Run, run_plan: PlanRunner) -> None:
        """The life of one execution, in its own thread: ends with exactly one notice."""
        execution_id = run.plan.execution_id
        event = self._ended(self._report(run, run_plan))
        self._folders.tidy(execution_id)
        with self._changed:
            run.switch.close()
            if run.lost:
                return
            del self._runs[execution_id]
            # Starting again from nothing keeps rounding from adding up.
            self._launched = self._launched - plan_resources(run.plan) if self._runs else Resources()
            self._telling += 1
        try:
            self._notify(event)
        finally:
            with self._changed:
                self._telling -= 1
                self._changed.notify_all()

    def _report(self, run: Run, run_plan: PlanRunner) -> ExecutionReport:
        try:
            return run_plan(run.plan, self._folders.make(run.plan.execution_id), run)
        except Exception as error:  # the thread's boundary: whatever it is, the execution ended by it
            log.exception("An execution was ended by an error of its runner.", extra=_about(run.plan))
            failure = Failure(kind="engine", message=f"The runner on {self._hostname} failed: {error!r}.")
            return ExecutionReport(
                execution_id=run.plan.execution_id, status="FAILED", steps=ReportSteps(), failure=failure
            )

    def _ended(self, report: ExecutionReport) -> EngineEvent:
        if self._stopping and report.status == "CANCELED":
            return ExecutionLost(report.execution_id, "Scale was stopped while it ran.")
        try:
            self._folders.keep_report(report)
        except OSError as error:
            log.warning(
                "The report of an execution cannot be kept: %s. If Scale ends now, the job runs again.",
                error,
                extra={"execution_id": report.execution_id},
            )
        return ExecutionFinished(report)

    def _notify(self, event: EngineEvent) -> None:
        if self._listener is not None:
            self._listener.notify(event)
            if not self._stopping:
                self._listener.offers_changed()

    def _wait_for_end(self, deadline: float) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._runs and not self._telling, max(0.0, deadline - time.monotonic())
            )

    def _give_up_rest(self) -> None:
        with self._changed:
            rest = list(self._runs.values())
            for run in rest:
                run.lost = True
            self._runs.clear()
            self._launched = Resources()
        for run in rest:
            self._notify(ExecutionLost(run.plan.execution_id, "Scale was stopped; the execution did not end in time."))


def _about(plan: ExecutionPlan) -> dict[str, object]:
    """What log lines say of an execution."""
    return {"job_id": plan.job_id, "execution_id": plan.execution_id, "job_type": plan.job_type.name}
