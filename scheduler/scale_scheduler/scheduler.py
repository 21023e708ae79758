"""The scheduler's loop: records what ended, places what can run, starts it."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy.exc import OperationalError

from scale_core.interfaces.engine import Engine, EngineMode, Launch, Offer, PlanRunner, Resources
from scale_core.services.context import Context
from scale_core.services.endings import Ended, EndingService, failure_report, task_report
from scale_core.services.executions import Claimed, ExecutionService, Placement, QueuedExecution, QueueView
from scale_core.services.heartbeat import HeartbeatService
from scale_core.services.nodes import NodeService
from scale_scheduler.backoff import Backoff
from scale_scheduler.inbox import Inbox
from scale_scheduler.placement import Capacity, Decision, NodeFree, Reason, Waiting, all_waiting, place
from scale_scheduler.tasks import SystemTasks

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 3.0
RECONCILE_SECONDS = 60.0

WINDOW = 500
"""How far along the queue a pass looks. Where nothing of that can be placed though something is free, it looks
further."""
WIDEST_WINDOW = 32_000
LOOK_FAR_SECONDS = 5.0
"""How long it does not look further again after that was in vain."""

CLAIM_RETRY_SECONDS = 30.0
STOPPED = "Scale was stopped while it ran; it is started again."
RESTARTED = "Scale ended while it ran; it is started again."


class Scheduler:
    """Places queued executions on an engine. One thread runs :meth:`run`; :meth:`stop` may be called from any.

    :param run_plan: gives the runner to engines that run plans in this process.
    """

    def __init__(self, context: Context, engine: Engine, run_plan: Callable[[], PlanRunner]) -> None:
        self._context = context
        self._engine = engine
        self._run_plan = run_plan
        self._executions = ExecutionService(context)
        self._endings = EndingService(context)
        self._nodes = NodeService(context)
        self._heartbeat = HeartbeatService(context)
        self._inbox = Inbox(context.queue_changed.set, context.now)
        self._tasks = SystemTasks(context, self._inbox.tasks_ended)
        self._stopping = threading.Event()
        self._is_open = False
        self._killed: set[int] = set()
        self._held_back: dict[int, float] = {}
        self._waiting: Mapping[int, Waiting] = {}
        self._beaten = self._reconciled = self._looked_far = float("-inf")
        self._hostname = socket.gethostname()

    def waiting(self, execution_id: int) -> Waiting | None:
        """Why a queued execution was not placed in the last pass; None: it was, or it was not looked at."""
        return self._waiting.get(execution_id)

    def run(self) -> None:
        """Work until :meth:`stop`. What fails is logged and tried again; this method never ends by itself."""
        backoff = Backoff()
        if not self._until_it_works(self._engine_started, backoff):
            return
        try:
            self._until_it_works(self.settle, backoff)
            while not self._stopping.is_set():
                if self._until_it_works(self.run_once, backoff):
                    self._context.queue_changed.wait(POLL_SECONDS)
        finally:
            self.close()

    def stop(self) -> None:
        """Have :meth:`run` end what runs and return; returns at once."""
        self._stopping.set()
        self._context.queue_changed.set()

    def _until_it_works(self, step: Callable[[], None], backoff: Backoff) -> bool:
        """Do ``step``, again and again if it fails; False: stopped before it worked."""
        while not self._stopping.is_set():
            try:
                step()
            except Exception:  # the scheduler must outlive whatever the database or an engine does
                delay = backoff.next()
                log.exception("The scheduler failed; it goes on in %g s", delay)
                self._stopping.wait(delay)
            else:
                backoff.reset()
                return True
        return False

    def open(self) -> None:
        """Start the engine and the threads for Scale's own tasks."""
        self._tasks.open()
        self._engine.start(self._inbox, self._run_plan)
        self._is_open = True

    def _engine_started(self) -> None:
        if not self._is_open:
            self.open()

    def settle(self) -> None:
        """Decide what becomes of the executions that an earlier process left running."""
        left = self._executions.running()
        self._endings.lost([(one.execution_id, RESTARTED) for one in left if one.is_system])
        self._engine.reconcile([one.execution_id for one in left if not one.is_system])
        self._reconciled = time.monotonic()
        if left:
            log.info("%d executions were left by an earlier process", len(left))

    def run_once(self) -> None:
        """One pass: record, end what was canceled, place, start."""
        self._record()
        self._beat()
        view = self._executions.look(WINDOW)
        self._kill(view.canceled)
        if view.is_paused:
            self._remember(all_waiting(view.queue, Reason.SCHEDULER_PAUSED, "An operator has paused the scheduler."))
            return
        decision, offers = self._decide(view)
        self._remember(decision)
        if decision.placements:
            self._start(self._claim(decision.placements), offers)

    def close(self) -> None:
        """End what runs, within the grace period, and record how it ended."""
        deadline = time.monotonic() + self._context.settings.grace_seconds
        self._tasks.close(deadline - time.monotonic())
        try:
            self._engine.stop(max(0.0, deadline - time.monotonic()))
            self._record()
            left = [one.execution_id for one in self._executions.running() if one.is_system]
            self._endings.lost([(execution_id, STOPPED) for execution_id in left])
            self._heartbeat.stop()
        except Exception:  # the last step of a process; the next one settles what is left
            log.exception("The scheduler could not record how it stopped; it does so at the next start")
        log.info("The scheduler has stopped")

    def _record(self) -> None:
        """Record in one go whatever the engine and the tasks have told."""
        news = self._inbox.take()
        losses = [failure_report(execution_id, "node-lost", message) for execution_id, message in news.losses]
        tasks = [task_report(execution_id, failure) for execution_id, failure in news.ended_tasks]
        self._ended(self._endings.finish([*news.reports, *losses, *tasks]))
        self._executions.step_started(news.started)
        self._inbox.done()

    def _ended(self, ended: Sequence[Ended]) -> None:
        """Have long-running jobs wait a little before they run again."""

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._beaten >= HEARTBEAT_SECONDS:
            self._heartbeat.beat(self._hostname)
            self._beaten = now
        if now - self._reconciled >= RECONCILE_SECONDS:
            self._engine.reconcile([one.execution_id for one in self._executions.running() if not one.is_system])
            self._reconciled = now

    def _kill(self, execution_ids: Collection[int]) -> None:
        """End executions, each once."""
        canceled = set(execution_ids)
        for execution_id in sorted(canceled - self._killed):
            if not self._tasks.cancel(execution_id):
                self._engine.kill(execution_id)
        self._killed = canceled

    def _decide(self, view: QueueView) -> tuple[Decision, dict[str, list[Offer]]]:
        """Place what the nodes can take, looking further along the queue where its head cannot be placed."""
        offers: dict[str, list[Offer]] = {}
        if self._engine.mode == EngineMode.OFFER:
            for offer in self._engine.offers():
                offers.setdefault(offer.agent_id, []).append(offer)
        capacity = self._capacity(offers)
        decision, is_whole_queue = place(self._without_held_back(view.queue), capacity), view.is_whole
        now = time.monotonic()
        if not (decision.placements or is_whole_queue) and _has_room(capacity) and now >= self._looked_far:
            window = WINDOW
            while not (decision.placements or is_whole_queue) and window < WIDEST_WINDOW:
                window *= 4
                decision, is_whole_queue = self._place(window, capacity)
            if not decision.placements:
                self._looked_far = now + LOOK_FAR_SECONDS
        return decision, offers

    def _place(self, window: int, capacity: Capacity) -> tuple[Decision, bool]:
        """Place what the first ``window`` executions of the queue allow; whether those are all."""
        queue = self._executions.queue(window)
        return place(self._without_held_back(queue), capacity), len(queue) < window

    def _capacity(self, offers: Mapping[str, Sequence[Offer]]) -> Capacity:
        states = self._nodes.sync(self._engine.nodes())
        nodes = None
        if self._engine.mode == EngineMode.OFFER:
            nodes = [
                NodeFree(state.id, agent_id, _sum(offers.get(agent_id, ())), state.total, state.is_paused)
                for agent_id, state in states.items()
            ]
        return Capacity(nodes, self._engine.runs_containers, self._tasks.slots())

    def _remember(self, decision: Decision) -> None:
        self._waiting = {one.execution_id: one for one in decision.waiting}

    def _claim(self, placements: Sequence[Placement]) -> Claimed:
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
                log.exception("Execution cannot be taken off the queue", extra={"execution_id": placement.execution_id})
                self._held_back[placement.execution_id] = time.monotonic() + CLAIM_RETRY_SECONDS
            else:
                claimed.plans.extend(one.plans)
                claimed.system_tasks.extend(one.system_tasks)
        return claimed

    def _without_held_back(self, queue: list[QueuedExecution]) -> list[QueuedExecution]:
        if not self._held_back:
            return queue
        now = time.monotonic()
        self._held_back = {one: until for one, until in self._held_back.items() if until > now}
        return [one for one in queue if one.execution_id not in self._held_back]

    def _start(self, claimed: Claimed, offers: Mapping[str, Sequence[Offer]]) -> None:
        self._tasks.start(claimed.system_tasks)
        launches = [
            Launch(plan, agent_id, tuple(offer.offer_id for offer in offers.get(agent_id, ())))
            for plan, agent_id in claimed.plans
        ]
        if not launches:
            return
        try:
            self._engine.launch(launches)
        except Exception:  # an engine must not; those that it did not take are found missing
            log.exception("The engine failed to launch %d executions", len(launches))
            self._engine.reconcile([launch.plan.execution_id for launch in launches])


def _has_room(capacity: Capacity) -> bool:
    """Whether any node could take more at all."""
    if capacity.nodes is None:
        return True
    return any(one.free.cpus > 0 and one.free.mem > 0 for one in capacity.nodes if not one.is_paused)


def _sum(offers: Sequence[Offer]) -> Resources:
    return sum((offer.resources for offer in offers), Resources())
