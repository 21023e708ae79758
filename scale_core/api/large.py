"""Work on the bytes of an answer, of which a large one holds up no other request."""

from collections.abc import Callable
from typing import Final, TypeVar

from starlette.concurrency import run_in_threadpool

T = TypeVar("T")

LARGE_BYTES: Final = 1 << 20
"""A MiB is tagged in 1.5 ms and compressed in 3 ms; a thread that does it costs a tenth of a millisecond."""


async def worked_out(work: Callable[[bytes], T], content: bytes) -> T:
    """What ``work`` makes of ``content``: in a thread where that is large, while the event loop answers others."""
    return work(content) if len(content) < LARGE_BYTES else await run_in_threadpool(work, content)
