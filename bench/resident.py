"""Resident memory of Scale at the end."""

from bench.figures import Figure, Goal, Section
from bench.processes import memory
from bench.server import ScaleProcess

GOAL = Goal("median", "at most", 200.0, 200.0)


def measure(scale: ScaleProcess) -> Section:
    """What Scale and all processes below it hold after what they did so far."""
    used = memory(scale.pid)
    return Section(
        "Memory at the end",
        [
            Figure("resident memory of all processes (RSS)", "MiB", [used.rss], goal=GOAL),
            Figure("the same, shared pages in parts (PSS)", "MiB", [used.pss]),
        ],
        notes=["Of the one `scale up` that did the jobs, the single jobs and the files before."],
    )
