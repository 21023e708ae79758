"""What a container is to be like, for the Docker engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from docker.types import Mount, Ulimit

from scale_core.interfaces.containers import ContainerSettings
from scale_core.runner.containers.layout import Bind
from scale_core.runner.limits import MIB, Limits

PERIOD: Final = 100_000
"""Microseconds in which a container gets its share of the processors."""

LEAST_QUOTA: Final = 1_000
"""Microseconds; less cannot be given."""

LEAST_MEMORY: Final = 6 * MIB
"""Bytes; the Docker engine accepts no lower limit."""


@dataclass(frozen=True, slots=True)
class Container:
    """A command that is to run in a container.

    ``image`` is the id of its image, ``arguments`` go to the image's entry point if it has one, ``variables`` are added
    to the image's own; ``folder`` is the working folder; ``cpus`` 0: as many as there are.
    """

    execution_id: int
    image: str
    arguments: Sequence[str]
    variables: Mapping[str, str]
    folder: str
    user: tuple[int, int]
    binds: Sequence[Bind]
    cpus: float
    limits: Limits
    privileged: bool
    has_init: bool


def create_options(container: Container, name: str) -> dict[str, Any]:
    """What ``APIClient.create_container`` takes, without the host's part.

    :param name: what the container is called.
    """
    return {
        "image": container.image,
        "command": list(container.arguments),
        "environment": dict(container.variables),
        "working_dir": container.folder,
        "user": "{}:{}".format(*container.user),
        "name": name,
        "labels": {"scale.execution": str(container.execution_id), "scale.folder": container.folder},
        "healthcheck": {"test": ["NONE"]},
        "use_config_proxy": False,
    }


def host_options(container: Container, settings: ContainerSettings) -> dict[str, Any]:
    """What ``APIClient.create_host_config`` takes: nothing that the command does not need, unless it is privileged."""
    return {
        "mounts": [_mount(bind) for bind in container.binds],
        "network_mode": settings.network,
        "userns_mode": "host",  # numbers of users mean the same inside and outside
        "init": container.has_init,
        "log_config": {"type": "none"},
        "pids_limit": settings.pids,
        "ulimits": _ulimits(container.limits),
        **_shares(container),
        **(_privileges() if container.privileged else _restrictions()),
    }


def _mount(bind: Bind) -> Mount:
    return Mount(bind.target, bind.source, type="bind", read_only=bind.read_only, propagation="rprivate")


def _ulimits(limits: Limits) -> list[Ulimit]:
    """Bound what can be written between two looks at the folder."""
    if not limits.disk:
        return []
    return [Ulimit(name="fsize", soft=limits.disk + MIB, hard=limits.disk + MIB)]


def _shares(container: Container) -> dict[str, Any]:
    shares: dict[str, Any] = {}
    if container.cpus:
        shares |= {"cpu_period": PERIOD, "cpu_quota": max(LEAST_QUOTA, round(container.cpus * PERIOD))}
    if container.limits.memory:
        memory = max(LEAST_MEMORY, container.limits.memory)
        shares |= {"mem_limit": memory, "memswap_limit": memory}  # together with swap: there is none
    return shares


def _privileges() -> dict[str, Any]:
    return {"privileged": True}


def _restrictions() -> dict[str, Any]:
    return {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"], "read_only": True}
