"""The options of the ``local`` engine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from scale_core.interfaces.containers import ContainerSettings
from scale_core.interfaces.engine import CustomAmounts, custom_amounts
from scale_core.interfaces.options import OptionError, amounts, number, switch

MIB = 1 << 20
DOCKER = ("auto", "on", "off")


@dataclass(frozen=True, slots=True)
class Options:
    """``cpus``, ``mem`` and ``disk`` (MiB) replace what the machine has, and
    ``resources`` (``gpus:2;licenses:5``) say what else it has; ``log_limit`` (MiB as option, bytes here) is
    what is kept of a log; ``kill_grace`` are the seconds between SIGTERM and SIGKILL; ``limits`` (``on`` or ``off``)
    says whether executions end that use more memory or disk than they require; ``docker`` (``on``, ``off`` or
    ``auto``: where Docker is there) says whether job types with an image run, ``docker_…`` how. Values may be text, as
    they are in environment variables."""

    cpus: float | None
    mem: float | None
    disk: float | None
    log_limit: int
    kill_grace: float
    limits: bool
    search_path: str
    docker: str
    custom: CustomAmounts
    containers: ContainerSettings | None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """From the engine's options by name.

        :raises OptionError: one has a value that it cannot have.
        """
        docker = _docker(options)
        return cls(
            cpus=number(options, "cpus", "local"),
            mem=number(options, "mem", "local"),
            disk=number(options, "disk", "local"),
            log_limit=int((number(options, "log_limit", "local") or 64.0) * MIB),
            kill_grace=number(options, "kill_grace", "local") or 5.0,
            limits=switch(options, "limits", "local", default=True),
            search_path=os.environ.get("PATH", os.defpath),
            docker=docker,
            custom=custom_amounts(amounts(options, "resources", "local")),
            containers=None if docker == "off" else ContainerSettings.of(options, "local"),
        )


def _docker(options: Mapping[str, Any]) -> str:
    given = options.get("docker", "auto")
    if isinstance(given, bool):
        return "on" if given else "off"
    if given not in DOCKER:
        raise OptionError.of("docker", "local", given, "be 'auto', 'on' or 'off'")
    return str(given)
