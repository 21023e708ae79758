"""Files are stored."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scale_core.interfaces.broker import Broker, BrokerError, FileMissing
from scale_core.testing.broker.fixtures import BrokerFixtures, checksum


class StoringContract(BrokerFixtures):
    """One file at a time, and by many threads."""

    @pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3_000_000])
    def test_what_is_stored_is_what_comes_back(self, broker: Broker, local: Path, size: int) -> None:
        content = os.urandom(size)
        (local / "in").write_bytes(content)
        stored = broker.store(local / "in", "a/b/c.bin")
        assert (stored.path, stored.size, stored.checksum) == ("a/b/c.bin", size, checksum(content))
        assert (local / "in").read_bytes() == content
        broker.retrieve("a/b/c.bin", local / "out")
        assert (local / "out").read_bytes() == content
        assert broker.stat("a/b/c.bin") == size
        assert broker.checksum("a/b/c.bin") == checksum(content)

    def test_moving_in_takes_the_source_away(self, broker: Broker, local: Path) -> None:
        (local / "in").write_bytes(b"moved")
        stored = broker.store(local / "in", "moved.txt", move=True)
        assert stored.checksum == checksum(b"moved")
        assert not (local / "in").exists()
        with broker.open("moved.txt") as stream:
            assert stream.read() == b"moved"

    def test_moving_in_a_file_with_two_names_leaves_the_other_name_apart(self, broker: Broker, local: Path) -> None:
        (local / "in").write_bytes(b"before")
        (local / "other").hardlink_to(local / "in")
        broker.store(local / "in", "x", move=True)
        assert not (local / "in").exists()
        (local / "other").write_bytes(b"after!")
        with broker.open("x") as stream:
            assert stream.read() == b"before"

    def test_a_linked_source_is_stored_by_its_content(self, broker: Broker, local: Path) -> None:
        (local / "real").write_bytes(b"real")
        (local / "link").symlink_to(local / "real")
        broker.store(local / "link", "x", move=True)
        assert (local / "real").read_bytes() == b"real"
        broker.retrieve("x", local / "out")
        assert (local / "out").read_bytes() == b"real"

    @pytest.mark.parametrize("move", [False, True])
    def test_storing_replaces_what_was_there(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path, move: bool
    ) -> None:
        put("x", b"a long first version")
        (local / "in").write_bytes(b"second")
        broker.store(local / "in", "x", move=move)
        with broker.open("x") as stream:
            assert stream.read() == b"second"

    def test_readers_see_whole_files_while_one_is_replaced(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path
    ) -> None:
        size = 200_000
        put("x", b"0" * size)
        are_whole: list[bool] = []
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                with broker.open("x") as stream:
                    content = stream.read()
                are_whole.append(len(content) == content.count(content[:1]) == size)
                time.sleep(0.001)  # the other thread has something to do, too

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(20):
            (local / "in").write_bytes(bytes([48 + number % 10]) * size)
            broker.store(local / "in", "x")
        stop.set()
        reader.join()
        assert are_whole
        assert all(are_whole)

    def test_storing_a_missing_source_says_so_and_leaves_nothing(self, broker: Broker, local: Path) -> None:
        with pytest.raises(FileMissing, match="nowhere"):
            broker.store(local / "nowhere", "x")
        with pytest.raises(FileMissing):
            broker.stat("x")

    def test_a_folder_is_no_source(self, broker: Broker, local: Path) -> None:
        with pytest.raises(BrokerError):
            broker.store(local, "x")

    def test_many_threads_may_use_it(self, broker: Broker, local: Path) -> None:
        failures: list[BrokerError] = []

        def work(number: int) -> None:
            try:
                for turn in range(10):
                    source = local / f"in-{number}"
                    source.write_bytes(str((number, turn)).encode())
                    broker.store(source, f"shared/folder/{turn}/{number}", move=True)
                    broker.move(f"shared/folder/{turn}/{number}", f"moved/{turn}/{number}")
            except BrokerError as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert broker.stat("moved/9/7") == len(str((7, 9)))
