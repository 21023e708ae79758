"""Plugins that break or hang where the core asks them in the middle of its work: nothing but their own part is lost."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pytest

import scale_errors_builtin.plugin
from fakes.waiting import SECONDS, until, until_equal
from fakes.world import World
from scale_broker_host.broker import HostBroker
from scale_core.db.models import TriggerEvent as EventRow
from scale_core.db.models import TriggerRule, Workspace
from scale_core.interfaces import trigger
from scale_core.interfaces.broker import Broker, StorageUsage
from scale_core.interfaces.error import ErrorDefinition, ErrorMapper, Failure
from scale_core.interfaces.trigger import FileFacts, RuleNeeds, TriggerEvent, TriggerType
from scale_core.plugin import hookimpl
from scale_core.plugin.registry import load_registry
from scale_core.services.clock_runs import ProcessorContext
from scale_core.services.failure_names import FailureNames
from scale_core.services.triggering import fire
from scale_generated.specs.execution_report import ReportFailure


class Breaks(TriggerType):
    """Of files with the name "bad" it breaks, in the method that the configuration names."""

    name = "BREAKS"
    event_types = frozenset({"INGEST"})

    def _work(self, method: str, configuration: Mapping[str, Any], event: TriggerEvent) -> None:
        if configuration.get("breaks") == method and event.file is not None and event.file.file_name == "bad":
            raise ZeroDivisionError("in the plugin")

    def needs(self, configuration: Mapping[str, Any]) -> RuleNeeds:
        if configuration.get("breaks") == "needs":
            raise ZeroDivisionError("in the plugin")
        return RuleNeeds()

    def matches(self, configuration: Mapping[str, Any], event: TriggerEvent, last_fired: datetime | None) -> bool:
        self._work("matches", configuration, event)
        return True

    def recorded_event_type(self, configuration: Mapping[str, Any], event: TriggerEvent) -> str:
        self._work("recorded_event_type", configuration, event)
        return event.type


class BreakingMapper(ErrorMapper):
    """Knows nothing."""

    def errors(self) -> Sequence[ErrorDefinition]:
        return []

    def map(self, failure: Failure, exit_codes: Mapping[int, str]) -> str | None:
        raise ZeroDivisionError("in the mapper")


class HangingBroker(HostBroker):
    """Says how full it is when ``answers`` is set."""

    type_name = "hanging"
    answers = threading.Event()

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        return cls(Path("/"))

    def usage(self) -> StorageUsage:
        self.answers.wait(SECONDS)
        return StorageUsage(1, 2)


class Plugin:
    """Registers them."""

    @hookimpl
    def scale_register_trigger_types(self) -> Sequence[type[TriggerType]]:
        return [Breaks]

    @hookimpl
    def scale_register_brokers(self) -> Sequence[type[Broker]]:
        return [HangingBroker]

    @hookimpl(tryfirst=True)
    def scale_register_error_mappers(self) -> Sequence[type[ErrorMapper]]:
        return [BreakingMapper]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, Plugin(), content_seconds=0.05)


def rule(world: World, **configuration: Any) -> int:
    now = world.context.now()
    with world.database.write() as session:
        row = TriggerRule(type="BREAKS", name="", configuration=configuration, created=now, last_modified=now)
        session.add(row)
        session.flush()
        return row.id


def ingested(world: World, name: str) -> datetime:
    """Have a file ingested; when that is."""
    event = trigger.TriggerEvent("INGEST", world.context.now(), FileFacts(1, name, "text/plain", frozenset()))
    with world.database.write() as session:
        fire(session, world.context, event, {"file_name": name})
    return event.occurred


@pytest.mark.parametrize("method", ["matches", "recorded_event_type", "needs"])
def test_a_rule_whose_plugin_breaks_does_not_match_says_why_and_costs_the_others_nothing(
    world: World, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    breaking, sound = rule(world, breaks=method), rule(world)
    modified = world.all(TriggerRule)[0].last_modified
    broke = ingested(world, "bad")
    ingested(world, "bad")
    assert [one.rule_id for one in world.all(EventRow)] == [sound, sound]
    trouble = {one.id: one.trouble for one in world.all(TriggerRule)}
    assert trouble[sound] is None
    assert trouble[breaking] == (
        "The plugin of the type 'BREAKS' broke at an event INGEST of 'bad', which the rule does not match then: "
        "ZeroDivisionError: in the plugin. The log of Scale has more."
    )
    assert "The plugin of the trigger type 'BREAKS' broke" in caplog.text
    assert world.all(TriggerRule)[0].last_modified == modified
    assert [one.trouble_since for one in world.all(TriggerRule)] == [broke, None]
    if method != "needs":
        ingested(world, "good")
        assert [one.rule_id for one in world.all(EventRow)] == [sound, sound, breaking, sound]
        assert [(one.trouble, one.trouble_since) for one in world.all(TriggerRule)] == [(None, None)] * 2


def test_an_event_whose_only_rule_breaks_is_recorded_without_one(world: World) -> None:
    rule(world, breaks="matches")
    ingested(world, "bad")
    assert [one.rule_id for one in world.all(EventRow)] == [None]


def test_where_a_mapper_breaks_the_next_one_is_asked(world: World, caplog: pytest.LogCaptureFixture) -> None:
    assert type(world.context.registry.error_mappers[0]) is BreakingMapper
    job_type_id = world.job_type("algorithm")
    failure = ReportFailure(kind="timeout", message="It took too long.")
    sound = load_registry([scale_errors_builtin.plugin], entry_points=False).error_mappers[0]
    with world.database.read() as session:
        named = FailureNames(world.context, session).error_of(job_type_id, failure)
    assert named.name == sound.map(failure, {})
    assert "The error mapper BreakingMapper broke" in caplog.text


def test_a_workspace_that_hangs_does_not_keep_others_from_being_measured(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.workspace_on("hangs", {"type": "hanging"})
    processor = world.context.registry.clock_processors["workspace-usage"]

    def sizes() -> dict[str, int | None]:
        processor.run(ProcessorContext(world.context, world.context.now()))
        return {one.name: one.total_size for one in world.all(Workspace)}

    HangingBroker.answers.clear()
    try:
        measured = until(sizes, lambda found: (found["raw"] or 0) > 0)  # a busy machine may not answer so soon
        assert measured["hangs"] is None
        assert "'hangs' is not known: It has not answered for 0.05 s" in caplog.text
        sizes()
        assert "'hangs' is not known: It has not answered what it was asked before" in caplog.text
    finally:
        HangingBroker.answers.set()
    until_equal(lambda: sizes()["hangs"], 2)
