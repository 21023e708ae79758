"""Containers on a node: how they are run, for engines whose nodes have Docker."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self, cast, get_args

from scale_core.interfaces.options import OptionError, switch

Pull = Literal["missing", "always", "never"]

DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
SCHEME: Final = "unix://"
ANSWER_SECONDS: Final = 5.0
PIDS: Final = 4096
HIGHEST_ID: Final = (1 << 32) - 2


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """How a node agent runs containers, through the Docker engine of its own machine."""

    socket: str
    """Path of the engine's socket."""

    network: str = "none"
    """The Docker network that containers are in; none: they reach nothing."""

    pull: Pull = "missing"
    """Whether images are pulled: where the node has none of that name, before each execution, or never."""

    config: str | None = None
    """Path of a Docker configuration file with credentials for registries; None: that of the agent's user."""

    user: tuple[int, int] | None = None
    """Numbers of the user and the group that commands run as; None: the agent's own, and nobody's if that is root."""

    pids: int = PIDS
    """How many processes and threads a container may have."""

    allow_privileged: bool = False
    """Whether a job type may have its containers run privileged."""

    @classmethod
    def of(cls, options: Mapping[str, Any], engine: str) -> Self:
        """From the options ``docker_…`` of an engine.

        :param engine: its name, for messages.
        :raises OptionError: one has a value that it cannot have.
        """
        return cls(
            socket=_socket(str(options.get("docker_host") or _usual_host()), engine),
            network=str(options.get("docker_network") or "none"),
            pull=_pull(options.get("docker_pull", "missing"), engine),
            config=str(options["docker_config"]) if options.get("docker_config") else None,
            user=_user(options.get("docker_user"), engine),
            pids=_pids(options.get("docker_pids", PIDS), engine),
            allow_privileged=switch(options, "docker_allow_privileged", engine, default=False),
        )

    def trouble(self) -> str | None:
        """Why no container can run now; None where the Docker engine answers."""
        if self.config is not None and not Path(self.config).is_file():
            return f"there is no file {self.config}, which docker_config names"
        if not Path(self.socket).is_socket():
            return f"there is no socket {self.socket}"
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(ANSWER_SECONDS)
                line.connect(self.socket)
                line.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                answer = line.recv(256)
        except OSError as error:
            return f"the Docker engine at {self.socket} does not answer: {error}"
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            return f"what answers at {self.socket} is no Docker engine"
        return None


def _usual_host() -> str:
    """What Docker's own client would use, if that is on this machine."""
    host = os.environ.get("DOCKER_HOST", "")
    return host if host.startswith(SCHEME) else DEFAULT_HOST


def _socket(host: str, engine: str) -> str:
    path = host.removeprefix(SCHEME)
    if not host.startswith(SCHEME) or not Path(path).is_absolute():
        right = f"be a socket of this machine, such as {DEFAULT_HOST}: containers see folders of this machine"
        raise OptionError.of("docker_host", engine, host, right)
    return path


def _pull(given: Any, engine: str) -> Pull:
    if given not in get_args(Pull):
        raise OptionError.of("docker_pull", engine, given, f"be one of {', '.join(get_args(Pull))}")
    return cast("Pull", given)


def _user(given: Any, engine: str) -> tuple[int, int] | None:
    if given is None:
        return None
    numbers = str(given).split(":")
    if len(numbers) != 2 or not all(one.isdecimal() and int(one) <= HIGHEST_ID for one in numbers):
        right = "be the numbers of a user and a group, such as 1000:1000"
        raise OptionError.of("docker_user", engine, given, right)
    return int(numbers[0]), int(numbers[1])


def _pids(given: Any, engine: str) -> int:
    if not str(given).isdecimal() or not 2 <= int(given) <= 1 << 22:
        raise OptionError.of("docker_pids", engine, given, f"be a whole number from 2 to {1 << 22}")
    return int(given)
