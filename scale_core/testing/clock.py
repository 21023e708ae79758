"""What every clock processor keeps to."""

# ruff: noqa: ARG003 - a broker that fails needs no arguments

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar

import pytest

from scale_core.interfaces.broker import Broker, StorageUnavailable, StorageUsage, StoredFile
from scale_core.interfaces.clock import ClockProcessor
from scale_core.specs import SpecLibrary

T = TypeVar("T")


class UnavailableBroker(Broker):
    """A workspace whose storage has gone."""

    type_name = "unavailable"
    configuration_schema = {"type": "object"}  # noqa: RUF012 - as the interface declares it

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """Whatever is asked for."""
        return cls()

    def check(self) -> None:
        """Fails."""
        raise self._gone()

    def store(self, source: Path, path: str, *, move: bool = False) -> StoredFile:
        """Fails."""
        raise self._gone()

    def retrieve(self, path: str, destination: Path, *, link: bool = False) -> None:
        """Fails."""
        raise self._gone()

    def move(self, path: str, new_path: str) -> None:
        """Fails."""
        raise self._gone()

    def delete(self, path: str) -> None:
        """Fails."""
        raise self._gone()

    def stat(self, path: str) -> int:
        """Fails."""
        raise self._gone()

    def checksum(self, path: str) -> str:
        """Fails."""
        raise self._gone()

    def open(self, path: str) -> BinaryIO:
        """Fails."""
        raise self._gone()

    def usage(self) -> StorageUsage:
        """Fails."""
        raise self._gone()

    @staticmethod
    def _gone() -> StorageUnavailable:
        return StorageUnavailable("The storage has gone; bring it back.")


class RecordingClockContext:
    """A ``ClockContext`` that keeps what it is told: ``usage`` by workspace, and how often it was asked to record the
    load (``loads``) and to compute the metrics (``computations``), and with what to archive (``archivings``)."""

    def __init__(
        self, brokers: Mapping[str, Broker], occurred: datetime, parameters: Mapping[str, Any] | None = None
    ) -> None:
        self._brokers = brokers
        self._occurred = occurred
        self._parameters = {} if parameters is None else parameters
        self.usage: dict[str, StorageUsage] = {}
        self.loads = 0
        self.computations = 0
        self.archivings: list[Mapping[str, Any]] = []

    @property
    def occurred(self) -> datetime:
        """As given."""
        return self._occurred

    @property
    def parameters(self) -> Mapping[str, Any]:
        """As given."""
        return self._parameters

    def workspaces(self) -> Mapping[str, Broker]:
        """As given."""
        return self._brokers

    def ask(self, workspace_name: str, question: Callable[[Broker], T]) -> T:
        """Ask, however long it takes."""
        return question(self._brokers[workspace_name])

    def record_usage(self, workspace_name: str, usage: StorageUsage) -> None:
        """Keep it."""
        self.usage[workspace_name] = usage

    def record_job_load(self) -> None:
        """Count it."""
        self.loads += 1

    def compute_metrics(self) -> None:
        """Count it."""
        self.computations += 1

    def archive(self, parameters: Mapping[str, Any]) -> None:
        """Keep them."""
        self.archivings.append(parameters)


class ClockProcessorContract:
    """Subclass it and give ``processor``."""

    @pytest.fixture
    def processor(self) -> ClockProcessor:
        """The processor."""
        pytest.fail("The subclass must give the fixture `processor`")

    @pytest.fixture
    def context(self) -> RecordingClockContext:
        """One without workspaces."""
        return RecordingClockContext({}, datetime(2026, 11, 23, 9, 15, tzinfo=UTC))

    def test_it_is_named_and_titled(self, processor: ClockProcessor) -> None:
        assert processor.name
        assert not processor.name.isdigit()
        assert processor.title
        assert processor.event_type

    def test_its_schedule_is_one_that_a_clock_rule_may_have(self, processor: ClockProcessor) -> None:
        rule = {"version": "1.0", "event_type": processor.event_type, "schedule": processor.schedule or "PT1H"}
        assert SpecLibrary.packaged().problems("clock-trigger", rule) == []

    def test_its_parameters_follow_a_specification_that_lets_all_be_left_out(self, processor: ClockProcessor) -> None:
        if processor.parameters_spec is not None:
            assert SpecLibrary.packaged().problems(processor.parameters_spec, {}) == []

    def test_it_runs_where_nothing_is(self, processor: ClockProcessor, context: RecordingClockContext) -> None:
        processor.run(context)
        processor.run(context)

    def test_a_workspace_that_is_gone_does_not_stop_it(
        self, processor: ClockProcessor, context: RecordingClockContext
    ) -> None:
        processor.run(RecordingClockContext({"gone": UnavailableBroker()}, context.occurred))
