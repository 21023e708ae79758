"""What the clock on a node asks is answered from a real database, and what is due is fired once."""

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from fakes.waiting import SECONDS, until
from fakes.world import SetClock, World
from scale_core.db.bulk import insert_rows
from scale_core.db.models import JobExecution, Node, TriggerEvent
from scale_core.domain.placement import QueuedExecution
from scale_core.services.executions import ExecutionService
from scale_core.services.jobs import new_execution
from scale_core.services.lacking import ENOUGH_FAILURES
from scale_core.services.node_strikes import NOT_RUNNING, OTHER_RELEASE
from scale_core.services.system_jobs import create_system_job
from scale_core.services.telemetry import EndedExecution
from scale_core.watching.messages import Answer, Asks, Question, decode_answer, encode_question
from scale_scheduler.clock import NODES_AGAIN_SECONDS, Clock, ClockTask
from scale_scheduler.lacking import AGAIN_SECONDS, CLOCK_HERE_SECONDS, LackingNodes
from scale_scheduler.node_clock import SILENT_SECONDS, NodeClock
from scale_scheduler.strike.answers import WatcherAnswers

NO_TIMES = (None, None, None)


class Installation:
    """One whose clock's execution runs on a node; ``monotonic`` is when it is."""

    def __init__(self, folder: Path) -> None:
        self.now, self.monotonic = SetClock(), 0.0
        self.world = World(folder, now=self.now)
        self.world.rule("hourly", "PT1H")
        with self.world.database.write() as session:
            node = Node(hostname="n", port=5051, slave_id="agent-1", created=self.now(), last_modified=self.now())
            session.add(node)
            job = create_system_job(session, self.world.context, "scale-clock", {}, "CLOCK_CREATED", {})
            job.status = "RUNNING"
            session.flush()
            self.job_id, self.node_id = job.id, node.id
        (execution,) = self.world.executions(self.job_id)
        self.execution_id: int = execution.id
        self.place(node_id=self.node_id, status="RUNNING")
        self.answers: list[tuple[int, Answer]] = []
        self.clock = NodeClock(self.world.context, Clock(self.world.context), self.take, lambda: self.monotonic)

    def take(self, execution_id: int, answer: bytes) -> None:
        self.answers.append((execution_id, decode_answer(answer)))

    def place(self, **values: Any) -> None:
        """Change the clock's execution."""
        with self.world.database.write() as session:
            execution = session.get_one(JobExecution, self.execution_id)
            for name, value in values.items():
                setattr(execution, name, value)

    def ask(self, number: int, execution_id: int | None = None, **more: Any) -> Answer:
        """The answer to a question."""
        count = len(self.answers)
        self.clock.asked(execution_id or self.execution_id, Question(number, Asks.TICK, **more))
        until(lambda: len(self.answers) > count)
        return self.answers[-1][1]

    def fired(self) -> int:
        """How often the rule has fired."""
        return sum(one.type == "TICK" for one in self.world.all(TriggerEvent))


@pytest.fixture
def there(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_what_is_due_is_fired_when_the_node_asks_and_the_answer_says_when_to_ask_again(there: Installation) -> None:
    assert there.ask(1) == Answer(1, 30.0)
    assert there.fired() == 0
    there.now.forward(hours=1, seconds=10)
    assert there.ask(2) == Answer(2, 20.0)
    assert there.fired() == 1


def test_a_question_that_comes_again_or_late_fires_nothing_again(there: Installation) -> None:
    there.now.forward(hours=1)
    for number in (2, 2, 1):
        assert there.ask(number).answer == 30.0
    assert there.fired() == 1


def test_what_was_missed_while_nobody_asked_is_caught_up_once(there: Installation) -> None:
    there.now.forward(hours=7)
    there.ask(1)
    assert there.fired() == 1
    there.now.forward(minutes=30)
    there.ask(2)
    assert there.fired() == 1


def test_a_question_during_a_tick_is_left_for_when_it_is_asked_again(
    there: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks, may_end = [], threading.Event()

    def tick(_clock: Clock) -> float:
        ticks.append(1)
        assert may_end.wait(SECONDS)
        return 1.0

    monkeypatch.setattr(Clock, "tick", tick)
    there.clock.asked(there.execution_id, Question(1, Asks.TICK))
    until(lambda: ticks == [1])
    there.clock.asked(there.execution_id, Question(1, Asks.TICK))
    may_end.set()
    until(lambda: bool(there.answers))
    assert there.ask(2) == Answer(2, 1.0)
    assert ticks == [1, 1]


@pytest.mark.parametrize(
    "values", [{"status": "FAILED"}, {"node_id": None}], ids=["it failed", "Scale's own process keeps the time"]
)
def test_one_that_does_not_keep_the_time_fires_nothing_and_is_to_end(
    there: Installation, values: dict[str, Any]
) -> None:
    there.place(**values)
    there.now.forward(hours=1)
    assert there.ask(1).over == NOT_RUNNING
    assert there.fired() == 0


def test_one_of_another_release_is_to_end(there: Installation) -> None:
    assert there.ask(1, release="0.0.1").over == OTHER_RELEASE


def test_where_the_database_fails_the_question_is_answered_when_it_is_asked_again(
    there: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_clock: Clock) -> float:
        raise OperationalError("SELECT", {}, Exception("it is away"))

    there.now.forward(hours=1)
    with monkeypatch.context() as patched:
        patched.setattr(Clock, "tick", fail)
        there.clock.asked(there.execution_id, Question(1, Asks.TICK))
        until(lambda: "The clock cannot be answered" in caplog.text)
    assert there.ask(1) == Answer(1, 30.0)
    assert there.fired() == 1


def test_an_answer_that_cannot_be_given_lets_no_question_in_beside_one_that_is_being_answered(
    there: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ticks, may_end = [], threading.Event()

    def tick(_clock: Clock) -> float:
        ticks.append(1)
        assert len(ticks) == 1 or may_end.wait(SECONDS)
        return 1.0

    def take(execution_id: int, answer: bytes) -> None:
        if decode_answer(answer).number == 2:
            return there.take(execution_id, answer)
        there.clock.asked(execution_id, Question(2, Asks.TICK))
        until(lambda: len(ticks) == 2)
        raise OSError("the engine is away")

    monkeypatch.setattr(Clock, "tick", tick)
    there.clock = NodeClock(there.world.context, Clock(there.world.context), take)
    there.clock.asked(there.execution_id, Question(1, Asks.TICK))
    until(lambda: "The clock cannot be answered" in caplog.text)
    there.clock.asked(there.execution_id, Question(3, Asks.TICK))
    may_end.set()
    until(lambda: bool(there.answers))
    there.clock.close(SECONDS)
    assert ticks == [1, 1]


def test_one_that_is_silent_for_long_is_to_be_given_up(there: Installation) -> None:
    assert there.clock.silent() is None
    there.monotonic = SILENT_SECONDS - 1
    assert there.clock.silent() is None
    there.ask(1)
    there.monotonic = 2 * SILENT_SECONDS - 2
    assert there.clock.silent() is None
    there.monotonic = 2 * SILENT_SECONDS - 1
    assert there.clock.silent() == there.execution_id


def test_one_in_scales_own_process_is_never_silent(there: Installation) -> None:
    there.place(node_id=None)
    assert there.clock.silent() is None
    there.monotonic = 10 * SILENT_SECONDS
    assert there.clock.silent() is None
    there.place(node_id=there.node_id)
    assert there.clock.silent() is None


def test_questions_of_the_clock_are_told_from_those_of_watchers(there: Installation) -> None:
    asked: list[tuple[int, Question]] = []
    answers = WatcherAnswers(
        there.world.context, there.take, lambda execution_id, question: asked.append((execution_id, question))
    )
    answers.asked(there.execution_id, encode_question(Question(1, Asks.TICK)))
    answers.work_once(0)
    assert asked == [(there.execution_id, Question(1, Asks.TICK))]
    assert there.answers == []


def test_nothing_is_answered_once_it_ends(there: Installation) -> None:
    there.clock.close(SECONDS)
    there.now.forward(hours=1)
    there.clock.asked(there.execution_id, Question(1, Asks.TICK))
    there.clock.close(SECONDS)
    assert (there.answers, there.fired()) == ([], 0)


class Nodes:
    """What is said of the clock's execution, which waits."""

    def __init__(self, there: Installation) -> None:
        context = there.world.context
        self._there = there
        self._lacking = LackingNodes(context, ExecutionService(context), lambda: there.monotonic)
        there.place(status="QUEUED", node_id=None)

    def said(self) -> QueuedExecution:
        (one,) = self._lacking.queue(10)
        return one

    def ended(self, agent_id: str, failure_kind: str) -> None:
        one = EndedExecution(1, 1, 1, "scale-clock", "", "", "", "", False, "QUEUED", NO_TIMES, 1.0, True, failure_kind)
        self._lacking.ended([(one, agent_id)])


def test_the_clock_waits_a_while_for_a_node_and_then_is_kept_by_scale_itself_at_worst(there: Installation) -> None:
    nodes = Nodes(there)
    assert not nodes.said().is_here_at_worst
    there.monotonic = CLOCK_HERE_SECONDS
    assert nodes.said().is_here_at_worst
    with there.world.database.write() as session:
        one = session.get_one(JobExecution, there.execution_id)
        one.status = "FAILED"
        again = new_execution(one.job_id, one.job_type_id, priority=1, timeout=0, now=there.now())
        insert_rows(session, JobExecution, [again])
    assert not nodes.said().is_here_at_worst


def test_a_node_on_which_the_clock_failed_is_left_out_for_a_while(there: Installation) -> None:
    nodes = Nodes(there)
    for agent_id, kind in (("a", "node-lost"), ("b", "launch"), ("c", ""), ("d", "canceled")):
        nodes.ended(agent_id, kind)
    assert nodes.said().lacking == {"a", "b"}
    there.monotonic = AGAIN_SECONDS
    assert nodes.said().lacking == set()


def test_where_the_clock_failed_on_many_nodes_scale_itself_keeps_it(there: Installation) -> None:
    nodes = Nodes(there)
    for number in range(ENOUGH_FAILURES):
        assert not nodes.said().is_here
        nodes.ended(f"agent-{number}", "launch")
    assert nodes.said().is_here


def test_a_clock_in_scales_own_process_is_left_to_nodes_after_a_while_right_after_a_tick(there: Installation) -> None:
    now, ticks, have_nodes = 0.0, [], False

    class Ticks(Clock):
        def tick(self) -> float:
            nonlocal now, have_nodes
            ticks.append(now)
            now += NODES_AGAIN_SECONDS / 2
            have_nodes = len(ticks) == 4
            return 0.0

    ClockTask(Ticks(there.world.context), lambda: have_nodes, lambda: now).run(threading.Event())
    assert len(ticks) == 4, "with nothing but time it goes on here"
    now, ticks[:], have_nodes = 0.0, [], True
    stop = threading.Event()
    task = ClockTask(Ticks(there.world.context), lambda: True, lambda: now)
    task.run(stop)
    assert len(ticks) == 2, "nodes alone are no reason before it is time"
