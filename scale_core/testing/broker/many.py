"""Many files are stored with one call."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scale_core.interfaces.broker import Broker, BrokerError, FileMissing, PathRefused, PathTaken, StoredFile
from scale_core.testing.broker.fixtures import BrokerFixtures, checksum


class ManyContract(BrokerFixtures):
    """Each of many is stored, or refused, like one."""

    @pytest.mark.parametrize("move", [False, True])
    @pytest.mark.parametrize("number", [0, 1, 40])
    def test_many_are_stored_like_one(self, broker: Broker, local: Path, number: int, move: bool) -> None:
        contents = {f"folder-{index % 3}/{index}": str(index).encode() for index in range(number)}
        files = []
        for path, content in contents.items():
            source = local / path.replace("/", "-")
            source.write_bytes(content)
            files.append((source, path))
        results = broker.store_many(files, move=move)
        assert results == [StoredFile(path, len(content), checksum(content)) for path, content in contents.items()]
        for source, path in files:
            assert broker.checksum(path) == checksum(contents[path])
            assert source.exists() is not move

    @pytest.mark.parametrize("move", [False, True])
    def test_one_of_many_that_cannot_be_stored_does_not_stop_the_others(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path, move: bool, has_folders: bool
    ) -> None:
        put("is/file", b"before")
        for index in range(30):
            (local / str(index)).write_bytes(str(index).encode())
        files = [(local / str(index), f"many/{index}") for index in range(30)]
        files[3] = (local / "nowhere", "many/3")
        files[7] = (local / "7", "../7")
        files[11] = (local / "11", "is/file/11")
        files[13] = (local, "many/13")
        results = broker.store_many(files, move=move)
        refused = {3, 7, 11, 13} if has_folders else {3, 7, 13}
        assert {index for index, one in enumerate(results) if isinstance(one, BrokerError)} == refused
        assert isinstance(results[3], FileMissing)
        assert isinstance(results[7], PathRefused)
        assert [results[index] for index in (0, 29)] == [
            StoredFile("many/0", 1, checksum(b"0")),
            StoredFile("many/29", 2, checksum(b"29")),
        ]
        assert (local / "7").read_bytes() == b"7"
        assert broker.checksum("is/file") == checksum(b"before")

    @pytest.mark.parametrize("move", [False, True])
    def test_many_replace_what_was_there_unless_they_must_not(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path, move: bool
    ) -> None:
        put("x", b"before")
        (local / "in").write_bytes(b"after")
        (local / "new").write_bytes(b"new")
        kept, stored = broker.store_many([(local / "in", "x"), (local / "new", "y")], move=move, replace=False)
        assert isinstance(kept, PathTaken)
        assert (local / "in").read_bytes() == b"after"
        assert stored == StoredFile("y", 3, checksum(b"new"))
        assert broker.checksum("x") == checksum(b"before")
        assert broker.store_many([(local / "in", "x")], move=move) == [StoredFile("x", 5, checksum(b"after"))]
        assert broker.checksum("x") == checksum(b"after")

    def test_of_two_for_one_path_the_second_is_refused_or_replaces(self, broker: Broker, local: Path) -> None:
        for name in ("1", "2", "3", "4"):
            (local / name).write_bytes(name.encode())
        first, second = broker.store_many([(local / "1", "x"), (local / "2", "x")], replace=False)
        assert first == StoredFile("x", 1, checksum(b"1"))
        assert isinstance(second, PathTaken)
        broker.store_many([(local / "3", "x"), (local / "4", "x")], move=True)
        assert broker.checksum("x") == checksum(b"4")

    def test_many_of_two_names_leave_the_other_name_apart(self, broker: Broker, local: Path) -> None:
        files = []
        for index in range(20):
            (local / f"in-{index}").write_bytes(b"before")
            (local / f"other-{index}").hardlink_to(local / f"in-{index}")
            files.append((local / f"in-{index}", f"many/{index}"))
        assert not any(isinstance(one, BrokerError) for one in broker.store_many(files, move=True))
        for index in range(20):
            assert not (local / f"in-{index}").exists()
            (local / f"other-{index}").write_bytes(b"after!")
            assert broker.checksum(f"many/{index}") == checksum(b"before")
