"""Files come back."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pytest

from scale_core.interfaces.broker import Broker, BrokerError, ContentChanged, FileMissing
from scale_core.testing.broker.fixtures import BrokerFixtures, checksum


class ReadingContract(BrokerFixtures):
    """Copies, streams, and what is not there."""

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

    def test_a_copy_is_verified_and_one_that_differs_is_not_left(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path
    ) -> None:
        put("x", b"content")
        right = f"sha256:{hashlib.sha256(b'content').hexdigest()}"
        broker.retrieve_verified("x", local / "out", right)
        assert (local / "out").read_bytes() == b"content"
        with pytest.raises(ContentChanged, match="'x' is not what was stored there"):
            broker.retrieve_verified("x", local / "changed", right.replace(right[-1], "f" if right[-1] != "f" else "0"))
        assert not (local / "changed").exists()
        with pytest.raises(FileMissing):
            broker.retrieve_verified("y", local / "missing", right)
        broker.retrieve_verified("x", local / "link", right, link=True)
        assert (local / "link").read_bytes() == b"content"

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

    def test_an_open_file_can_seek(self, broker: Broker, put: Callable[[str, bytes], None]) -> None:
        put("x", b"0123456789")
        with broker.open("x") as stream:
            assert stream.seekable()
            stream.seek(4)
            assert stream.read(3) == b"456"
            stream.seek(-2, os.SEEK_END)
            assert stream.read() == b"89"

    def test_the_version_of_an_open_file_is_another_once_it_is_replaced(
        self, broker: Broker, put: Callable[[str, bytes], None]
    ) -> None:
        put("x", b"first")
        with broker.open("x") as stream:
            version = _version_of(broker, stream)
            assert stream.read() == b"first"
        with broker.open("x") as stream:
            stream.seek(2)
            assert stream.read(1) == b"r"
            assert broker.version(stream) == version
        put("x", b"other")
        with broker.open("x") as stream:
            assert broker.version(stream) != version
            assert stream.read() == b"other"

    def test_what_is_read_is_the_version_that_was_told(self, broker: Broker, put: Callable[[str, bytes], None]) -> None:
        put("x", b"first")
        with broker.open("x") as stream:
            _version_of(broker, stream)
            put("x", b"other")
            with suppress(BrokerError):  # it is not there any more
                assert stream.read() == b"first"


def _version_of(broker: Broker, stream: BinaryIO) -> str:
    version = broker.version(stream)
    if version is None:
        pytest.skip("the storage does not tell versions, which no broker has to")
    return version
