"""One running execution."""

from dataclasses import dataclass, field

from scale_core.interfaces.cancel import CancelSwitch
from scale_core.interfaces.engine import EngineListener, ExecutionPlan, ExecutionStarted, Resources


@dataclass(slots=True)
class Run:
    """What the engine knows of a running execution, and the runner's hand to it (a ``RunControl``).

    ``lost`` is set where the engine gave it up.
    """

    plan: ExecutionPlan
    listener: EngineListener
    switch: CancelSwitch = field(default_factory=CancelSwitch)
    lost: bool = False

    def canceled(self) -> bool:
        """Whether it is to end."""
        return self.switch.is_set()

    def cancel_fd(self) -> int:
        """What a wait can watch."""
        return self.switch.fd

    def step_started(self, step: str) -> None:
        """Pass it on."""
        self.listener.notify(ExecutionStarted(self.plan.execution_id, step))

    def process_started(self, pid: int) -> None:
        """Nothing to note: its processes are found by their folder."""


def plan_resources(plan: ExecutionPlan) -> Resources:
    """What an execution takes of the machine."""
    needs = plan.resources
    return Resources(needs.cpus, needs.mem, needs.disk_in + needs.disk_out)
