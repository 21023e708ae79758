"""What a master answers to calls that are wrong."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

TYPES = frozenset(
    {"SUBSCRIBE", "TEARDOWN", "ACCEPT", "DECLINE", "ACCEPT_INVERSE_OFFERS", "DECLINE_INVERSE_OFFERS", "REVIVE", "KILL",
     "SHUTDOWN", "ACKNOWLEDGE", "RECONCILE", "MESSAGE", "REQUEST", "SUPPRESS"}
)  # fmt: skip
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "SUBSCRIBE": ("subscribe.framework_info",),
    "ACCEPT": ("accept",),
    "DECLINE": ("decline",),
    "KILL": ("kill.task_id",),
    "ACKNOWLEDGE": ("acknowledge.agent_id", "acknowledge.task_id", "acknowledge.uuid"),
    "RECONCILE": ("reconcile",),
    "MESSAGE": ("message.agent_id", "message.executor_id", "message.data"),
}


@dataclass
class Fault(Exception):
    """An answer that is no success."""

    status: int
    message: str
    headers: tuple[tuple[str, str], ...] = ()


def read_call(method: str, headers: Mapping[str, str], body: bytes, credential: str | None) -> dict[str, Any]:
    """The call in a request.

    :raises Fault: it is wrong.
    """
    if credential is not None and headers.get("Authorization") != credential:
        raise Fault(401, "", (("WWW-Authenticate", 'Basic realm="mesos-scheduler"'),))
    if method != "POST":
        message = f"405 Method Not Allowed. Expecting one of {{ 'POST' }}, but received '{method}'."
        raise Fault(405, message, (("Allow", "POST"),))
    kind = headers.get("Content-Type")
    if kind is None:
        raise Fault(400, "Expecting 'Content-Type' to be present")
    if kind != "application/json":
        raise Fault(415, "Expecting 'Content-Type' of application/json or application/x-protobuf")
    call = _parsed(body)
    if call.get("type") not in TYPES:
        raise Fault(400, "Failed to validate scheduler::Call: Expecting 'type' to be present")
    for path in REQUIRED.get(call["type"], ()):
        _require(call, path)
    if call["type"] == "SUBSCRIBE":
        _check_subscription(call, headers)
    return call


def basic(principal: str, secret: str) -> str:
    """The header of a credential."""
    return "Basic " + base64.b64encode(f"{principal}:{secret}".encode()).decode("ascii")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        call = orjson.loads(body)
    except ValueError as error:
        raise Fault(400, "Failed to parse body into JSON: syntax error at line 1 near: ") from error
    if not isinstance(call, dict):
        raise Fault(400, "Failed to parse body into JSON: not an object")
    return call


def _require(call: dict[str, Any], path: str) -> None:
    at: Any = call
    for name in path.split("."):
        at = at.get(name) if isinstance(at, dict) else None
        if at is None:
            message = f"Failed to convert JSON into Call protobuf: Missing required fields: {path}"
            raise Fault(400, message)


def _check_subscription(call: dict[str, Any], headers: Mapping[str, str]) -> None:
    accept = headers.get("Accept", "*/*")
    if not any(one in accept for one in ("*/*", "application/json", "application/x-protobuf")):
        raise Fault(406, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'")
    if "Mesos-Stream-Id" in headers:
        raise Fault(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header")
    info = call["subscribe"]["framework_info"]
    for name in ("user", "name"):
        _require({"subscribe": {"framework_info": info}}, f"subscribe.framework_info.{name}")
    if call.get("framework_id") != info.get("id"):
        raise Fault(
            400, "Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'"
        )
