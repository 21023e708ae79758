"""What this machine has."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scale_core.interfaces.engine import OptionError, Resources

MIB = 1 << 20
MEMINFO = Path("/proc/meminfo")
OPTIONS = ("cpus", "mem", "disk")


def machine_resources(folder: Path, options: Mapping[str, Any]) -> Resources:
    """All that executions may use: the options ``cpus``, ``mem`` and ``disk`` (MiB), else what the machine has: the
    processors this process may use, all memory, and what is free now on the file system of ``folder``.

    :raises OptionError: an option is no positive number.
    """
    cpus = _number(options, "cpus")
    mem = _number(options, "mem")
    disk = _number(options, "disk")
    return Resources(
        cpus=len(os.sched_getaffinity(0)) if cpus is None else cpus,
        mem=_total_memory() if mem is None else mem,
        disk=free_disk(folder) if disk is None else disk,
    )


def check_options(options: Mapping[str, Any]) -> None:
    """Raise OptionError for an option that is no positive number."""
    for name in OPTIONS:
        _number(options, name)


def free_disk(folder: Path) -> float:
    """Free space of the file system of ``folder`` in MiB."""
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize / MIB


def _total_memory() -> float:
    for line in MEMINFO.read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemTotal":
            return int(rest.split()[0]) / 1024
    raise OptionError(f"{MEMINFO} does not tell the machine's memory; set the engine's option 'mem' (MiB).")


def _number(options: Mapping[str, Any], name: str) -> float | None:
    """An option, which may be text where it comes from an environment variable."""
    given = options.get(name)
    if given is None:
        return None
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise OptionError(f"The option {name!r} of the engine 'local' is {given!r}; it must be a number above 0.")
    return number
