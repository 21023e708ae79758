"""What brokers that talk to a server keep to when the connection breaks."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from fakes.wire import Wire
from scale_core.interfaces.broker import Broker, StorageUnavailable

FIRST_WORDS = 400
"""Bytes with which no file has come over yet."""

PATIENCE = 60.0
IMPATIENCE = 1.0
FAILS_WITHIN_SECONDS = 60.0


class BrokenWireCases:
    """Subclass it and give ``server_url``, ``make`` and ``stored``; ``size`` where 6 MiB are not large."""

    @pytest.fixture
    def server_url(self) -> str:
        """Where the server is that is behind ``wire``."""
        pytest.fail("The subclass must give the fixture `server_url`")

    @pytest.fixture
    def wire(self, server_url: str) -> Iterator[Wire]:
        with Wire(server_url) as wire:
            yield wire

    @pytest.fixture
    def make(self, wire: Wire) -> Callable[[float], Broker]:
        """A function that makes brokers of one empty workspace behind ``wire``, which wait for so many seconds."""
        pytest.fail("The subclass must give the fixture `make`")

    @pytest.fixture
    def patient(self, make: Callable[[float], Broker]) -> Broker:
        """For what works, however slow the machine."""
        return make(PATIENCE)

    @pytest.fixture
    def broken(self, make: Callable[[float], Broker], patient: Broker, fault: str) -> Broker:
        """For what breaks."""
        return make(IMPATIENCE) if fault == "stall" else patient

    @pytest.fixture
    def size(self) -> int:
        """Bytes of a file of some pieces."""
        return (6 << 20) + 123

    @pytest.fixture
    def big(self, tmp_path: Path, size: int) -> Path:
        path = tmp_path / "big-for-the-wire"
        path.write_bytes(os.urandom(size))
        return path

    @pytest.fixture
    def stored(self) -> Callable[[], Mapping[str, bytes]]:
        """A function that looks where the server has its files: those of the workspace, and what the next store should
        have removed."""
        pytest.fail("The subclass must give the fixture `stored`")

    @pytest.mark.parametrize("fault", ["cut", "stall"])
    @pytest.mark.parametrize("share", [0, 1 / 8, 1 / 2])
    def test_a_store_that_breaks_leaves_what_was_there_and_works_when_repeated(
        self,
        wire: Wire,
        patient: Broker,
        broken: Broker,
        stored: Callable[[], Mapping[str, bytes]],
        big: Path,
        size: int,
        tmp_path: Path,
        fault: str,
        share: float,
    ) -> None:
        (tmp_path / "old").write_bytes(b"old")
        patient.store(tmp_path / "old", "x")
        wire.break_after(FIRST_WORDS + int(share * size), fault, "up")
        started = time.monotonic()
        with pytest.raises(StorageUnavailable):
            broken.store(big, "x", move=True)
        assert time.monotonic() - started < FAILS_WITHIN_SECONDS
        assert big.exists()
        assert stored()["x"] == b"old"
        wire.mend()
        assert patient.store(big, "x").checksum == f"sha256:{hashlib.sha256(big.read_bytes()).hexdigest()}"
        assert stored() == {"x": big.read_bytes()}

    # paramiko asks for what comes next in a thread of its own, which dies when the connection does.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    @pytest.mark.parametrize("fault", ["cut", "stall"])
    def test_a_retrieval_that_breaks_leaves_nothing_and_works_when_repeated(
        self, wire: Wire, patient: Broker, broken: Broker, big: Path, size: int, tmp_path: Path, fault: str
    ) -> None:
        patient.store(big, "x")
        wire.break_after(size * 2 // 5, fault, "down")
        with pytest.raises(StorageUnavailable):
            broken.retrieve("x", tmp_path / "out")
        assert not (tmp_path / "out").exists()
        wire.mend()
        patient.retrieve("x", tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == big.read_bytes()
