"""The tests' Mesos master and agents, in a process of their own: what they use of a core is not Scale's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.figures import BenchFailure
from bench.machine import CHECKOUT

CPUS = 16
"""Of each agent; jobs take one, and the executor a part of another."""

ROOM = CPUS - 1


@dataclass(frozen=True, slots=True)
class ClusterProcess:
    """A cluster that runs: the address of its master, and the process."""

    address: str
    pid: int


@contextmanager
def mesos_cluster(agents: int, *, holds: bool) -> Iterator[ClusterProcess]:
    """A cluster, until this is left.

    :param holds: tasks run on, and do not end as they are launched.
    :raises BenchFailure: it does not start.
    """
    command = [sys.executable, "-m", "fakes.mesos", "--agents", str(agents), "--cpus", str(CPUS)]
    process = subprocess.Popen(
        command + (["--holds"] if holds else []),
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT / "tests")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        address = process.stdout.readline().strip() if process.stdout is not None else ""
        if not address:
            raise BenchFailure(f"{' '.join(command)} does not start")
        yield ClusterProcess(address, process.pid)
    finally:
        process.communicate()
