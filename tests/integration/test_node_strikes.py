"""What watchers on nodes ask is answered from a real database, and recorded once."""

from pathlib import Path
from typing import Any

import pytest

from fakes.world import World
from scale_core.db.bulk import insert_rows
from scale_core.db.models import Ingest, JobExecution, Strike, Workspace
from scale_core.interfaces.broker import ListedFile
from scale_core.services import node_strikes
from scale_core.services.executions import ExecutionService
from scale_core.services.jobs import new_execution
from scale_core.services.lacking import ENOUGH_FAILURES, of_workspaces
from scale_core.services.node_strikes import NodeStrikeService
from scale_core.services.telemetry import EndedExecution
from scale_core.services.watched_files import WatchedFileService
from scale_core.testing.runs import make_plan
from scale_core.watching import messages, remote
from scale_core.watching.asking import Asking
from scale_core.watching.messages import Answer, Asks, Question, decode_question, encode_answer, encode_question
from scale_core.watching.mounts import WatchUnavailable
from scale_core.watching.records import Arrival, Transfer
from scale_core.watching.remote import RemoteRecorder, RemoteWatchedFiles
from scale_generated.specs.execution_plan import PlanStrike
from scale_scheduler.lacking import LackingNodes
from scale_scheduler.strike.answers import SILENT_SECONDS, WatcherAnswers


class Installation:
    """An installation with a Strike that is watched by an execution on a node."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.strike_id = self.world.strike()
        (job,) = self.world.jobs("scale-strike")
        self.job_id: int = job.id
        self.execution_id: int = self.world.executions(job.id)[0].id
        self.service = NodeStrikeService(self.world.context)
        self.set_status("RUNNING")

    def set_status(self, status: str) -> None:
        with self.world.database.write() as session:
            session.get_one(JobExecution, self.execution_id).status = status

    def ask(self, number: int, asks: str, about: Any = None, **more: Any) -> Answer:
        return self.service.answer(self.execution_id, Question(number, asks, about, **more))

    def watch_workspace(self, name: str) -> None:
        """Have the Strike watch a workspace."""
        monitor = {"type": "host", "workspace_name": name}
        with self.world.database.write() as session:
            row = session.get_one(Strike, self.strike_id)
            rules = row.configuration["files_to_ingest"]
            row.configuration = {"version": "1.0", "monitor": monitor, "files_to_ingest": rules}

    def strike(self) -> Strike:
        with self.world.database.read() as session:
            return session.get_one(Strike, self.strike_id)


class Line:
    """A watcher's, on which each question is answered at once."""

    def __init__(self, there: Installation) -> None:
        self._there = there
        self._answer: bytes | None = None

    def canceled(self) -> bool:
        return False

    def ask(self, question: bytes) -> None:
        answer = self._there.service.answer(self._there.execution_id, decode_question(question))
        self._answer = encode_answer(answer)

    def answer(self, seconds: float) -> bytes | None:
        assert seconds > 0
        return self._answer


@pytest.fixture
def there(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def nothing_of_the_clock(execution_id: int, question: Question) -> None:
    raise AssertionError("a watcher asked what the clock asks")


ARRIVED = [["a.txt", "/in/a.txt", "/in/ingesting/a.txt", 7, None, None]]


def test_files_that_are_told_twice_are_recorded_once_though_they_are_ingested_meanwhile(there: Installation) -> None:
    assert there.ask(1, Asks.ARRIVED, ARRIVED).trouble is None
    with there.world.database.write() as session:
        session.query(Ingest).one().status = "INGESTED"
    assert there.ask(1, Asks.ARRIVED, ARRIVED).trouble is None
    assert len(there.world.all(Ingest)) == len(there.world.jobs("scale-ingest")) == 1
    there.ask(2, Asks.ARRIVED, ARRIVED)
    assert len(there.world.all(Ingest)) == 2


def test_an_earlier_question_that_comes_late_records_nothing(there: Installation) -> None:
    there.ask(2, Asks.ARRIVED, ARRIVED)
    there.ask(1, Asks.ARRIVED, ARRIVED)
    assert len(there.world.all(Ingest)) == 1


def test_transfers_that_are_told_twice_have_the_same_ingests(there: Installation) -> None:
    told = [["big.png", "/in/big.png_tmp", 5, None]]
    first, second = there.ask(1, Asks.SEEN, told).answer, there.ask(1, Asks.SEEN, told).answer
    (ingest,) = there.world.all(Ingest)
    assert first == second == [("/in/big.png_tmp", ingest.id)]


def test_another_execution_counts_from_the_beginning(there: Installation) -> None:
    there.ask(5, Asks.ARRIVED, ARRIVED)
    with there.world.database.write() as session:
        one = session.get_one(JobExecution, there.execution_id)
        one.status = "FAILED"
        other = new_execution(one.job_id, one.job_type_id, priority=5, timeout=0, now=one.created)
        (there.execution_id,) = insert_rows(session, JobExecution, [{**other, "status": "RUNNING"}])
    there.ask(1, Asks.ARRIVED, ARRIVED)
    assert len(there.world.all(Ingest)) == 2


def test_an_execution_that_does_not_run_records_nothing_and_is_to_end(there: Installation) -> None:
    there.set_status("FAILED")
    assert there.ask(1, Asks.ARRIVED, ARRIVED).over == node_strikes.NOT_RUNNING
    assert there.world.all(Ingest) == []


def test_a_watcher_of_another_release_is_to_end(there: Installation) -> None:
    assert there.ask(1, Asks.ORDER, release="0.0.1").over == node_strikes.OTHER_RELEASE


def test_what_is_not_known_is_answered_with_what_is_wrong(there: Installation) -> None:
    assert there.ask(1, "weather").trouble == "Scale knows no question 'weather'."


def test_trouble_on_a_node_shows_on_the_strike_until_it_is_over(there: Installation) -> None:
    there.ask(1, Asks.NOTE, ["no room", True])
    assert there.strike().trouble == "no room"
    there.ask(2, Asks.NOTE, ["half of it", False])
    assert (there.strike().trouble, there.world.executions(there.job_id)[0].message) == (None, "half of it")


def test_a_directory_is_known_once_it_is_watched_until_it_is_another(there: Installation) -> None:
    assert not there.ask(1, Asks.ORDER).answer["is_known"]
    there.ask(2, Asks.WATCHES, "/elsewhere")
    assert not there.ask(3, Asks.ORDER).answer["is_known"]
    there.ask(4, Asks.WATCHES, str(there.world.incoming))
    assert there.ask(5, Asks.ORDER).answer["is_known"]
    with there.world.database.write() as session:
        row = session.get_one(Strike, there.strike_id)
        row.configuration = {**row.configuration, "mount": "/other"}
    assert not there.ask(6, Asks.ORDER).answer["is_known"]


def test_transfers_under_way_come_in_pages(there: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_strikes, "PAGE", 2)
    monkeypatch.setattr(remote, "PAGE", 2)
    recorder = RemoteRecorder(Asking(Line(there)), there.strike_id)
    order = recorder.order().order
    transfers = [Transfer(f"{number}.png", f"/in/{number}.png_tmp", number) for number in range(5)]
    ids = recorder.seen(order, transfers, {})
    assert [(one.path, one.size) for one in recorder.under_way(there.strike_id)] == [
        (one.path, one.size) for one in transfers
    ]
    recorder.gone(list(ids.values()))
    assert recorder.under_way(there.strike_id) == []


def test_a_workspace_that_is_to_be_watched_is_told_with_the_order_or_what_is_wrong_with_it(there: Installation) -> None:
    there.watch_workspace("raw")
    recorder = RemoteRecorder(Asking(Line(there)), there.strike_id)
    workspace = recorder.order().workspace
    assert workspace is not None
    (raw,) = there.world.all(Workspace)
    assert (workspace.workspace_id, workspace.configuration.to_document()["broker"]) == (
        raw.id,
        raw.json_config["broker"],
    )
    there.watch_workspace("nowhere")
    with pytest.raises(WatchUnavailable, match='The workspace "nowhere" is watched, and must exist and be active'):
        recorder.order()


def test_files_of_a_bucket_are_remembered_from_afar_as_they_are_here(
    there: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_ITEMS", 2)
    here = WatchedFileService(there.world.context, there.strike_id)
    asking = Asking(Line(there))
    watched, order = RemoteWatchedFiles(asking), RemoteRecorder(asking, there.strike_id).order().order
    files = [ListedFile(f"in/{number}.txt", number, "first") for number in range(7)]
    assert watched.news(files) == files
    watched.arrived(order, [(one, Arrival(one.path[3:], one.path, one.path, one.size)) for one in files[:5]])
    assert watched.news(files) == here.news(files) == files[5:]
    assert [one.file_size for one in there.world.all(Ingest)] == [0, 1, 2, 3, 4]
    watched.forget_gone("in/0.txt", ["in/1.txt", "in/3.txt", "in/3.txt.png", "in/4.txt"], "in/4.txt")
    assert watched.news(files) == [files[2], *files[5:]]
    watched.forget_gone("in/1.txt", [], None)
    assert watched.news(files) == files[2:]


def test_what_is_found_in_a_bucket_and_told_twice_is_recorded_once(there: Installation) -> None:
    found = [[["in/a.txt", 7, "first"], ["a.txt", "in/a.txt", "in/a.txt", 7, None, None]]]
    for number in (2, 2, 1):
        assert there.ask(number, Asks.FOUND, found).trouble is None
    assert len(there.world.all(Ingest)) == len(there.world.jobs("scale-ingest")) == 1


def test_a_watcher_that_is_silent_is_trouble_until_it_asks_again(there: Installation) -> None:
    now = 0.0
    answered: list[int] = []
    answers = WatcherAnswers(
        there.world.context,
        lambda execution_id, _answer: answered.append(execution_id),
        nothing_of_the_clock,
        lambda: now,
    )
    answers.asked(there.execution_id, encode_question(Question(1, Asks.CURRENT)))
    answers.work_once(0)
    now = SILENT_SECONDS
    answers.work_once(0)
    assert "Nothing has been heard for 60 s" in (there.strike().trouble or "")
    answers.asked(there.execution_id, encode_question(Question(2, Asks.CURRENT)))
    answers.work_once(0)
    assert there.strike().trouble is None
    there.set_status("COMPLETED")
    now = 3 * SILENT_SECONDS
    answers.work_once(0)
    assert there.strike().trouble is None
    assert answered == [there.execution_id] * 2


def test_what_is_no_question_is_left_unanswered_and_others_are_answered(there: Installation) -> None:
    answered: list[int] = []
    answers = WatcherAnswers(
        there.world.context, lambda execution_id, _answer: answered.append(execution_id), nothing_of_the_clock
    )
    answers.asked(there.execution_id + 1, b"no question")
    answers.asked(there.execution_id, encode_question(Question(1, Asks.CURRENT)))
    for _ in range(2):
        answers.work_once(0)
    assert answered == [there.execution_id]


def test_a_plan_says_what_is_watched_and_a_job_without_a_strike_is_refused(there: Installation) -> None:
    strike = {"name": "strike_id", "type": "property", "value": "7"}
    plans = [make_plan("scale-strike", inputs=[strike]), make_plan("scale-strike", execution_id=2)]
    ready, refused = there.service.begin(plans)
    assert [one.strike for one in ready] == [PlanStrike(strike_id=7)]
    assert refused == [(2, node_strikes.NO_STRIKE)]


def test_strikes_of_workspaces_are_told_from_those_of_directories(there: Installation) -> None:
    def of_workspaces_now() -> set[int]:
        with there.world.database.read() as session:
            return of_workspaces(session, [there.job_id])

    assert of_workspaces_now() == set()
    there.watch_workspace("raw")
    assert of_workspaces_now() == {there.job_id}


def test_a_workspace_that_several_nodes_do_not_reach_is_watched_by_scale_itself(there: Installation) -> None:
    there.watch_workspace("raw")
    context = there.world.context
    nodes = LackingNodes(context, ExecutionService(context))
    there.set_status("QUEUED")
    for number in range(ENOUGH_FAILURES):
        (queued,) = nodes.queue(10)
        assert not queued.is_here
        one = EndedExecution(
            1, there.job_id, 1, "scale-strike", "", "", "", "", False, "", (None,) * 3, 1.0, True, "mount-missing"
        )
        nodes.ended([(one, f"agent-{number}")])
    (queued,) = nodes.queue(10)
    assert queued.is_here
