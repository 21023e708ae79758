"""What an agent answers to executors, and what it refuses (Mesos, "Executor HTTP API")."""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from typing import Any

from fakes.mesos.faults import Fault

Message = dict[str, Any]

TYPES = frozenset({"SUBSCRIBE", "UPDATE", "MESSAGE"})
REQUIRED = {
    "SUBSCRIBE": ("subscribe",),
    "UPDATE": ("update.status.task_id.value", "update.status.state", "update.status.source", "update.status.uuid"),
    "MESSAGE": ("message.data",),
}


def read_executor_call(method: str, headers: Mapping[str, str], body: bytes) -> Message:
    """The call in a request.

    :raises Fault: it is wrong.
    """
    if method != "POST":
        raise Fault(405, f"Expecting one of {{ 'POST' }}, but received '{method}'.", (("Allow", "POST"),))
    if headers.get("Content-Type") != "application/json":
        raise Fault(415, "Expecting 'Content-Type' of application/json or application/x-protobuf")
    try:
        call: Message = json.loads(body)
    except ValueError as error:
        raise Fault(400, f"Failed to parse body into JSON: {error}") from error
    if call.get("type") not in TYPES:
        raise Fault(400, "Failed to validate executor::Call: Expecting 'type' to be present")
    for path in ("framework_id.value", "executor_id.value", *REQUIRED[call["type"]]):
        _require(call, path)
    if call["type"] == "SUBSCRIBE" and "json" not in headers.get("Accept", "json"):
        raise Fault(406, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'")
    if call["type"] == "UPDATE":
        _check_status(call, call["update"]["status"])
    return call


def _require(call: Message, path: str) -> None:
    at: Any = call
    for name in path.split("."):
        at = at.get(name) if isinstance(at, dict) else None
        if at is None:
            raise Fault(400, f"Failed to convert JSON into Call protobuf: Missing required fields: {path}")


def _check_status(call: Message, status: Message) -> None:
    try:
        uuid.UUID(bytes=base64.b64decode(status["uuid"], validate=True))
    except (binascii.Error, ValueError) as error:
        raise Fault(400, f"Failed to validate executor::Call: Not a valid UUID: {error}") from error
    if status["source"] != "SOURCE_EXECUTOR":
        raise Fault(400, "Failed to validate executor::Call: invalid 'source', expecting 'SOURCE_EXECUTOR'")
    if status["state"] == "TASK_STAGING":
        raise Fault(400, "Failed to validate executor::Call: TASK_STAGING which is not allowed")
    if status.get("executor_id", call["executor_id"]) != call["executor_id"]:
        raise Fault(400, "Failed to validate executor::Call: ExecutorID in Call does not match that in TaskStatus")
