"""Moving, linking and removing many files in a process apart."""

import hashlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from fakes.processes import command_of
from fakes.waiting import join, until
from scale_broker_host.broker import HostBroker
from scale_core.watching.moving import EARLIER
from scale_scheduler.strike import file_work
from scale_scheduler.strike.file_worker import MANY, FileWorker
from scale_scheduler.strike.linking import Link, Linked, NotLinked

pytestmark = pytest.mark.any_database


@pytest.fixture
def worker() -> Iterator[FileWorker]:
    with FileWorker() as worker:
        yield worker


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    (tmp_path / "storage").mkdir()
    return tmp_path / "storage"


Ask = Callable[[str, int], list[Linked | NotLinked]]


@pytest.fixture
def ask(worker: FileWorker, storage: Path) -> Ask:
    """Make and link so many files whose names begin so."""

    def ask(name: str, number: int) -> list[Linked | NotLinked]:
        links = []
        for one in range(number):
            source = storage.parent / f"{name}-{one}.txt"
            source.write_text(source.name)
            links.append(Link(str(source), f"in/{source.name}", source.name))
        configuration = {"type": "host", "host_path": str(storage)}
        return worker.link(HostBroker.from_configuration(configuration), configuration, {}, links)

    return ask


def children() -> set[int]:
    mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return {int(one) for one in mine.split()}


def workers() -> list[int]:
    """The processes that work on files for this one."""
    return [one for one in children() if b"strike.file_work" in command_of(one)]


def process_of(ask: Ask) -> int:
    """Link until another process does; its id."""
    ask("start", MANY)
    (process,) = until(workers, lambda found: len(found) == 1)  # one that has just begun has no command for a moment
    numbers = count(1)

    def works() -> bool:
        before = cpu_nanoseconds(process)
        time.sleep(0.1)
        if cpu_nanoseconds(process) > before:  # it makes itself ready
            return False
        ask(f"warm-{next(numbers)}", MANY)
        return cpu_nanoseconds(process) > before

    until(works)
    return process


def check(name: str, results: list[Linked | NotLinked], storage: Path) -> None:
    for number, result in enumerate(results):
        content = f"{name}-{number}.txt".encode()
        digest = hashlib.sha256(content).hexdigest()
        assert result == Linked(len(content), f"sha256:{digest}", "text/plain")
        assert (storage / f"in/{name}-{number}.txt").stat().st_nlink == 2


def test_few_files_are_linked_without_a_process(ask: Ask, storage: Path) -> None:
    before = children()
    check("few", ask("few", MANY - 1), storage)
    assert children() == before


def test_many_files_are_linked_by_a_process_that_ends_with_its_user(
    ask: Ask, storage: Path, worker: FileWorker
) -> None:
    process = process_of(ask)
    used = cpu_nanoseconds(process)
    check("many", ask("many", 500), storage)
    assert cpu_nanoseconds(process) > used
    worker.__exit__()
    assert process not in children()


def cpu_nanoseconds(process: int) -> int:
    """How long a process has run."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0])


def test_what_is_in_the_way_is_told_file_by_file(ask: Ask, storage: Path) -> None:
    process_of(ask)
    (storage / "in" / "mixed-3.txt").write_text("mine")
    results = ask("mixed", MANY)
    assert results[3] == NotLinked("There is a file at 'in/mixed-3.txt' already.", is_unsupported=False)
    assert [isinstance(one, Linked) for one in results].count(False) == 1
    assert (storage / "in" / "mixed-3.txt").read_text() == "mine"


def test_a_process_that_is_killed_is_done_without_and_made_anew(ask: Ask, storage: Path) -> None:
    process = process_of(ask)
    os.kill(process, signal.SIGKILL)
    check("after", ask("after", MANY), storage)
    assert process_of(ask) != process


def test_a_broker_that_breaks_there_is_told_here(worker: FileWorker, storage: Path, ask: Ask) -> None:
    process_of(ask)
    links = [Link(str(storage.parent / "x"), "in/x", "x")] * MANY
    with pytest.raises(RuntimeError, match="KeyError: 'host_path'"):
        worker.link(HostBroker(storage), {"type": "host"}, {}, links)


def named(folder: Path, name: str, number: int) -> list[str]:
    """Make so many files whose names begin so; their names."""
    for one in range(number):
        (folder / f"{name}-{one}").write_text(name)
    return [f"{name}-{one}" for one in range(number)]


@pytest.mark.parametrize("number", [3, MANY])
def test_files_are_moved_and_removed_and_what_is_in_the_way_waits(
    worker: FileWorker, ask: Ask, storage: Path, number: int
) -> None:
    process_of(ask)
    top, folder = storage / "top", storage / "folder"
    top.mkdir()
    folder.mkdir()
    names = named(top, "one", number)
    (folder / "one-1").write_text("earlier")
    taken = worker.move(str(top), [*names, "gone"], str(folder))
    assert taken == ([name for name in names if name != "one-1"], {"one-1": EARLIER}, None)
    assert [one.name for one in top.iterdir()] == ["one-1"]
    worker.remove([str(folder / name) for name in [*names, "gone"]])
    assert list(folder.iterdir()) == []


def test_storage_that_fails_stops_a_move(worker: FileWorker, ask: Ask, storage: Path) -> None:
    process_of(ask)
    top = storage / "top"
    top.mkdir()
    names = named(top, "one", MANY)
    (storage / "no folder").write_text("")
    with pytest.raises(NotADirectoryError, match="no folder"):
        worker.move(str(top), names, str(storage / "no folder"))
    with pytest.raises(IsADirectoryError):
        worker.remove([str(storage / "in")] * MANY)
    assert len(list(top.iterdir())) == MANY


def test_who_is_killed_in_the_middle_of_a_move_leaves_the_rest_to_a_new_beginning(
    worker: FileWorker, ask: Ask, storage: Path
) -> None:
    top, folder = storage / "top", storage / "folder"
    top.mkdir()
    folder.mkdir()
    names = named(top, "one", 20_000)

    def kill_in_the_middle(process: int) -> None:
        until(lambda: os.path.lexists(folder / names[100]), pause=0.001)
        os.kill(process, signal.SIGKILL)

    def is_killed_in_the_middle() -> bool:
        process = process_of(ask)
        os.setpriority(os.PRIO_PROCESS, process, 19)  # who kills it comes first
        killer = threading.Thread(target=kill_in_the_middle, args=[process])
        killer.start()
        try:
            worker.move(str(top), names, str(folder))
        except OSError as error:
            return "it ended before it had answered" in str(error)
        finally:
            join(killer)
        top.rmdir()  # who kills it came too late; all is put back
        folder.rename(top)
        folder.mkdir()
        return False

    until(is_killed_in_the_middle)
    assert len(list(top.iterdir())) + len(list(folder.iterdir())) == 20_000
    assert worker.move(str(top), [one.name for one in top.iterdir()], str(folder)).error is None
    assert len(list(folder.iterdir())) == 20_000


def test_it_ends_when_nothing_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_work, "IDLE_SECONDS", 0.05)
    read, write = os.pipe()
    with os.fdopen(read, "rb") as orders, os.fdopen(write, "wb"), Path(os.devnull).open("wb") as answers:
        file_work.serve(orders, answers)
