"""Executor and agent of the tests say what a real agent and its executor were recorded to say."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import no_agent
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.processes import EXECUTOR
from fakes.waiting import SECONDS, until
from scale_core.interfaces.engine import EngineSettings, Launch
from scale_core.testing.runs import RecordingListener, make_plan
from scale_engine_mesos.engine import MesosEngine

RECORDED = Path(__file__).parents[1] / "fakes" / "mesos" / "recorded" / "executor-api.txt"
TEXT = RECORDED.read_text(encoding="utf-8")
EVENTS = [json.loads(one) for one in re.findall(r"^\[chunk of \d+ bytes\] \d+\\n(.*)$", TEXT, re.MULTILINE)]
CALLS = [json.loads(one) for one in re.findall(r"^(\{\"type\".*)$", TEXT, re.MULTILINE)]


@pytest.fixture
def said(tmp_path: Path) -> Iterator[tuple[list[Any], list[Any]]]:
    """Calls and events of a task that takes a while and ends."""
    with FakeCluster(tmp_path / "agents") as cluster:
        options = {"master": cluster.masters, "executor": EXECUTOR, "docker": "off"}
        listener, engine = RecordingListener(), MesosEngine(EngineSettings(tmp_path / "data", options))
        engine.start(listener, no_agent)
        until(lambda: bool(engine.offers()))
        engine.launch([Launch(make_plan("/bin/sleep", "1"), cluster.agents[0].agent_id)])
        listener.wait_for_end(1, SECONDS)
        assert cluster.processes is not None
        (executor,) = cluster.processes.made
        until(lambda: len(executor.events) >= 4)
        engine.stop(5.0)
        subscription = {"type": "SUBSCRIBE", "subscribe": executor.subscriptions[0]}
        yield [subscription, *executor.calls], executor.events


def test_events_have_all_that_recorded_ones_have(said: tuple[list[Any], list[Any]]) -> None:
    for kind in ("SUBSCRIBED", "LAUNCH", "ACKNOWLEDGED"):
        recorded = next(one for one in EVENTS if one["type"] == kind)
        ours = next(one for one in said[1] if one["type"] == kind)
        assert lacking(recorded, ours) == set()


def test_calls_have_all_that_recorded_ones_have(said: tuple[list[Any], list[Any]]) -> None:
    ended = [one for one in CALLS if one["type"] == "UPDATE" and one["update"]["status"]["state"] == "TASK_FINISHED"]
    ours = [one for one in said[0] if one["type"] == "UPDATE" and one["update"]["status"]["state"] == "TASK_FINISHED"]
    assert lacking(ended[0], ours[0]) == {"update.status.message"}  # of an end with a report there is nothing to say
    subscription = next(one for one in CALLS if one["type"] == "SUBSCRIBE")
    assert lacking(subscription["subscribe"], said[0][0]["subscribe"]) == set()


def lacking(recorded: Any, ours: Any, path: str = "") -> set[str]:
    """Paths that the recorded one has and ours has not; what frameworks say of themselves is their own affair."""
    if not isinstance(recorded, dict) or path.endswith(("framework_info", "command")):
        return set()
    missing = set()
    for name, value in recorded.items():
        at = f"{path}.{name}".lstrip(".")
        missing |= lacking(value, ours[name], at) if name in ours else {at}
    return missing
