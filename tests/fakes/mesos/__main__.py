"""``python -m fakes.mesos``: a cluster in a process of its own, whose agents do nothing, until its input ends.

It prints the address of its leading master first. Benchmarks use it: what it costs is not to be taken for Scale's.
"""

import argparse
import sys

from fakes.mesos.agent import REAL_RESEND_SECONDS
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.noop import doing_nothing

ALLOCATION_SECONDS = 1.0
"""The default of real masters."""


def main() -> None:
    """Serve a cluster."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1)
    parser.add_argument("--cpus", type=int, default=16, help="of each agent")
    parser.add_argument("--holds", action="store_true", help="tasks run on until they are killed")
    given = parser.parse_args()
    total = {"cpus": given.cpus * 1000, "mem": 65_536_000, "disk": 1_000_000_000}
    executors = doing_nothing(holds=given.holds)
    with FakeCluster(
        executors,
        given.agents,
        total,
        masters=1,
        allocation_interval=ALLOCATION_SECONDS,
        resend_seconds=REAL_RESEND_SECONDS,
    ) as cluster:
        print(cluster.masters, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
