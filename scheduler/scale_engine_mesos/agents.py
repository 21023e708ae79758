"""Asking a master for its agents: ``GET_AGENTS`` of ``/api/v1``, or ``/slaves`` before Mesos 1.0 (Mesos, "Operator HTTP
API", "HTTP Endpoints")."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any

from scale_engine_mesos.roles import EVERYBODY
from scale_engine_mesos.transport import Broken, Refused, get, post

Agent = dict[str, Any]

NOT_THERE = frozenset({http.HTTPStatus.NOT_FOUND, http.HTTPStatus.NOT_IMPLEMENTED})


def ask_for_agents(connection: http.client.HTTPConnection, headers: dict[str, str]) -> list[Agent]:
    """The agents that a master has, as ``GET_AGENTS`` tells them.

    :raises Refused, Redirected, OSError, http.client.HTTPException: there is no answer.
    :raises Broken: the answer is not understood.
    """
    try:
        answer = post(connection, "/api/v1", {"type": "GET_AGENTS"}, headers).read()
    except Refused as error:
        if error.status not in NOT_THERE:
            raise
        return old_agents(get(connection, "/slaves", headers).read())
    agents: list[Agent] = json.loads(answer)["get_agents"].get("agents", [])
    return agents


def old_agents(answer: bytes) -> list[Agent]:
    """The agents in the answer to ``/slaves``.

    :raises Broken: it is not understood.
    """
    try:
        return [_agent(one) for one in json.loads(answer)["slaves"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Broken(f"The answer to /slaves is not understood: {error!r}") from error


def _agent(slave: Mapping[str, Any]) -> Agent:
    about = {
        "id": {"value": slave["id"]},
        "hostname": slave["hostname"],
        "port": int(slave.get("port") or slave["pid"].rpartition(":")[2]),
    }
    shares = {EVERYBODY: slave.get("unreserved_resources", slave["resources"])} | slave.get("reserved_resources", {})
    resources = [one for role, amounts in shares.items() for one in _resources(role, amounts)]
    return {"agent_info": about, "active": slave.get("active", True), "total_resources": resources}


def _resources(role: str, amounts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Ranges, such as ports, are text, and left out."""
    for name, amount in amounts.items():
        if isinstance(amount, int | float) and amount > 0:
            yield {"name": name, "type": "SCALAR", "scalar": {"value": float(amount)}, "role": role}
