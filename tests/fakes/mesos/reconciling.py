"""What a master tells of tasks by itself."""

import time
from typing import TYPE_CHECKING

from fakes.mesos.framework import FrameworkRecord, Message, TaskRecord

if TYPE_CHECKING:
    from fakes.mesos.master import FakeMaster

LATEST = "Reconciliation: Latest task state"


def reconcile(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    """Answer RECONCILE. Of tasks that may be on agents which are not back yet nothing is said."""
    asked = call["reconcile"].get("tasks", [])
    if not asked:
        for task in list(record.tasks.values()):
            tell(record, task, task.state, "REASON_RECONCILIATION", LATEST)
    for one in asked:
        task_id = one["task_id"]["value"]
        agent_id = one.get("agent_id", {}).get("value")
        known = record.tasks.get(task_id)
        if known is not None:
            tell(record, known, known.state, "REASON_RECONCILIATION", LATEST)
        elif not master.recovering or (agent_id is not None and agent_id not in master.recovering):
            tell_unknown(record, task_id, "TASK_GONE" if agent_id in master.agents else "TASK_UNKNOWN")


def tell(record: FrameworkRecord, task: TaskRecord, state: str, reason: str, message: str) -> None:
    """The state of a task."""
    about = {"reason": reason, "agent_id": {"value": task.agent_id}}
    _send(record, task.task_id, state, message, about)


def tell_unknown(record: FrameworkRecord, task_id: str, state: str) -> None:
    """There is no such task."""
    told = state if record.has("PARTITION_AWARE") else "TASK_LOST"
    _send(record, task_id, told, "Reconciliation: Task is unknown", {"reason": "REASON_RECONCILIATION"})


def _send(record: FrameworkRecord, task_id: str, state: str, message: str, about: Message) -> None:
    status = {
        "task_id": {"value": task_id},
        "state": state,
        "message": message,
        "source": "SOURCE_MASTER",
        "timestamp": time.time(),
    }
    record.send_status(status | about)
