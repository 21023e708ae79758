"""The plugin keeps to the contracts of Scale."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scale_core.interfaces.broker import StorageUnavailable
from scale_core.interfaces.trigger import FileFacts, RuleNeeds, TriggerEvent
from scale_core.testing import BrokerContract, TriggerTypeContract
from scale_sample_plugin.broker import SQLiteBroker
from scale_sample_plugin.trigger import FileNameTrigger


class TestSQLiteBroker(BrokerContract):
    @pytest.fixture
    def configuration(self, tmp_path: Path) -> Mapping[str, Any]:
        return {"type": "sqlite", "database": str(tmp_path / "storage" / "workspace.sqlite")}

    @pytest.fixture
    def broker(self, configuration: Mapping[str, Any]) -> SQLiteBroker:
        broker = SQLiteBroker.from_configuration(configuration)
        broker.check()
        return broker

    def test_a_database_that_is_not_there_is_not_made_by_use(self, tmp_path: Path) -> None:
        with pytest.raises(StorageUnavailable, match=r"lost\.sqlite is not there"):
            SQLiteBroker(tmp_path / "lost.sqlite").stat("x")
        assert not (tmp_path / "lost.sqlite").exists()

    def test_another_file_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "text").write_text("This is no database. " * 100)
        with pytest.raises(StorageUnavailable, match="not a database"):
            SQLiteBroker(tmp_path / "text").check()


class TestFileNameTrigger(TriggerTypeContract):
    @pytest.fixture
    def trigger_type(self) -> FileNameTrigger:
        return FileNameTrigger()

    @pytest.fixture
    def configuration(self) -> Mapping[str, Any]:
        return {
            "version": "1.0",
            "condition": {"file_name": "N??W*.png"},
            "data": {"input_data_name": "image", "workspace_name": "products"},
        }

    @pytest.fixture
    def matching(self) -> tuple[TriggerEvent, datetime | None]:
        file = FileFacts(id=1, file_name="N45W120.png", media_type="image/png", data_types=frozenset())
        return TriggerEvent("INGEST", datetime(2026, 11, 23, tzinfo=UTC), file), None

    @pytest.fixture
    def other(self, matching: tuple[TriggerEvent, datetime | None]) -> tuple[TriggerEvent, datetime | None]:
        event, last_fired = matching
        assert event.file is not None
        return replace(event, file=replace(event.file, file_name="n45w120.png")), last_fired

    def test_the_file_goes_to_the_input_that_the_rule_names(
        self, trigger_type: FileNameTrigger, configuration: Mapping[str, Any]
    ) -> None:
        assert trigger_type.needs(configuration) == RuleNeeds(input_name="image", workspace_name="products")

    def test_a_pattern_with_folders_is_a_problem(
        self, trigger_type: FileNameTrigger, configuration: Mapping[str, Any]
    ) -> None:
        (problem,) = trigger_type.problems({**configuration, "condition": {"file_name": "tiles/*.png"}})
        assert problem[0] == "/condition/file_name"
        assert "leave the folders out" in problem[1]
