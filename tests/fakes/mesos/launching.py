"""What a master makes of ACCEPT."""

import time
from typing import TYPE_CHECKING, Any

from fakes.mesos.amounts import Amounts, amounts, fits, plus, said
from fakes.mesos.framework import FrameworkRecord, TaskRecord

if TYPE_CHECKING:
    from fakes.mesos.master import FakeMaster

Message = dict[str, Any]


def accept(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    """Launch the tasks; what is left is declined with the call's filter."""
    ids = [one["value"] for one in call.get("offer_ids", [])]
    tasks = [
        task
        for operation in call.get("operations", [])
        if operation["type"] == "LAUNCH"
        for task in operation["launch"].get("task_infos", [])
    ]
    trouble = _invalid(record, ids)
    offers = [record.offers.pop(one) for one in ids if one in record.offers]
    if trouble:
        for task in tasks:
            state = "TASK_DROPPED" if record.has("PARTITION_AWARE") else "TASK_LOST"
            message = f"Task launched with invalid offers: {trouble}"
            _refuse(record, task, state, "REASON_INVALID_OFFERS", message)
        return
    agent_id = offers[0].agent_id
    tasks = [_allocated(task, offers[0].role) for task in tasks]
    room: Amounts = {}
    for offer in offers:
        room = plus(room, offer.resources)
    for task in tasks:
        needs = _needs(master, record, task, agent_id)
        fault = _role_fault(record, task, offers[0].role) or _fault(master, record, task, agent_id, needs, room)
        if fault:
            _refuse(record, task, "TASK_ERROR", "REASON_TASK_INVALID", fault)
            continue
        room = plus(room, needs, -1)
        task_id = task["task_id"]["value"]
        executor_id = task["executor"]["executor_id"]["value"] if "executor" in task else task_id
        record.tasks[task_id] = TaskRecord(task_id, agent_id, amounts(task["resources"]), executor_id)
        master.agents[agent_id].run(record.framework_id, task)
    seconds = call.get("filters", {}).get("refuse_seconds", 5.0)
    record.refuse(offers[0], {name: value for name, value in room.items() if value > 0}, seconds)


def _invalid(record: FrameworkRecord, ids: list[str]) -> str:
    if not ids:
        return "No offers specified"
    if len(set(ids)) < len(ids):
        return "Duplicate offer in offer list"
    gone = [one for one in ids if one not in record.offers]
    if gone:
        return f"Offer {gone[0]} is no longer valid"
    if len({record.offers[one].agent_id for one in ids}) > 1:
        return "Aggregated offers must belong to one single agent"
    roles = [record.offers[one].role for one in ids]
    for one, role in zip(ids, roles, strict=True):
        if role != roles[0]:
            return (
                "Aggregated offers must be allocated to the same role. "
                f"Offer {one} uses role '{role} but another is using role '{roles[0]}"
            )
    return ""


def _allocated(task: Message, role: str) -> Message:
    """A task that says of what it and its executor use whom it is allocated to, also where the framework has not."""
    about = {"allocation_info": {"role": role}}
    made = task | {"resources": [about | one for one in task.get("resources", [])]}
    if "resources" in task.get("executor", {}):
        resources = [about | one for one in task["executor"]["resources"]]
        made["executor"] = task["executor"] | {"resources": resources}
    return made


def _role_fault(record: FrameworkRecord, task: Message, role: str) -> str:
    """What is wrong with whose resources a task and its executor use."""
    for one in (*task.get("resources", []), *task.get("executor", {}).get("resources", [])):
        if one["allocation_info"]["role"] != role:
            return f"Invalid task resources: allocated to {one['allocation_info']['role']}, offered to {role}"
        if "reservations" in one and ("role" in one or "reservation" in one):
            return "Task uses invalid resources: mixes formats of reservations"
        if "reservations" in one and not record.has("RESERVATION_REFINEMENT"):
            return "Task uses invalid resources: the framework is not RESERVATION_REFINEMENT capable"
    return ""


def _needs(master: "FakeMaster", record: FrameworkRecord, task: Message, agent_id: str) -> Amounts:
    """With those of its executor, where it is not there yet."""
    needs = amounts(task.get("resources", []))
    executor = task.get("executor")
    if executor and (record.framework_id, executor["executor_id"]["value"]) not in master.agents[agent_id].executors:
        needs = plus(needs, amounts(executor.get("resources", [])))
    return needs


def _fault(
    master: "FakeMaster", record: FrameworkRecord, task: Message, agent_id: str, needs: Amounts, room: Amounts
) -> str:
    task_id = task["task_id"]["value"]
    if ("executor" in task) == ("command" in task):
        return f"Task '{task_id}' should have at least one (but not both) of CommandInfo or ExecutorInfo present"
    if task["agent_id"]["value"] != agent_id:
        return f"Task '{task_id}' uses invalid agent {task['agent_id']['value']} while agent {agent_id} is expected"
    if task_id in record.tasks:
        return f"Task has duplicate ID: {task_id}"
    if not task.get("resources"):
        return f"Task '{task_id}' uses no resources"
    if not fits(needs, room):
        return (
            f"Total resources {said(needs, '')} required by task and its executor is more than available {said(room)}"
        )
    return _executor_fault(master, record, task["executor"], agent_id) if "executor" in task else ""


def _executor_fault(master: "FakeMaster", record: FrameworkRecord, executor: Message, agent_id: str) -> str:
    if executor.get("framework_id", {}).get("value") != record.framework_id:
        return "ExecutorInfo has an invalid FrameworkID"
    there = master.agents[agent_id].executors.get((record.framework_id, executor["executor_id"]["value"]))
    if there is not None and there[0] != executor:
        return "ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID"
    return ""


def _refuse(record: FrameworkRecord, task: Message, state: str, reason: str, message: str) -> None:
    status = {
        "task_id": task["task_id"],
        "state": state,
        "message": message,
        "source": "SOURCE_MASTER",
        "reason": reason,
        "agent_id": task["agent_id"],
        "timestamp": time.time(),
    }
    record.send_status(status)
