"""Which queued executions run where, now: a pure function of what asks, what nodes have free and what went before.

See docs/architecture.md, "How placement decides", and decision 0011.
"""

from scale_core.domain.placement.decide import Pass, place
from scale_core.domain.placement.turns import LONGEST_SECONDS
from scale_core.domain.placement.values import (
    SHORT_SECONDS,
    Capacity,
    Decision,
    Demand,
    NodeFree,
    Placement,
    Policy,
    QueuedExecution,
    Reservation,
    Standing,
    Waiting,
    Why,
    in_order,
)
from scale_generated.enums import WaitingReason as Reason

__all__ = [
    "LONGEST_SECONDS",
    "SHORT_SECONDS",
    "Capacity",
    "Decision",
    "Demand",
    "NodeFree",
    "Pass",
    "Placement",
    "Policy",
    "QueuedExecution",
    "Reason",
    "Reservation",
    "Standing",
    "Waiting",
    "Why",
    "in_order",
    "place",
]
