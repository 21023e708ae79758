"""The scheduler's loop: records what ended, places what can run, starts it."""

import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy.exc import OperationalError

from scale_core.backoff import Backoff
from scale_core.domain.placement import Capacity, NodeFree, Placement, Policy, QueuedExecution, Waiting
from scale_core.interfaces.engine import AgentStarter, Engine, EngineMode, Launch, Offer, Resources
from scale_core.services.context import Context
from scale_core.services.ending_group import NODE_LOST
from scale_core.services.endings import EndingService, failure_report, task_report
from scale_core.services.executions import Claimed, ExecutionService
from scale_core.services.heartbeat import HeartbeatService
from scale_core.services.nodes import NodeService
from scale_core.services.scheduler_notes import MasterNote, SchedulerNote
from scale_core.services.search import Search
from scale_core.services.system_types import CLOCK_JOB
from scale_core.services.telemetry import EndedExecution
from scale_core.storage.answering import Answering, patience
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.clock import Clock
from scale_scheduler.gathering import Gathering
from scale_scheduler.inbox import Inbox
from scale_scheduler.lacking import LackingNodes
from scale_scheduler.leadership import Leadership
from scale_scheduler.load import NOTHING, Load
from scale_scheduler.log_keeping import LogKeeping
from scale_scheduler.lookout import Lookout
from scale_scheduler.moves import Moves
from scale_scheduler.node_clock import SILENT, NodeClock
from scale_scheduler.node_faults import NodeFaults
from scale_scheduler.node_tasks import NODE_TASKS, NodeTasks
from scale_scheduler.strike.answers import WatcherAnswers
from scale_scheduler.tasks import SystemTasks

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 3.0
RECONCILE_SECONDS = 60.0

GATHER_SECONDS = 0.04
"""How long a pass waits for further ends where the nodes have been handed enough work: a group costs little more than
one execution does."""

CLAIM_RETRY_SECONDS = 30.0

LEAD_SECONDS = 1.0
"""How often a scheduler asks for the lead while another one has it."""

STEADY_SECONDS = 60.0
"""A long-running job that ends after less runs again only after a pause, which grows."""

STOPPED = "Scale was stopped while it ran; it is started again."
RESTARTED = "Scale ended while it ran; it is started again."


class Scheduler:
    """Places queued executions on an engine. One thread runs :meth:`run`; :meth:`stop` may be called from any.

    :param start_agent: starts a node agent, for engines that run plans on this machine.

    ``has_lost_lead`` says whether :meth:`run` ended because another scheduler may lead.
    """

    def __init__(self, context: Context, engine: Engine, start_agent: AgentStarter) -> None:
        self._context = context
        self._engine = engine
        self._start_agent = start_agent
        self._executions = ExecutionService(context)
        self._endings = EndingService(context)
        self._nodes = NodeService(context)
        self._heartbeat = HeartbeatService(context)
        clock = Clock(context)
        self._node_clock = NodeClock(context, clock, engine.answer)
        self._watchers = WatcherAnswers(context, engine.answer, self._node_clock.asked)
        self._gathering = Gathering(engine)
        self._inbox = Inbox(context.queue_changed.set, context.now, self._watchers.asked, self._gathering.interrupt)
        self._node_tasks = NodeTasks(context, self._inbox.tasks_ended)
        self._on_nodes = NODE_TASKS if engine.runs_system_jobs else frozenset()
        self._answering = Answering(patience(context.settings.storage_options))
        context.telemetry.folders_hang(self._answering.number_hanging)
        self._lookout = Lookout(self._answering)
        self._tasks = SystemTasks(
            context, self._inbox.tasks_ended, clock, self._lookout, self._on_nodes, self._have_nodes
        )
        self._moves = Moves(context, self._lookout)
        self._log_keeping = LogKeeping(context, engine, self._lookout)
        self._load = Load()
        self._faults = NodeFaults(context.settings.node_failures, context.settings.node_failure_seconds)
        policy = Policy(context.settings.long_wait_seconds, context.settings.long_wait_share)
        self._lacking = LackingNodes(context, self._executions)
        self._search = Search(self._lacking, policy, self._load.expected, context.now)
        self._there = Capacity(())
        self._offered: frozenset[str] = frozenset()
        self._stopping = threading.Event()
        self.has_lost_lead = False
        self._is_open = self._is_settled = False
        self._killed: set[int] = set()
        self._restarts: dict[int, Backoff] = {}
        self._beaten = self._reconciled = float("-inf")
        self._hostname = socket.gethostname()
        self._id = secrets.token_hex(16)

    def waiting(self, execution_id: int) -> Waiting | None:
        """Why a queued execution was not placed in the last pass; None: it was, or it was not looked at."""
        return self._search.waiting(execution_id)

    def run(self, leadership: Leadership) -> None:
        """Work until :meth:`stop`, once this scheduler leads. What fails is logged and tried again; this method ends by
        itself only where the lead is lost: what runs is ended then, for another scheduler takes it for left over."""
        backoff = Backoff()
        if not self._leads(leadership):
            return
        try:
            if not self._until_it_works(self._engine_started, backoff):
                return
            try:
                while self._until_it_works(lambda: self._run_leading(leadership), backoff):
                    self._rest()
            finally:
                self.close()
        finally:
            leadership.release()

    def _leads(self, leadership: Leadership) -> bool:
        """Wait for the lead; False: stopped before."""
        told = False
        while not self._stopping.is_set():
            try:
                if leadership.take():
                    return True
            except Exception:  # as everywhere: it must outlive whatever the database does
                log.exception("It cannot be told whether another scheduler leads; asking again in %g s", LEAD_SECONDS)
            else:
                if not told:
                    log.info("Another scheduler leads; this one takes over when it is gone")
                    told = True
            self._stopping.wait(LEAD_SECONDS)
        return False

    def _run_leading(self, leadership: Leadership) -> None:
        """One pass, the first after settling what was left, if this scheduler still leads; else stop."""
        if not (leadership.is_kept() or self._leads_again(leadership)):
            log.error("Another scheduler has taken the lead: this one ends")
            self.has_lost_lead = True
            self.stop()
            return
        if not self._is_settled:
            self.settle()
        self.run_once()

    def _leads_again(self, leadership: Leadership) -> bool:
        """Whether the lead, which was lost, is had again, and nobody had it meanwhile who took what runs for left over.

        :raises SQLAlchemyError: that cannot be told; the lead is given up, so that it is asked again.
        """
        log.warning("The session with the database that had the lead has ended; asking for the lead again")
        if not leadership.take():
            return False
        try:
            return not self._is_settled or self._heartbeat.leader() == self._id
        except BaseException:
            leadership.release()
            raise

    def stop(self) -> None:
        """Have :meth:`run` end what runs and return; returns at once."""
        self._stopping.set()
        self._gathering.interrupt()
        self._context.queue_changed.set()

    def _rest(self) -> None:
        """Sleep until there is something to do."""
        self._context.queue_changed.wait(POLL_SECONDS)
        if self._load.has_plenty():
            self._stopping.wait(GATHER_SECONDS)
        elif not self._stopping.is_set():
            self._gathering.wait()

    def _until_it_works(self, step: Callable[[], None], backoff: Backoff) -> bool:
        """Do ``step``, again and again if it fails; False: stopped before it worked."""
        while not self._stopping.is_set():
            try:
                step()
            except Exception:  # the scheduler must outlive whatever the database or an engine does
                delay = backoff.next()
                self._context.telemetry.scheduler_failed()
                log.exception("The scheduler failed; it goes on in %g s", delay)
                self._stopping.wait(delay)
            else:
                backoff.reset()
                return True
        return False

    def open(self) -> None:
        """Start the engine and the threads for Scale's own tasks."""
        self._lookout.open()
        self._tasks.open()
        self._moves.open()
        self._watchers.open()
        self._engine.start(self._inbox, self._start_agent)
        self._log_keeping.open()
        self._is_open = True

    def _engine_started(self) -> None:
        if not self._is_open:
            self.open()

    def settle(self) -> None:
        """Decide what becomes of the executions that an earlier process left running."""
        self._heartbeat.lead(self._id)
        left = self._executions.running()
        self._endings.lost([(one.execution_id, RESTARTED) for one in left if one.is_task])
        self._reconcile()
        self._is_settled = True
        if left:
            log.info("%d executions were left by an earlier process", len(left))

    def run_once(self) -> None:
        """One pass: record, end what was canceled, place, start."""
        began = time.perf_counter()
        self._pass()
        self._context.telemetry.pass_done(time.perf_counter() - began)

    def _pass(self) -> None:
        has_recorded = self._record()
        try:
            self._place()
            self._gathering.passed(recorded=has_recorded, offered=bool(self._offered))
        finally:
            self._beat()  # last: who has put a job on the queue does not wait for it

    def _place(self) -> None:
        view = self._search.look()
        self._kill(view.canceled)
        offers = self._offers()
        self._offered = frozenset(offers)
        self._there = self._capacity(offers)
        decision, looked_at = self._search.decide(view, self._there)
        if decision.placements:
            self._start(self._claim(decision.placements, looked_at), offers, looked_at)
        if decision.placements and not (decision.waiting or view.is_whole):
            self._context.queue_changed.set()  # there is more, for which the next pass needs what is offered still
        else:
            self._engine.settle_offers(wanted=bool(decision.waiting) or not view.is_whole)

    def close(self) -> None:
        """End what runs, within the grace period, and record how it ended."""
        deadline = time.monotonic() + self._context.settings.grace_seconds
        self._tasks.ask_to_end()  # a file that is being moved must not take the grace away from what the engine runs
        self._moves.ask_to_end()
        self._log_keeping.ask_to_end()
        self._watchers.ask_to_end()
        self._node_clock.ask_to_end()
        try:
            self._engine.stop(max(0.0, deadline - time.monotonic()))
            self._tasks.close(max(0.0, deadline - time.monotonic()))
            self._moves.close(max(0.0, deadline - time.monotonic()))
            self._log_keeping.close(max(0.0, deadline - time.monotonic()))
            self._watchers.close(max(0.0, deadline - time.monotonic()))
            self._node_clock.close(max(0.0, deadline - time.monotonic()))
            self._lookout.ask_to_end()
            self._answering.close()
            if self.has_lost_lead:
                return  # what the database says to run is another one's by now
            self._record()
            left = [one.execution_id for one in self._executions.running() if one.is_task]
            self._endings.lost([(execution_id, STOPPED) for execution_id in left])
            self._heartbeat.stop()
        except Exception:  # the last step of a process; the next one settles what is left
            log.exception("The scheduler could not record how it stopped; it does so at the next start")
        log.info("The scheduler has stopped")

    def _record(self) -> bool:
        """Record in one go whatever the engine and the tasks have told; whether something had ended."""
        news = self._inbox.take()
        losses = [failure_report(execution_id, NODE_LOST, message) for execution_id, message in news.losses]
        tasks = [task_report(execution_id, failure) for execution_id, failure in news.ended_tasks]
        told = [*news.reports, *losses, *tasks]
        ended = self._endings.finish(told)
        self._executions.step_started(news.started)
        self._node_tasks.told(news.progress)
        self._inbox.done()
        if news.reports or losses:
            self._engine.recorded([one.execution_id for one in (*news.reports, *losses)])
        self._pause_faulty(ended)
        self._load.ended(ended)
        self._load.gone(one.execution_id for one in told)  # of a commit whose answer was lost it is no news again
        for one in ended:
            if one.restarts:
                self._restart(one)
        return bool(told)

    def _pause_faulty(self, ended: Sequence[EndedExecution]) -> None:
        """Pause nodes on which too much fails, and note what they lack."""
        placed = [(one, agent_id) for one in ended if (agent_id := self._load.agent_of(one.execution_id)) is not None]
        self._lacking.ended(placed)
        for agent_id, reason in self._faults.ended(placed, time.monotonic()).items():
            self._nodes.pause_for_errors(agent_id, reason)

    def _restart(self, ended: EndedExecution) -> None:
        """Let a long-running job run again: at once, but for one that ends again and again."""
        if ended.lasted >= STEADY_SECONDS:
            self._restarts.pop(ended.job_id, None)
            return
        pause = self._restarts.setdefault(ended.job_id, Backoff(0.25, STEADY_SECONDS)).next()
        self._search.hold_back(ended.job_id, pause)

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._beaten >= HEARTBEAT_SECONDS:
            self._heartbeat.beat(self._hostname, self._note())
            self._give_up_silent_clock()
            self._beaten = now
        if now - self._reconciled >= RECONCILE_SECONDS:
            self._reconcile()

    def _give_up_silent_clock(self) -> None:
        """Have another execution keep the time where the node that does is cut off."""
        silent = self._node_clock.silent() if CLOCK_JOB in self._on_nodes else None
        if silent is not None:
            log.error(SILENT, extra={"execution_id": silent})
            self._inbox.tasks_ended([(silent, ReportFailure(kind=NODE_LOST, message=SILENT))])
            self._engine.kill(silent)

    def _have_nodes(self) -> bool:
        """Whether something may be placed on a node; from any thread."""
        return any(not one.is_paused for one in self._there.nodes or ())

    def _note(self) -> SchedulerNote:
        """What other processes cannot know; the numbers are of the last pass."""
        nodes = self._there.nodes or ()
        return SchedulerNote(
            places=self._engine.mode == EngineMode.OFFER,
            runs_containers=self._engine.runs_containers,
            slots=self._tasks.slots(),
            on_nodes=sorted(self._on_nodes),
            held_back=list(self._search.held_back),
            standing=self._search.standing,
            master=MasterNote.of(self._engine.link(), self._context.now()),
            taken={
                one.agent_id: one.total - one.free - self._load.used(one.agent_id)
                for one in nodes
                if one.agent_id in self._offered  # what was given back says nothing
            },
            lacking=self._lacking.lacking(),
        )

    def _kill(self, execution_ids: Collection[int]) -> None:
        """End executions, each once."""
        canceled = set(execution_ids)
        for execution_id in sorted(canceled - self._killed):
            log.debug("The job was canceled: ending what runs of it", extra={"execution_id": execution_id})
            if not self._tasks.cancel(execution_id):
                self._engine.kill(execution_id)
        self._killed = canceled

    def _offers(self) -> dict[str, list[Offer]]:
        """What the engine offers, by the engine's name of the node."""
        self._gathering.begin()
        offers: dict[str, list[Offer]] = {}
        if self._engine.mode == EngineMode.OFFER:
            for offer in self._engine.offers():
                offers.setdefault(offer.agent_id, []).append(offer)
        return offers

    def _capacity(self, offers: Mapping[str, Sequence[Offer]]) -> Capacity:
        states = self._nodes.sync(self._engine.nodes())
        nodes = None
        if self._engine.mode == EngineMode.OFFER:
            nodes = [
                NodeFree(
                    node_id=state.id,
                    agent_id=agent_id,
                    free=_sum(offers.get(agent_id, ())),
                    total=state.total,
                    is_paused=state.is_paused,
                    ahead_seconds_left=self._load.ahead_seconds_left(agent_id) if self._engine.holds_launches else 0.0,
                    slow=self._load.slow(agent_id),
                    endless=self._load.endless(agent_id),
                )
                for agent_id, state in states.items()
            ]
        return Capacity(nodes, self._engine.runs_containers, self._tasks.slots(), self._on_nodes)

    def _claim(self, placements: Sequence[Placement], looked_at: Mapping[int, QueuedExecution]) -> Claimed:
        """Claim a group; where that fails, one by one, so that one execution cannot hold up all others."""
        try:
            return self._executions.claim(placements)
        except OperationalError:
            raise
        except Exception:  # whatever is wrong with one of them
            log.exception("A group could not be taken off the queue; trying one by one")
        claimed = Claimed([], [])
        for placement in placements:
            try:
                one = self._executions.claim([placement])
            except OperationalError:
                raise
            except Exception:  # as above; it is tried again later
                log.exception(
                    "An execution cannot be taken off the queue; it is tried again in %g s",
                    CLAIM_RETRY_SECONDS,
                    extra={"execution_id": placement.execution_id, "node_id": placement.node_id},
                )
                self._search.hold_back(looked_at[placement.execution_id].job_id, CLAIM_RETRY_SECONDS)
            else:
                claimed.add(one)
        return claimed

    def _start(
        self, claimed: Claimed, offers: Mapping[str, Sequence[Offer]], looked_at: Mapping[int, QueuedExecution]
    ) -> None:
        plans = [*claimed.plans, *self._node_tasks.ready(claimed.node_tasks)]
        self._context.telemetry.placed(len(plans) + len(claimed.system_tasks))
        if log.isEnabledFor(logging.DEBUG):
            _tell_placed(claimed)
        self._tasks.start(claimed.system_tasks)
        totals = {one.agent_id: one.total for one in self._engine.nodes()} if plans else {}
        launches = []
        for plan, agent_id in plans:
            self._load.started(looked_at[plan.execution_id], agent_id, totals.get(agent_id, Resources()))
            launches.append(Launch(plan, agent_id, tuple(offer.offer_id for offer in offers.get(agent_id, ()))))
        if not launches:
            return
        try:
            self._engine.launch(launches)
        except Exception:  # an engine must not; those that it did not take are found missing
            log.exception("The engine failed to launch %d executions", len(launches))
            self._reconcile()

    def _reconcile(self) -> None:
        """Have the engine compare what it runs with what the database says."""
        self._engine.reconcile([one.execution_id for one in self._executions.running() if not one.is_task])
        self._reconciled = time.monotonic()


def _tell_placed(claimed: Claimed) -> None:
    for plan, agent_id in claimed.plans:
        about = {"job_id": plan.job_id, "execution_id": plan.execution_id, "job_type": plan.job_type.name}
        log.debug("Placed on %s", agent_id or "the cluster", extra=about)
    for task in claimed.system_tasks:
        about = {"job_id": task.job_id, "execution_id": task.execution_id, "job_type": task.task}
        log.debug("Placed in this process", extra=about)


def _sum(offers: Sequence[Offer]) -> Resources:
    if not offers:  # of nearly all nodes of a full cluster
        return NOTHING
    if len(offers) == 1:  # nearly always, and of a thousand nodes
        return offers[0].resources
    return sum((offer.resources for offer in offers), NOTHING)
