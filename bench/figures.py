"""Samples, what is made of them, and what they should be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal


class BenchFailure(Exception):
    """What was measured did not do what it should; the message says what was found instead."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be.

    :param of: whether the figure's ratio to its floor is meant, or its median.
    :param sense: whether it should be at least or at most ``target``.
    :param aim: what would be better still.
    """

    of: Literal["ratio", "median"]
    sense: Literal["at least", "at most"]
    target: float
    aim: float

    def verdict(self, value: float) -> str:
        """How ``value`` stands to target and aim."""
        if self._reaches(value, self.aim):
            return "aim met"
        return "target met" if self._reaches(value, self.target) else "missed"

    def _reaches(self, value: float, wanted: float) -> bool:
        return value >= wanted if self.sense == "at least" else value <= wanted


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity.

    :param values: the samples, in ``unit``.
    :param floors: samples of the floor in the same unit and in the order of time. As many as there are values: each
        was taken beside the value of its place; one more: before, between and after them.
    """

    name: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    goal: Goal | None = None

    @property
    def median(self) -> float:
        """The median of the samples."""
        return median(self.values)

    @property
    def floor(self) -> float | None:
        """The median of the floor, where there is one."""
        return median(self.floors) if self.floors else None

    @property
    def ratio(self) -> float | None:
        """Value by floor: the median over the samples, each by the floors beside it, so that what slows the whole
        machine for a while counts for neither."""
        if not self.floors:
            return None
        beside = self._floors_beside()
        if beside is None:
            return self.median / median(self.floors)
        return median(value / floor for value, floor in zip(self.values, beside, strict=True))

    @property
    def judged(self) -> float | None:
        """What the goal is about; None: there is no goal."""
        if self.goal is None:
            return None
        return self.ratio if self.goal.of == "ratio" else self.median

    @property
    def verdict(self) -> str:
        """How the figure stands to its goal; empty: it has none."""
        return "" if self.goal is None or self.judged is None else self.goal.verdict(self.judged)

    def _floors_beside(self) -> list[float] | None:
        if len(self.floors) == len(self.values):
            return list(self.floors)
        if len(self.floors) == len(self.values) + 1:
            return [(before + after) / 2 for before, after in zip(self.floors, self.floors[1:], strict=False)]
        return None


@dataclass(slots=True)
class Section:
    """The figures of one scenario, and what a reader has to know of them; ``details`` are not for the summary."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    details: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Figure]:
        """All there is in its table."""
        return [*self.figures, *self.details]
