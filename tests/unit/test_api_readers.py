"""Readers of files whose storage may hang."""

import asyncio
import io
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from scale_core.api.readers import Readers
from scale_core.services.exceptions import Unavailable


class Storage:
    """One whose files open once it is let."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.closed = threading.Semaphore(0)

    @contextmanager
    def opened(self) -> Iterator[io.BytesIO]:
        self.answers.wait(30)
        with io.BytesIO(b"content") as stream:
            yield stream
        self.closed.release()


def test_what_hangs_takes_no_more_than_its_share_and_leaves_other_storages_alone() -> None:
    hanging, other = Storage(), Storage()
    other.answers.set()
    readers = Readers(most=3)

    async def read() -> bytes:
        for _ in range(3):
            reader = readers.start("hanging", hanging.opened)
            with pytest.raises(TimeoutError):
                await reader.open(0.01)
            reader.end()
        with pytest.raises(Unavailable, match="3 files are read from hanging already"):
            readers.start("hanging", hanging.opened)
        reader = readers.start("other", other.opened)
        await reader.open(30)
        try:
            return await reader.ask(lambda stream: stream.read(), 30)
        finally:
            reader.end()

    assert asyncio.run(read()) == b"content"
    hanging.answers.set()
    for _ in range(3):
        assert hanging.closed.acquire(timeout=30), "what came late is not given back"


def test_whoever_waits_gets_what_the_storage_says() -> None:
    def refused() -> AbstractContextManager[io.BytesIO]:
        raise FileNotFoundError("gone")

    storage = Storage()
    storage.answers.set()
    readers = Readers()

    async def ask() -> None:
        reader = readers.start("x", refused)
        with pytest.raises(FileNotFoundError, match="gone"):
            await reader.open(30)
        reader = readers.start("x", storage.opened)
        with pytest.raises(ValueError, match="negative"):
            await reader.ask(lambda stream: stream.seek(-1), 30)
        assert await reader.ask(lambda stream: stream.read(3), 30) == b"con"
        reader.end()

    asyncio.run(ask())
    assert storage.closed.acquire(timeout=30)
