"""Kills, and storage that fails."""

import hashlib
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from scale_core.interfaces.broker import Broker, BrokerError, StorageFull, StorageUnavailable
from scale_core.testing.broker.processes import Start, Work

GIVEN_UP_SECONDS = 60.0
"""Within which an operation on a storage that does not answer fails; brokers of tests have shorter time-outs."""

KILLS = 6


class FaultsContract(Work):
    """Nothing is half-done, and nothing hangs."""

    def test_a_store_that_is_killed_at_any_moment_leaves_the_old_file_or_the_new_one(
        self, broker: Broker, local: Path, work: Start
    ) -> None:
        contents = [bytes([65 + number]) * (8 << 20) for number in range(KILLS + 2)]
        sums = [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in contents]
        (local / "in").write_bytes(contents[0])
        started = time.monotonic()
        with work("store", local / "in", "a/x") as process:
            assert process.wait() == 0
        whole = time.monotonic() - started
        oldest = 0
        for number in range(1, KILLS + 1):
            (local / "in").write_bytes(contents[number])
            with work("store", local / "in", "a/x") as process:
                time.sleep(whole * (number - 1) / KILLS)
                os.killpg(process.pid, signal.SIGKILL)
            # A server may still be at what it was sent in full before a kill, and finish that later.
            found = sums.index(broker.checksum("a/x"))
            assert oldest <= found <= number
            oldest = found
        (local / "in").write_bytes(contents[-1])
        assert broker.store(local / "in", "a/x", move=True).checksum == sums[-1]
        assert broker.checksum("a/x") == sums[-1]

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ("full", StorageFull),
            ("denied", StorageUnavailable),
            ("gone", StorageUnavailable),
            ("hung", StorageUnavailable),
        ],
    )
    def test_storage_that_fails_says_so_in_time_and_keeps_the_source(
        self, failing: Mapping[str, Broker], local: Path, fault: str, kind: type[BrokerError]
    ) -> None:
        if fault not in failing:  # not every storage can be had in every state: a local folder cannot hang
            pytest.skip(f"the test of this broker has no storage that is {fault}")
        (local / "in").write_bytes(os.urandom(1 << 10) * (8 << 10))
        started = time.monotonic()
        with pytest.raises(kind) as raised:
            failing[fault].store(local / "in", "x", move=True)
        assert time.monotonic() - started < GIVEN_UP_SECONDS
        assert str(raised.value).rstrip().endswith(".")
        assert (local / "in").stat().st_size == 8 << 20
