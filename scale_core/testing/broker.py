"""What every broker keeps to."""

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scale_core.interfaces.broker import (
    Broker,
    BrokerError,
    FileMissing,
    LinkUnsupported,
    PathRefused,
    PathTaken,
    StorageUsage,
    StoredFile,
)

BAD_PATHS = ("", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a//b", "a/", "./a", "a\0b")


def checksum(content: bytes) -> str:
    """As brokers write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class BrokerContract:
    """Subclass it and give ``broker`` and ``configuration``; ``outside_link`` where the storage has symbolic links."""

    @pytest.fixture
    def broker(self) -> Broker:
        """A broker of a new, empty workspace that can be used."""
        pytest.fail("The subclass must give the fixture `broker`")

    @pytest.fixture
    def configuration(self) -> Mapping[str, Any]:
        """A valid configuration of this broker, ``type`` included."""
        pytest.fail("The subclass must give the fixture `configuration`")

    @pytest.fixture
    def outside_link(self) -> Callable[[str, Path], None] | None:
        """A function that makes a symbolic link in the workspace of ``broker``: its path there, and the local file it
        leads to. None: the storage has no such links."""
        return None

    @pytest.fixture
    def local(self, tmp_path: Path) -> Path:
        """A folder of this machine, beside the storage."""
        folder = tmp_path / "contract-local"
        folder.mkdir()
        return folder

    @pytest.fixture
    def put(self, broker: Broker, local: Path) -> Callable[[str, bytes], None]:
        """Stores content at a path."""

        def put(path: str, content: bytes) -> None:
            source = local / "put"
            source.write_bytes(content)
            broker.store(source, path)

        return put

    def test_its_type_and_schema_are_usable(self, broker: Broker, configuration: Mapping[str, Any]) -> None:
        assert type(broker).type_name
        assert configuration["type"] == type(broker).type_name
        Draft202012Validator.check_schema(type(broker).configuration_schema)
        Draft202012Validator(type(broker).configuration_schema).validate(configuration)

    def test_the_schema_refuses_another_type(self, broker: Broker, configuration: Mapping[str, Any]) -> None:
        validator = Draft202012Validator(type(broker).configuration_schema)
        assert not validator.is_valid({**configuration, "type": "another"})
        assert not validator.is_valid({})

    def test_it_is_made_from_a_configuration(self, broker: Broker, configuration: Mapping[str, Any]) -> None:
        assert isinstance(type(broker).from_configuration(configuration), type(broker))

    def test_check_accepts_a_usable_workspace(self, broker: Broker) -> None:
        broker.check()
        broker.check()

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
        seen: list[bytes] = []
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                with broker.open("x") as stream:
                    seen.append(stream.read())

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(20):
            (local / "in").write_bytes(bytes([48 + number % 10]) * size)
            broker.store(local / "in", "x")
        stop.set()
        reader.join()
        assert seen
        assert all(len(content) == size and len(set(content)) == 1 for content in seen)

    def test_storing_a_missing_source_says_so_and_leaves_nothing(self, broker: Broker, local: Path) -> None:
        with pytest.raises(FileMissing, match="nowhere"):
            broker.store(local / "nowhere", "x")
        with pytest.raises(FileMissing):
            broker.stat("x")

    def test_a_folder_is_no_source(self, broker: Broker, local: Path) -> None:
        with pytest.raises(BrokerError):
            broker.store(local, "x")

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
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path, move: bool
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
        assert {index for index, one in enumerate(results) if isinstance(one, BrokerError)} == {3, 7, 11, 13}
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

    @pytest.mark.parametrize("number", [1, 40])
    def test_many_are_linked_or_refused_as_unsupported(self, broker: Broker, local: Path, number: int) -> None:
        files = [(local / f"in-{index}", f"many/{index}") for index in range(number)]
        for index, (source, _path) in enumerate(files):
            source.write_bytes(str(index).encode())
        results = broker.link_many(files)
        assert len(results) == number
        for (source, path), result in zip(files, results, strict=True):
            content = source.read_bytes()
            if isinstance(result, StoredFile):
                assert result == StoredFile(path, len(content), checksum(content))
                assert content.startswith(result.head)
                assert broker.is_linked(source, path)
                source.unlink()
                assert broker.checksum(path) == checksum(content)
            else:
                assert isinstance(result, LinkUnsupported)
                assert not broker.is_linked(source, path)
                with pytest.raises(FileMissing):
                    broker.stat(path)

    def test_linking_replaces_nothing_and_follows_no_link(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path
    ) -> None:
        put("x", b"before")
        (local / "in").write_bytes(b"after")
        (local / "link").symlink_to(local / "in")
        taken, linked, missing = broker.link_many(
            [(local / "in", "x"), (local / "link", "y"), (local / "nowhere", "z")]
        )
        assert isinstance(taken, PathTaken | LinkUnsupported)
        assert isinstance(linked, BrokerError)
        assert isinstance(missing, FileMissing | LinkUnsupported)
        assert not broker.is_linked(local / "in", "x")
        assert broker.checksum("x") == checksum(b"before")
        with pytest.raises(FileMissing):
            broker.stat("y")

    @pytest.mark.parametrize("path", BAD_PATHS)
    def test_linking_stays_inside_the_root(self, broker: Broker, local: Path, path: str) -> None:
        (local / "in").write_bytes(b"x")
        (result,) = broker.link_many([(local / "in", path)])
        assert isinstance(result, PathRefused | LinkUnsupported)

    def test_a_linked_retrieval_reads_the_same(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path
    ) -> None:
        put("x", b"content")
        broker.retrieve("x", local / "out", link=True)
        assert (local / "out").read_bytes() == b"content"

    def test_a_copied_retrieval_can_be_written_to(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path
    ) -> None:
        put("x", b"content")
        broker.retrieve("x", local / "out")
        (local / "out").write_bytes(b"changed")
        assert broker.checksum("x") == checksum(b"content")

    @pytest.mark.parametrize("link", [False, True])
    def test_retrieving_does_not_overwrite(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path, link: bool
    ) -> None:
        put("x", b"content")
        (local / "out").write_bytes(b"mine")
        with pytest.raises(BrokerError):
            broker.retrieve("x", local / "out", link=link)
        assert (local / "out").read_bytes() == b"mine"

    def test_what_is_not_there_is_missing(self, broker: Broker, local: Path) -> None:
        for use in (
            lambda: broker.retrieve("no/such", local / "out"),
            lambda: broker.retrieve("no/such", local / "out", link=True),
            lambda: broker.stat("no/such"),
            lambda: broker.checksum("no/such"),
            lambda: broker.open("no/such"),
            lambda: broker.move("no/such", "else"),
        ):
            with pytest.raises(FileMissing, match="no/such"):
                use()
        assert not os.path.lexists(local / "out")

    def test_a_folder_is_no_file(self, broker: Broker, put: Callable[[str, bytes], None], local: Path) -> None:
        put("folder/x", b"content")
        for use in (
            lambda: broker.retrieve("folder", local / "out"),
            lambda: broker.stat("folder"),
            lambda: broker.open("folder"),
        ):
            with pytest.raises(BrokerError):
                use()

    def test_moving_keeps_the_content_and_frees_the_path(
        self, broker: Broker, put: Callable[[str, bytes], None]
    ) -> None:
        put("a/x", b"content")
        broker.move("a/x", "new/folder/y")
        assert broker.checksum("new/folder/y") == checksum(b"content")
        with pytest.raises(FileMissing):
            broker.stat("a/x")

    def test_moving_twice_is_moving_once(self, broker: Broker, put: Callable[[str, bytes], None]) -> None:
        put("x", b"content")
        broker.move("x", "y")
        broker.move("x", "y")
        broker.move("y", "y")
        assert broker.checksum("y") == checksum(b"content")

    def test_deleting_twice_is_deleting_once(self, broker: Broker, put: Callable[[str, bytes], None]) -> None:
        put("a/x", b"content")
        put("a/y", b"stays")
        broker.delete("a/x")
        broker.delete("a/x")
        broker.delete("never/was")
        with pytest.raises(FileMissing):
            broker.stat("a/x")
        assert broker.stat("a/y") == 5

    def test_an_open_file_can_seek(self, broker: Broker, put: Callable[[str, bytes], None]) -> None:
        put("x", b"0123456789")
        with broker.open("x") as stream:
            assert stream.seekable()
            stream.seek(4)
            assert stream.read(3) == b"456"
            stream.seek(-2, os.SEEK_END)
            assert stream.read() == b"89"

    @pytest.mark.parametrize("path", BAD_PATHS)
    def test_a_path_that_is_none_is_refused_everywhere(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path, path: str
    ) -> None:
        put("x", b"content")
        for use in (
            lambda: broker.store(local / "put", path),
            lambda: broker.retrieve(path, local / "out"),
            lambda: broker.move("x", path),
            lambda: broker.move(path, "y"),
            lambda: broker.delete(path),
            lambda: broker.stat(path),
            lambda: broker.checksum(path),
            lambda: broker.open(path),
        ):
            with pytest.raises(PathRefused):
                use()
        assert broker.stat("x") == 7
        assert not os.path.lexists(local / "out")

    def test_a_file_is_no_folder(self, broker: Broker, put: Callable[[str, bytes], None], local: Path) -> None:
        put("x", b"content")
        with pytest.raises(BrokerError):
            broker.store(local / "put", "x/y")
        assert broker.stat("x") == 7

    @pytest.mark.parametrize("name", ["with space", "ünïcode", "-dash", "$HOME", "a'b\"c", "new\nline", "x" * 200])
    def test_odd_names_are_names(self, broker: Broker, put: Callable[[str, bytes], None], name: str) -> None:
        put(f"folder {name}/{name}", b"content")
        assert broker.stat(f"folder {name}/{name}") == 7

    def test_a_link_out_of_the_workspace_is_refused(
        self, broker: Broker, local: Path, outside_link: Callable[[str, Path], None] | None
    ) -> None:
        if outside_link is None:
            pytest.skip("the storage has no symbolic links")
        (local / "secret").write_bytes(b"secret")
        (local / "folder").mkdir()
        outside_link("link", local / "secret")
        outside_link("folder-link", local / "folder")
        for use in (
            lambda: broker.retrieve("link", local / "out"),
            lambda: broker.stat("link"),
            lambda: broker.checksum("link"),
            lambda: broker.open("link"),
            lambda: broker.store(local / "secret", "folder-link/x"),
            lambda: broker.move("folder-link/x", "x"),
            lambda: broker.delete("folder-link/x"),
        ):
            with pytest.raises(PathRefused):
                use()
        assert list((local / "folder").iterdir()) == []

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

    def test_usage_is_sensible(self, broker: Broker) -> None:
        usage = broker.usage()
        assert isinstance(usage, StorageUsage)
        assert usage.total is None or usage.total > 0
        assert usage.used is None or usage.used >= 0
        assert usage.used is None or usage.total is None or usage.used <= usage.total

    def test_urls_are_absolute_or_none(self, broker: Broker) -> None:
        assert broker.url("a/b.txt", None) is None or "://" in str(broker.url("a/b.txt", None))
        url = broker.url("a/b.txt", "http://host.com/rs")
        assert url is None or url.startswith(("http://", "https://"))
