"""Facts about the machine, without which figures mean nothing."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def facts(work: Path) -> dict[str, str]:
    """What was measured, where, and when.

    :param work: the folder with the database and the files.
    """
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Scale": f"{version('scale-processing')}, {_commit()}",
        "CPU": f"{_cpu_model()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "load before": " ".join(f"{one:.2f}" for one in os.getloadavg()),
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "file system": file_system(work),
    }


def file_system(path: Path) -> str:
    """The type of the file system that holds ``path``."""
    real = path.resolve()
    found = ("", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _device, mount, kind, *_ = line.split()
        if real.is_relative_to(mount) and len(mount) >= len(found[0]):
            found = (mount, kind)
    return found[1]


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "no commit known"
    asked = [git, "-C", str(CHECKOUT), "describe", "--always", "--dirty"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return f"commit {done.stdout.strip()}" if done.returncode == 0 else "no commit known"
