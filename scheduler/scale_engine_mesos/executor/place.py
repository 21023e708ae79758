"""What an agent tells the executor that it starts, in environment variables (Mesos, "Executor HTTP API")."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from scale_engine_mesos.executor.tls import agent_context

TOKEN: Final = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN"  # noqa: S105 - its name
DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|secs|mins|hrs|days|weeks)")
UNITS: Final = {
    "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "secs": 1.0, "mins": 60.0, "hrs": 3600.0, "days": 86400.0, "weeks": 604800.0
}  # fmt: skip


class NoAgent(Exception):
    """No agent has started this process, or it told something that is not understood."""


@dataclass(frozen=True, slots=True)
class Place:
    """``endpoint`` is the agent's ``host:port``; ``sandbox`` the executor's folder, for the agent ``directory``.
    Times are in seconds: ``recovery`` how long an agent may be away, ``backoff`` the longest pause before it is asked
    again, ``grace`` what the executor has for its end. ``token`` proves who it is; empty: nobody asks."""

    framework_id: str
    executor_id: str
    endpoint: str
    sandbox: Path
    directory: str
    checkpoint: bool
    recovery: float
    backoff: float
    grace: float
    token: str
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """From the variables.

        :raises NoAgent: one is missing or wrong.
        """
        directory = environ.get("MESOS_DIRECTORY") or _needed(environ, "MESOS_SANDBOX")
        return cls(
            framework_id=_needed(environ, "MESOS_FRAMEWORK_ID"),
            executor_id=_needed(environ, "MESOS_EXECUTOR_ID"),
            endpoint=_needed(environ, "MESOS_AGENT_ENDPOINT"),
            sandbox=Path(environ.get("MESOS_SANDBOX") or directory),
            directory=directory,
            checkpoint=_is_true(environ, "MESOS_CHECKPOINT"),
            recovery=_seconds(environ, "MESOS_RECOVERY_TIMEOUT", "15mins"),
            backoff=_seconds(environ, "MESOS_SUBSCRIPTION_BACKOFF_MAX", "2secs"),
            grace=_seconds(environ, "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "5secs"),
            token=environ.get(TOKEN, ""),
            tls=_tls(environ),
        )


def _needed(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        raise NoAgent(f"The variable {name} is not set: this program is started by a Mesos agent, not by hand.")
    return environ[name]


def _is_true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() in {"1", "true"}


def _seconds(environ: Mapping[str, str], name: str, default: str) -> float:
    given = environ.get(name) or default
    match = DURATION.fullmatch(given)
    if match is None:
        raise NoAgent(f"The variable {name} is {given!r}; it must be a duration such as {default}.")
    return float(match[1]) * UNITS[match[2]]


def _tls(environ: Mapping[str, str]) -> ssl.SSLContext | None:
    """How the agent's endpoint is encrypted."""
    if not _is_true(environ, "LIBPROCESS_SSL_ENABLED") and not _is_true(environ, "SSL_ENABLED"):
        return None
    file = environ.get("LIBPROCESS_SSL_CA_FILE") or environ.get("SSL_CA_FILE")
    try:
        return agent_context(file, _needed(environ, "MESOS_AGENT_ENDPOINT").rpartition(":")[0].strip("[]"))
    except (OSError, ssl.SSLError) as error:
        raise NoAgent(f"The agent's certificates ({file}) cannot be read: {error}") from error
