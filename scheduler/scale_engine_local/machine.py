"""What this machine has."""

import os
from pathlib import Path

from scale_core.interfaces.engine import OptionError, Resources
from scale_engine_local.options import MIB, Options

MEMINFO = Path("/proc/meminfo")


def machine_resources(folder: Path, options: Options) -> Resources:
    """All that executions may use: what the options say, else what the machine has: the processors that this process
    may use, all memory, and what is free now on the file system of ``folder``. Custom resources are
    those of the options.

    :raises OptionError: the machine does not tell its memory.
    """
    return Resources(
        cpus=len(os.sched_getaffinity(0)) if options.cpus is None else options.cpus,
        mem=_total_memory() if options.mem is None else options.mem,
        disk=free_disk(folder) if options.disk is None else options.disk,
        custom=options.custom,
    )


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
