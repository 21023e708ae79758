"""Files are linked instead of copied, where that can be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scale_core.interfaces.broker import (
    Broker,
    BrokerError,
    FileMissing,
    LinkUnsupported,
    PathRefused,
    PathTaken,
    StoredFile,
)
from scale_core.testing.broker.fixtures import BAD_PATHS, BrokerFixtures, checksum


class LinkingContract(BrokerFixtures):
    """Links into a workspace and out of it."""

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
                broker.sync_links([path])
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
