"""The ingest and parse triggers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from scale_core.interfaces.trigger import FileFacts, RuleNeeds, TriggerEvent, TriggerType
from scale_core.testing import TriggerTypeContract
from scale_trigger_ingest.trigger import IngestTrigger
from scale_trigger_parse.trigger import ParseTrigger

NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
CONFIGURATION = {
    "version": "1.0",
    "condition": {"media_type": "text/plain", "data_types": ["foo", "bar"]},
    "data": {"input_data_name": "my_file", "workspace_name": "my_workspace"},
}


def event(type_: str, media_type: str, *data_types: str) -> TriggerEvent:
    return TriggerEvent(type_, NOW, FileFacts(1, "x.txt", media_type, frozenset(data_types)))


class FileTriggerContract(TriggerTypeContract):
    @pytest.fixture
    def configuration(self) -> Mapping[str, Any]:
        return CONFIGURATION

    @pytest.fixture
    def matching(self, trigger_type: TriggerType) -> tuple[TriggerEvent, datetime | None]:
        return event(type(trigger_type).name, "text/plain", "foo", "bar", "more"), NOW

    @pytest.fixture
    def other(self, trigger_type: TriggerType) -> tuple[TriggerEvent, datetime | None]:
        return event(type(trigger_type).name, "text/plain", "foo"), NOW


class TestIngestTrigger(FileTriggerContract):
    @pytest.fixture
    def trigger_type(self) -> TriggerType:
        return IngestTrigger()


class TestParseTrigger(FileTriggerContract):
    @pytest.fixture
    def trigger_type(self) -> TriggerType:
        return ParseTrigger()


@pytest.mark.parametrize("trigger", [IngestTrigger(), ParseTrigger()])
@pytest.mark.parametrize(
    ("condition", "media_type", "data_types", "expected"),
    [
        (None, "image/png", [], True),
        ({}, "image/png", [], True),
        ({"media_type": ""}, "image/png", [], True),
        ({"media_type": "image/png"}, "image/png", [], True),
        ({"media_type": "image/png"}, "IMAGE/PNG", [], False),
        ({"media_type": "image/png"}, "image/png; q=1", [], False),
        ({"media_type": "image/png"}, "image/jpeg", [], False),
        ({"data_types": []}, "image/png", [], True),
        ({"data_types": ["a"]}, "image/png", ["a", "b"], True),
        ({"data_types": ["a", "b"]}, "image/png", ["a"], False),
        ({"data_types": ["a"]}, "image/png", ["A"], False),
        ({"media_type": "image/png", "data_types": ["a"]}, "image/jpeg", ["a"], False),
    ],
)
def test_a_condition_asks_for_the_identical_media_type_and_all_data_types(
    trigger: TriggerType, condition: dict[str, Any] | None, media_type: str, data_types: list[str], expected: bool
) -> None:
    configuration = {"data": CONFIGURATION["data"]} | ({} if condition is None else {"condition": condition})
    assert trigger.matches(configuration, event(type(trigger).name, media_type, *data_types), None) is expected


def test_each_kind_is_for_its_own_events() -> None:
    configuration = {"data": CONFIGURATION["data"]}
    assert not IngestTrigger().matches(configuration, event("PARSE", "image/png"), None)
    assert not ParseTrigger().matches(configuration, event("INGEST", "image/png"), None)


def test_an_event_without_a_file_matches_nothing() -> None:
    assert not IngestTrigger().matches({"data": CONFIGURATION["data"]}, TriggerEvent("INGEST", NOW), None)


def test_needs_tell_the_input_the_media_type_and_the_workspace() -> None:
    assert IngestTrigger().needs(CONFIGURATION) == RuleNeeds("my_file", ("text/plain",), "my_workspace")
    assert ParseTrigger().needs({"data": CONFIGURATION["data"]}) == RuleNeeds("my_file", (), "my_workspace")
