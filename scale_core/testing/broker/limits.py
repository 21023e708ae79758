"""Transfers keep to limits, and tell how far they are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from scale_core.interfaces.broker import Broker, BrokerError
from scale_core.testing.broker.processes import Start, Work

MEMORY_MIB = 16
"""What the transfer of a file may take beyond that of an empty one, whatever its size."""


class LimitsContract(Work):
    """Memory, transfers at a time, progress."""

    def test_memory_does_not_grow_with_files(self, local: Path, large_size: int, work: Start) -> None:
        used = []
        for size in (1, large_size):
            with (local / f"in-{size}").open("wb") as file:
                file.truncate(size)
            with work("both", local / f"in-{size}", f"sizes/{size}", local / f"out-{size}") as process:
                assert process.stdout is not None
                used.append(int(process.stdout.read()))
            assert (local / f"out-{size}").stat().st_size == size
        assert (used[1] - used[0]) / 1024 <= MEMORY_MIB, used

    def test_progress_never_goes_back_nor_beyond_the_file(self, broker: Broker, local: Path, large_size: int) -> None:
        told: list[int] = []
        telling = broker.with_progress(told.append)
        with (local / "in").open("wb") as file:
            file.truncate(large_size)
        assert telling.store(local / "in", "x").size == large_size
        assert told == sorted(told)
        assert not told or told[-1] <= large_size
        told.clear()
        telling.retrieve("x", local / "out")
        assert told == sorted(told)
        assert not told or told[-1] <= large_size

    def test_no_more_transfers_are_under_way_than_are_allowed(
        self, broker: Broker, local: Path, under_way: tuple[Callable[[], int], int] | None
    ) -> None:
        if under_way is None:  # who calls works on the files itself, and is the limit
            pytest.skip("nobody but the caller works on the storage of this broker")
        count, most = under_way
        files = [(local / str(number), f"many/{number}") for number in range(3 * most)]
        for source, _path in files:
            source.write_bytes(b"x" * (1 << 20))

        def there_and_back(source: Path, path: str) -> None:
            broker.store(source, path)
            broker.retrieve(path, local / f"{source.name}-back")

        def all_at_once() -> None:
            results = broker.store_many([(source, f"more/{source.name}") for source, _path in files])
            assert [one for one in results if isinstance(one, BrokerError)] == []

        seen = [0]
        with ThreadPoolExecutor(len(files) + 1) as pool:
            begun = [pool.submit(there_and_back, *one) for one in files]
            begun.append(pool.submit(all_at_once))
            while wait(begun, timeout=0.005).not_done:
                seen.append(count())
            for one in begun:
                one.result()
        assert 1 <= max(seen) <= most, seen
