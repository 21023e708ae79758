"""A large answer is tagged and compressed while others are answered; what is sent is the same."""

import asyncio
import gzip
import hashlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Message

from scale_core.api.compression import CompressionMiddleware
from scale_core.api.etags import EtagMiddleware
from scale_core.api.large import LARGE_BYTES

SCOPE = {"type": "http", "method": "GET", "headers": [(b"accept-encoding", b"gzip")]}


async def answered(content: bytes) -> list[Message]:
    """What is sent of a document."""
    sent: list[Message] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def receive() -> Message:
        raise AssertionError("nothing is to be received")

    async def send(message: Message) -> None:
        sent.append(message)

    await CompressionMiddleware(EtagMiddleware(app))(SCOPE, receive, send)
    return sent


@pytest.mark.parametrize(("size", "is_large"), [(LARGE_BYTES - 1, False), (LARGE_BYTES, True)])
def test_the_event_loop_does_not_work_on_a_large_document(
    monkeypatch: pytest.MonkeyPatch, size: int, is_large: bool
) -> None:
    threads: list[int] = []
    content = b"[" + b" " * (size - 2) + b"]"
    tag = hashlib.blake2b(content, digest_size=16).hexdigest()

    def noting(work: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **more: Any) -> Any:
            threads.append(threading.get_ident())
            return work(*arguments, **more)

        return noted

    monkeypatch.setattr(gzip, "compress", noting(gzip.compress))
    monkeypatch.setattr(hashlib, "blake2b", noting(hashlib.blake2b))
    start, body = asyncio.run(answered(content))
    assert [one != threading.get_ident() for one in threads] == [is_large, is_large]
    headers = dict(start["headers"])
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"etag"].decode() == f'W/"{tag}"'
    assert int(headers[b"content-length"]) == len(body["body"])
    assert gzip.decompress(body["body"]) == content
