"""What every trigger type keeps to."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scale_core.interfaces.trigger import RuleNeeds, TriggerEvent, TriggerType
from scale_core.specs import SpecLibrary


class TriggerTypeContract:
    """Subclass it and give the four fixtures."""

    @pytest.fixture
    def trigger_type(self) -> TriggerType:
        """An instance of the trigger type."""
        pytest.fail("The subclass must give the fixture `trigger_type`")

    @pytest.fixture
    def configuration(self) -> Mapping[str, Any]:
        """A valid configuration."""
        pytest.fail("The subclass must give the fixture `configuration`")

    @pytest.fixture
    def matching(self) -> tuple[TriggerEvent, datetime | None]:
        """An event that triggers a rule of ``configuration``, and when that rule last fired."""
        pytest.fail("The subclass must give the fixture `matching`")

    @pytest.fixture
    def other(self) -> tuple[TriggerEvent, datetime | None]:
        """An event of the same type that does not, and when the rule last fired."""
        pytest.fail("The subclass must give the fixture `other`")

    def test_it_can_be_made_without_arguments(self, trigger_type: TriggerType) -> None:
        assert isinstance(type(trigger_type)(), TriggerType)

    def test_it_has_a_name_and_event_types(self, trigger_type: TriggerType) -> None:
        assert type(trigger_type).name
        assert type(trigger_type).event_types
        assert all(isinstance(each, str) and each for each in type(trigger_type).event_types)

    def test_one_schema_describes_its_configuration(
        self, trigger_type: TriggerType, configuration: Mapping[str, Any]
    ) -> None:
        kind = type(trigger_type)
        assert (kind.configuration_spec is None) != (kind.configuration_schema is None)
        if kind.configuration_spec is not None:
            assert SpecLibrary.packaged().problems(kind.configuration_spec, configuration) == []
            return
        assert kind.configuration_schema is not None
        Draft202012Validator.check_schema(kind.configuration_schema)
        Draft202012Validator(kind.configuration_schema).validate(configuration)

    def test_the_configuration_has_no_problems(
        self, trigger_type: TriggerType, configuration: Mapping[str, Any]
    ) -> None:
        assert trigger_type.problems(configuration) == []

    def test_it_says_what_a_rule_needs(self, trigger_type: TriggerType, configuration: Mapping[str, Any]) -> None:
        assert isinstance(trigger_type.needs(configuration), RuleNeeds)

    def test_it_matches_what_it_should(
        self,
        trigger_type: TriggerType,
        configuration: Mapping[str, Any],
        matching: tuple[TriggerEvent, datetime | None],
    ) -> None:
        assert matching[0].type in type(trigger_type).event_types
        assert trigger_type.matches(configuration, *matching) is True

    def test_it_does_not_match_what_it_should_not(
        self, trigger_type: TriggerType, configuration: Mapping[str, Any], other: tuple[TriggerEvent, datetime | None]
    ) -> None:
        assert trigger_type.matches(configuration, *other) is False

    def test_it_does_not_match_events_of_other_types(
        self,
        trigger_type: TriggerType,
        configuration: Mapping[str, Any],
        matching: tuple[TriggerEvent, datetime | None],
    ) -> None:
        event, last_fired = matching
        assert trigger_type.matches(configuration, replace(event, type="SOMETHING-ELSE"), last_fired) is False

    def test_a_match_is_recorded_under_a_type(
        self,
        trigger_type: TriggerType,
        configuration: Mapping[str, Any],
        matching: tuple[TriggerEvent, datetime | None],
    ) -> None:
        recorded = trigger_type.recorded_event_type(configuration, matching[0])
        assert isinstance(recorded, str)
        assert recorded

    def test_it_keeps_nothing_and_changes_nothing(
        self,
        trigger_type: TriggerType,
        configuration: Mapping[str, Any],
        matching: tuple[TriggerEvent, datetime | None],
        other: tuple[TriggerEvent, datetime | None],
    ) -> None:
        before = copy.deepcopy(dict(configuration))
        answers = [trigger_type.matches(configuration, *each) for each in (matching, other, matching, other)]
        assert answers == [True, False, True, False]
        assert dict(configuration) == before
