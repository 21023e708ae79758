"""Parts of the engine on Mesos, alone."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scale_core.interfaces.engine import EngineSettings, ExecutionFinished, ExecutionLost, OptionError, Resources
from scale_core.interfaces.engine import ShortMemory as Memory
from scale_engine_mesos.engine import MesosEngine
from scale_engine_mesos.messages import Executor, execution_id, task_id
from scale_engine_mesos.offers import Offers
from scale_engine_mesos.options import Options
from scale_engine_mesos.resources import nearest_first, scalars, take
from scale_engine_mesos.roles import may_use, reserved_for
from scale_engine_mesos.tasks import Tasks
from scale_engine_mesos.wire import Said, decode, encode_report, encode_step


@pytest.mark.parametrize(
    ("given", "masters"),
    [
        ("10.0.0.1", ("10.0.0.1:5050",)),
        ("10.0.0.1:5051, host-2", ("10.0.0.1:5051", "host-2:5050")),
        ("[::1]:5050", ("[::1]:5050",)),
    ],
)
def test_masters_are_read_with_or_without_their_ports(given: str, masters: tuple[str, ...]) -> None:
    assert Options.of({"master": given}).masters == masters


def test_zookeeper_is_asked_where_it_is_named() -> None:
    options = Options.of({"master": "zk://one:2181,two:2181/mesos"})
    assert (options.zookeeper, options.masters) == ("zk://one:2181,two:2181/mesos", ())


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, "master"),
        ({"master": "zk://one:2181"}, "master"),
        ({"master": "http://one:5050"}, "master"),
        ({"master": "one", "failover_timeout": "soon"}, "failover_timeout"),
        ({"master": "one", "checkpoint": "maybe"}, "checkpoint"),
        ({"master": "one", "secret_file": "/s"}, "principal"),
        ({"master": "one", "roles": 3}, "roles"),
        ({"master": "one", "roles": "eng, ops,eng"}, "roles"),
        ({"master": "one", "roles": "eng//dev"}, "roles"),
        ({"master": "one", "roles": "-eng"}, "roles"),
        ({"master": "one", "roles": "eng/*"}, "roles"),
        ({"master": "one", "executor_cpus": -1}, "executor_cpus"),
        ({"master": "one", "system_jobs": "anywhere"}, "system_jobs"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], named: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=f"'{named}' .*'mesos'|'mesos' .*'{named}'"):
        MesosEngine(EngineSettings(tmp_path, options))


def test_a_secret_that_cannot_be_read_is_named_and_not_told(tmp_path: Path) -> None:
    options = Options.of({"master": "one", "principal": "p", "secret_file": str(tmp_path / "none")})
    with pytest.raises(OptionError, match="secret_file"):
        options.secret()


def test_without_pymesos_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scale_engine_mesos.driver", None)
    with pytest.raises(OptionError, match=r"pip install '\.\[mesos\]'"):
        MesosEngine(EngineSettings(tmp_path, {"master": "one"}))


@pytest.mark.parametrize("piece_bytes", [1, 7, 1000])
def test_a_report_comes_out_of_its_pieces_as_it_went_in(piece_bytes: int) -> None:
    report = json.dumps({"a": "ü" * 20}).encode()
    said = [decode(one) for one in encode_report(report, piece_bytes)]
    assert [one.piece for one in said] == list(range(len(said)))
    assert {one.of for one in said} == {len(said)}
    assert b"".join(one.content for one in said) == report


def test_a_step_is_told() -> None:
    assert decode(encode_step("job")) == Said(step="job")


@pytest.mark.parametrize("data", ["cmVzdWx0", "%", "e30K", ""])
def test_data_of_others_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match="not Scale's"):
        decode(data)


def entry(name: str, value: float, **about: Any) -> dict[str, Any]:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, "role": "*"} | about


def test_what_is_taken_says_where_it_came_from() -> None:
    entries = [entry("cpus", 0.1, role="x", reservations=[{"type": "STATIC", "role": "x"}]), entry("cpus", 2.0)]
    taken = take(entries, Resources(cpus=0.3))
    assert [(one["role"], one["scalar"]["value"]) for one in taken] == [("x", 0.1), ("*", 0.2)]
    assert scalars(entries) == Resources(cpus=1.8)


def test_what_is_reserved_for_fewest_is_taken_first() -> None:
    eng, dev = ([{"type": "STATIC", "role": role}] for role in ("eng", "eng/dev"))
    entries = [entry("cpus", 1.0), entry("cpus", 1.0, reservations=eng), entry("cpus", 1.0, reservations=dev)]
    taken = take(nearest_first(entries), Resources(cpus=1.5))
    assert [(reserved_for(one), one["scalar"]["value"]) for one in taken] == [("eng/dev", 1.0), ("eng", 0.5)]


@pytest.mark.parametrize(
    ("role", "about", "may"),
    [
        ("eng", {}, True),
        ("eng", {"role": "*"}, True),
        ("eng", {"role": "ops"}, False),
        ("eng/dev", {"role": "eng"}, True),
        ("eng", {"role": "eng/dev"}, False),
        ("engine", {"role": "eng"}, False),
        ("eng", {"reservations": [{"type": "STATIC", "role": "eng"}, {"type": "DYNAMIC", "role": "eng/dev"}]}, False),
    ],
)
def test_a_role_may_use_what_is_reserved_for_it_for_what_is_above_it_and_for_nobody(
    role: str, about: dict[str, Any], may: bool
) -> None:
    assert may_use(role, {"name": "cpus"} | about) is may


def offer(number: int, role: str, *entries: dict[str, Any], agent: str = "agent") -> dict[str, Any]:
    about = {"allocation_info": {"role": role}} if role else {}
    return {"id": {"value": f"O{number}"}, "agent_id": {"value": agent}, "resources": list(entries)} | about


def test_a_node_shows_what_it_offers_to_one_role_at_a_time_reserved_before_other() -> None:
    offers = Offers()
    reserved = entry("cpus", 1.0, role="eng")
    offers.add([offer(1, "ops", entry("cpus", 8.0)), offer(2, "eng", reserved), offer(3, "eng", entry("cpus", 2.0))])
    assert {agent: (one.role, one.free.cpus) for agent, one in offers.show().items()} == {"agent": ("eng", 3.0)}
    held = offers.use("agent")
    assert held is not None
    assert (held.role, held.offer_ids) == ("eng", ["O2", "O3"])
    assert offers.has_unseen()
    assert offers.show()["agent"].role == "ops"
    assert not offers.has_unseen()
    assert offers.unused(all_roles=False) == ["O1"]
    assert offers.show() == {}


def test_what_came_after_a_look_is_not_given_back_and_what_was_there_for_other_roles_is_if_nothing_waits() -> None:
    offers = Offers()
    offers.add([offer(1, "ops", entry("cpus", 8.0)), offer(2, "eng", entry("cpus", 1.0))])
    offers.show()
    offers.add([offer(3, "ops", entry("cpus", 8.0), agent="another")])
    assert offers.unused(all_roles=False) == ["O1"]
    assert offers.unused(all_roles=True) == ["O2"]
    assert len(offers) == 1


def test_volumes_and_what_may_be_taken_away_are_not_used() -> None:
    entries = [entry("disk", 5.0, disk={"volume": {}}), entry("cpus", 1.0, revocable={}), entry("disk", 3.0)]
    assert scalars(entries) == Resources(disk=3.0)


def test_task_ids_are_those_of_executions_and_others_are_not_ours() -> None:
    assert execution_id(task_id(12)) == 12
    assert [execution_id(one) for one in ("12", "other-12", "scale-x", "scale-")] == [None] * 4


OFFERED = [entry("cpus", 4.0), entry("mem", 1024.0)]


def test_an_executor_is_the_same_whatever_the_offers_are_that_its_resources_come_from() -> None:
    executor = Executor(Options.of({"master": "one"}))
    parts = [entry("mem", 500.0), entry("cpus", 0.05), entry("cpus", 3.0), entry("mem", 200.0)]
    assert executor.info("f", "*", parts) == executor.info("f", "*", OFFERED)
    assert scalars(parts) == Resources(cpus=3.05, mem=700.0)


def test_executors_of_other_roles_and_reservations_are_others() -> None:
    executor = Executor(Options.of({"master": "one"}))
    reserved = [one | {"reservations": [{"type": "STATIC", "role": "eng"}]} for one in OFFERED]
    given = (("*", OFFERED), ("eng", OFFERED), ("eng", reserved))
    assert len({executor.info("f", role, entries)["executor_id"]["value"] for role, entries in given}) == 3


def test_an_executor_with_another_command_has_another_id() -> None:
    one, same, other = (
        Executor(Options.of({"master": "one", "executor": command})).info("f", "*", OFFERED)["executor_id"]
        for command in ("run a", "run a", "run b")
    )
    assert one == same != other


def tasks() -> Tasks:
    made = Tasks(Memory(), lambda: 0.0, 30.0)
    made.launch([1], "agent")
    return made


def status(state: str, **about: Any) -> dict[str, Any]:
    return {"task_id": {"value": task_id(1)}, "state": state, "agent_id": {"value": "agent"}} | about


def test_an_end_that_a_master_only_repeats_waits_for_the_report() -> None:
    ours = tasks()
    assert not ours.update(status("TASK_FINISHED", reason="REASON_RECONCILIATION")).events
    report = {"version": "1.0", "execution_id": 1, "status": "COMPLETED", "steps": {}}
    (data,) = encode_report(json.dumps(report).encode())
    (event,) = ours.update(status("TASK_FINISHED", uuid="u", data=data)).events
    assert isinstance(event, ExecutionFinished)
    assert ours.update(status("TASK_FINISHED", uuid="u", data=data)).events == ()
    assert [one["uuid"] for one in ours.recorded([1])] == ["u"]
    assert ours.recorded([1]) == []


@pytest.mark.parametrize("data", ["cmVzdWx0", None])
def test_an_end_without_a_report_is_a_loss_that_says_why(data: str | None) -> None:
    (event,) = tasks().update(status("TASK_FAILED", uuid="u", data=data, message="it crashed")).events
    assert isinstance(event, ExecutionLost)
    assert "it crashed" in event.message


def test_what_comes_back_after_it_was_lost_is_not_wanted() -> None:
    ours = tasks()
    assert ours.update(status("TASK_UNREACHABLE")).events
    assert ours.update(status("TASK_RUNNING")).is_unwanted
    ours.recorded([1])
    assert not ours.update(status("TASK_RUNNING")).is_unwanted
    assert ours.compare([]) == [1]


def test_a_task_is_asked_for_at_growing_intervals() -> None:
    clock = [0.0]
    ours = Tasks(Memory(), lambda: clock[0], 30.0)
    ours.launch([1], "agent")
    ours.doubt()
    asked = []
    for second in range(200):
        clock[0] = float(second)
        asked += [second] if ours.to_ask() else []
    assert asked == [0, 1, 3, 7, 15, 31, 63, 123, 183]
