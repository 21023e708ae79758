"""Which queued executions run where, now: a pure function of what asks, what nodes have free and what went before.

See docs/architecture.md, "How placement decides", and decision 0011.
"""

from scale_scheduler.placement.decide import all_waiting, place
from scale_scheduler.placement.turns import LONGEST_SECONDS
from scale_scheduler.placement.values import (
    SHORT_SECONDS,
    Capacity,
    Decision,
    Demand,
    NodeFree,
    Policy,
    Reason,
    Reservation,
    Standing,
    Waiting,
)

__all__ = [
    "LONGEST_SECONDS",
    "SHORT_SECONDS",
    "Capacity",
    "Decision",
    "Demand",
    "NodeFree",
    "Policy",
    "Reason",
    "Reservation",
    "Standing",
    "Waiting",
    "all_waiting",
    "place",
]
