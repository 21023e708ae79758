"""What runs on agents where only speed matters: nothing."""

from collections.abc import Callable
from datetime import UTC, datetime

from fakes.mesos.agent import FakeAgent, Message
from fakes.mesos.executors import tell_report
from scale_engine_mesos.messages import execution_id, task_id
from scale_engine_mesos.wire import encode_step

STEPS = ("pre", "job", "post")


class NoopExecutor:
    """Tells of each task that it has completed, as it is launched; with ``holds`` that it runs, and no end but by a
    kill."""

    def __init__(self, agent: FakeAgent, framework_id: str, *, holds: bool) -> None:
        self._agent, self._framework_id, self._holds = agent, framework_id, holds

    def launch(self, task: Message) -> None:
        """Tell how it did."""
        number = _execution(task["task_id"]["value"])
        if self._holds:
            self._agent.update(self._framework_id, task_id(number), "TASK_RUNNING", data=encode_step("job"))
        else:
            self._end(number, "COMPLETED")

    def kill(self, task: str) -> None:
        """End it."""
        self._end(_execution(task), "CANCELED")

    def message(self, data: str) -> None:
        """It keeps no logs."""

    def shutdown(self) -> None:
        """There is nothing to end."""

    def _end(self, number: int, status: str) -> None:
        now = datetime.now(UTC).isoformat()
        step = {"started": now, "ended": now, "exit_code": 0}
        report = {"version": "1.0", "execution_id": number, "status": status, "steps": dict.fromkeys(STEPS, step)}
        tell_report(self._agent, self._framework_id, report)


def doing_nothing(*, holds: bool) -> Callable[[FakeAgent, str, Message], NoopExecutor]:
    """Makes such executors."""
    return lambda agent, framework_id, _info: NoopExecutor(agent, framework_id, holds=holds)


def _execution(task: str) -> int:
    number = execution_id(task)
    if number is None:
        raise ValueError(f"{task} is no execution")
    return number
