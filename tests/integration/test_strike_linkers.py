"""Linking many files in a process apart."""

import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scale_broker_host.broker import HostBroker
from scale_scheduler.strike import linker as linker_module
from scale_scheduler.strike.linkers import MANY, Linker
from scale_scheduler.strike.linking import Link, Linked, NotLinked


@pytest.fixture
def linker() -> Iterator[Linker]:
    linker = Linker()
    yield linker
    linker.close()


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    (tmp_path / "storage").mkdir()
    return tmp_path / "storage"


Ask = Callable[[str, int], list[Linked | NotLinked]]


@pytest.fixture
def ask(linker: Linker, storage: Path) -> Ask:
    """Make and link so many files whose names begin so."""

    def ask(name: str, number: int) -> list[Linked | NotLinked]:
        links = []
        for one in range(number):
            source = storage.parent / f"{name}-{one}.txt"
            source.write_text(source.name)
            links.append(Link(str(source), f"in/{source.name}", source.name))
        configuration = {"type": "host", "host_path": str(storage)}
        return linker.link(HostBroker.from_configuration(configuration), configuration, links)

    return ask


def children() -> set[int]:
    mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return {int(one) for one in mine.split()}


def process_of(ask: Ask) -> int:
    """Link until another process does; its id."""
    ask("start", MANY)
    (process,) = {one for one in children() if b"strike.linker" in Path(f"/proc/{one}/cmdline").read_bytes()}
    deadline, used = time.monotonic() + 10, 0
    while used == 0:
        assert time.monotonic() < deadline
        before = cpu_nanoseconds(process)
        time.sleep(0.1)
        used = cpu_nanoseconds(process) - before
        if used == 0:  # it has made itself ready, and waits
            ask(f"warm-{deadline - time.monotonic()}", MANY)
            used = cpu_nanoseconds(process) - before
        else:
            used = 0
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


def test_many_files_are_linked_by_a_process_that_ends_with_its_user(ask: Ask, storage: Path, linker: Linker) -> None:
    process = process_of(ask)
    used = cpu_nanoseconds(process)
    check("many", ask("many", 500), storage)
    assert cpu_nanoseconds(process) > used
    linker.close()
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


def test_a_broker_that_breaks_there_is_told_here(linker: Linker, storage: Path, ask: Ask) -> None:
    process_of(ask)
    links = [Link(str(storage.parent / "x"), "in/x", "x")] * MANY
    with pytest.raises(RuntimeError, match="KeyError: 'host_path'"):
        linker.link(HostBroker(storage), {"type": "host"}, links)


def test_it_ends_when_nothing_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linker_module, "IDLE_SECONDS", 0.05)
    read, write = os.pipe()
    with os.fdopen(read, "rb") as orders, os.fdopen(write, "wb"), Path(os.devnull).open("wb") as answers:
        linker_module.serve(orders, answers)
