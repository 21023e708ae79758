"""The messages that launch an execution."""

import hashlib
import json
from typing import Any

from scale_core import __version__
from scale_core.interfaces.engine import ExecutionPlan, needs_of
from scale_engine_mesos.node_settings import encode_settings
from scale_engine_mesos.options import Options
from scale_engine_mesos.resources import merged, nearest_first, take
from scale_engine_mesos.wire import encode_plan

TASK_PREFIX = "scale-"


def task_id(execution_id: int) -> str:
    """The id of the task that is an execution."""
    return f"{TASK_PREFIX}{execution_id}"


def execution_id(task: str) -> int | None:
    """The execution that a task is; None: it is none of ours."""
    number = task.removeprefix(TASK_PREFIX)
    return int(number) if number != task and number.isdigit() else None


class Executor:
    """Scale's executor, one on each node for each role. Its id tells its release, command and settings, and what its
    resources are made of: a node refuses others of that id, and a plan is read by an executor of the release that made
    it."""

    def __init__(self, options: Options) -> None:
        value, *arguments = options.executor
        command: dict[str, Any] = {"shell": False, "value": value, "arguments": [value, *arguments]}
        if options.executor_uri:
            command["uris"] = [{"value": options.executor_uri, "extract": True, "executable": False}]
        self.overhead = options.overhead
        data = encode_settings(options)
        self._info: dict[str, Any] = {"name": "Scale", "type": "CUSTOM", "command": command, "data": data}

    def info(self, framework_id: str, role: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
        """The ``ExecutorInfo`` of the one that takes its resources from ``entries``, which are left as they are.

        :param role: whom those are allocated to.
        """
        resources = merged(take(nearest_first(dict(one) for one in entries), self.overhead))
        about = json.dumps([__version__, self._info, role, resources], sort_keys=True)
        executor_id = f"{TASK_PREFIX}{hashlib.sha256(about.encode()).hexdigest()[:12]}"
        return self._info | {
            "executor_id": {"value": executor_id},
            "framework_id": {"value": framework_id},
            "resources": resources,
        }


def task_info(
    plan: ExecutionPlan, agent_id: str, entries: list[dict[str, Any]], executor: dict[str, Any]
) -> dict[str, Any]:
    """The ``TaskInfo`` of an execution, whose resources are taken out of ``entries``."""
    return {
        "name": f"{plan.job_type.name} {plan.job_type.version}",
        "task_id": {"value": task_id(plan.execution_id)},
        "agent_id": {"value": agent_id},
        "resources": take(entries, needs_of(plan)),
        "executor": executor,
        "data": encode_plan(plan),
    }
