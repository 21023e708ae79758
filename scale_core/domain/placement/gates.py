"""What keeps an execution from running whatever the nodes have free."""

from collections.abc import Callable, Iterator, Mapping

from scale_core.domain.placement.values import Demand, QueuedExecution, Why
from scale_generated.enums import WaitingReason as Reason

PAUSED = Why(Reason.SCHEDULER_PAUSED, "An operator has paused the scheduler.")


class Gates:
    """What an execution has to get past before a node is looked for.

    :param slots: how many more tasks of each of Scale's own job types may be started, by type name.
    :param is_task: whether an execution is a task of Scale's own process.
    :param runs_containers: whether the engine runs any.
    """

    def __init__(
        self,
        demand: Demand,
        slots: Mapping[str, int],
        is_task: Callable[[QueuedExecution], bool],
        *,
        runs_containers: bool,
    ) -> None:
        self._is_paused = demand.is_paused
        self._held_back = demand.held_back
        self._slots = dict(slots)
        self._is_task = is_task
        self._runs_containers = runs_containers
        self._placed: dict[int, int] = {}

    def placed(self, execution: QueuedExecution) -> None:
        """An execution was placed."""
        self._placed[execution.job_type_id] = self._placed.get(execution.job_type_id, 0) + 1
        if execution.job_type_name in self._slots and self._is_task(execution):
            self._slots[execution.job_type_name] -= 1

    def first(self, execution: QueuedExecution) -> Why | None:
        """What keeps an execution from running; None: nothing does."""
        return next(self.all(execution), None)

    def all(self, execution: QueuedExecution) -> Iterator[Why]:
        """All that keeps an execution from running."""
        yield from self._limits(execution)
        yield from self._pauses(execution)
        if execution.is_still_ending:
            yield Why(Reason.STILL_ENDING, "An earlier execution of the job is still being ended.")
        if execution.job_id in self._held_back:
            detail = "It could not be started, or ended soon after it was; it is tried again in a while."
            yield Why(Reason.HELD_BACK, detail)

    def _limits(self, execution: QueuedExecution) -> Iterator[Why]:
        name = execution.job_type_name
        if execution.max_scheduled is not None:
            running = execution.running_of_type + self._placed.get(execution.job_type_id, 0)
            if running >= execution.max_scheduled:
                detail = f"{running} executions of {name} run, and its max_scheduled is {execution.max_scheduled}."
                yield Why(Reason.MAX_SCHEDULED, detail, job_type_ids=(execution.job_type_id,))
        if self._is_task(execution):
            if self._slots.get(name, 1) <= 0:
                yield Why(Reason.TASKS_BUSY, _busy(execution))
        elif execution.uses_docker and not self._runs_containers:
            yield Why(Reason.NO_CONTAINERS, f"{name} needs a container, and the engine runs none.")

    def _pauses(self, execution: QueuedExecution) -> Iterator[Why]:
        if execution.is_type_paused:
            detail = f"The job type {execution.job_type_name} is paused."
            yield Why(Reason.JOB_TYPE_PAUSED, detail, job_type_ids=(execution.job_type_id,))
        if self._is_paused:
            yield PAUSED


def _busy(execution: QueuedExecution) -> str:
    busy = f"Scale runs as many tasks of {execution.job_type_name} as it takes at once."
    if not execution.lacking:
        return busy
    return f"Nodes lack something that it needs, such as a mount, so that it has to run inside Scale. {busy}"
