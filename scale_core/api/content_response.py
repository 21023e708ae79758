"""A file's bytes on their way from a storage to a client."""

import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import BinaryIO, Final

from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from scale_core.api.content import Answer, answer_to, etag_of, media_type_of
from scale_core.api.readers import Reader, Readers
from scale_core.interfaces.broker import BrokerError
from scale_core.services.exceptions import Unavailable
from scale_core.services.file_content import ContentService, StoredContent

log = logging.getLogger(__name__)

CHUNK_BYTES: Final = 256 * 1024
NOT_MODIFIED: Final = 304


class BrokenOff(Exception):
    """The rest of the content does not come; the message says why."""


class Contents:
    """Answers to those who ask for contents.

    :param answer_seconds: how long a storage may take to give a file, or the next bytes of it.
    """

    def __init__(self, service: ContentService, answer_seconds: float) -> None:
        self._service = service
        self._answer_seconds = answer_seconds
        self._readers = Readers()

    def response(self, file_id: int, headers: Headers, *, is_head: bool) -> Response:
        """The response to one request; nothing is asked of the storage before it is sent.

        :raises NotFound: there is no such file, or it is deleted.
        """
        content = self._service.find(file_id)
        start = partial(
            self._readers.start,
            f"the workspace {content.workspace_name!r}",
            partial(self._service.opened, content),
        )
        version = partial(self._service.version, content)

        def answer(version: str | None) -> Answer:
            return answer_to(content, etag_of(content, version), headers, is_head=is_head)

        return ContentResponse(content, start, version, answer, self._answer_seconds)


class ContentResponse(StreamingResponse):
    """Opens the file, then sends what of it was asked for, a piece at a time. However it ends, also by a client that
    goes away, the file is given back.

    :param start: starts what reads the file.
    :param version: tells which version of it is read, in the thread that reads it.
    :param answer: what is answered where it is that version.
    """

    def __init__(
        self,
        content: StoredContent,
        start: Callable[[], Reader],
        version: Callable[[BinaryIO], str | None],
        answer: Callable[[str | None], Answer],
        answer_seconds: float,
    ) -> None:
        super().__init__((), media_type=media_type_of(content))
        self._content = content
        self._start = start
        self._version = version
        self._answer = answer
        self._answer_seconds = answer_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle the request.

        :raises Unavailable: the storage does not answer in time, or too many wait for it.
        :raises BrokerError: it does not give the file.
        :raises HTTPException: the client asks for other content, or for a range that starts after the end.
        """
        self._reader = self._start()
        try:
            answer = self._answer(await self._open())
            if answer.status == NOT_MODIFIED:
                await Response(status_code=answer.status, headers=answer.headers)(scope, receive, send)
                return
            self.status_code = answer.status
            self.headers.update(answer.headers)
            self.body_iterator = self._pieces(answer)
            await super().__call__(scope, receive, send)
        finally:
            self._reader.end()

    async def stream_response(self, send: Send) -> None:
        """Send the content. Where it breaks off, the server cuts the connection: the client sees that there is more."""
        try:
            await super().stream_response(send)
        except BrokenOff as error:
            log.warning("The content breaks off: %s", error, extra={"file_id": self._content.file_id})

    async def _open(self) -> str | None:
        """The version of the file, once it is open."""
        try:
            await self._reader.open(self._answer_seconds)
            return await self._reader.ask(self._version, self._answer_seconds)
        except TimeoutError as error:
            raise Unavailable(
                f"The storage of the workspace {self._content.workspace_name!r} has not given the file "
                f"{self._content.file_name!r} for {self._answer_seconds:g} s. Check that it answers, and try again."
            ) from error

    async def _pieces(self, answer: Answer) -> AsyncIterator[bytes]:
        at = answer.start
        while at < answer.end:
            piece = await self._piece(at, min(CHUNK_BYTES, answer.end - at))
            at += len(piece)
            yield piece

    async def _piece(self, at: int, size: int) -> bytes:
        """Some bytes from ``at`` on, ``size`` at most.

        :raises BrokenOff: they do not come.
        """
        where = f"{self._content.file_name!r} in the workspace {self._content.workspace_name!r}"
        try:
            piece = await self._reader.ask(partial(_read, at=at, size=size), self._answer_seconds)
        except TimeoutError as error:
            raise BrokenOff(f"no more of {where} came for {self._answer_seconds:g} s") from error
        except (BrokerError, OSError) as error:
            raise BrokenOff(f"{where} cannot be read: {error}") from error
        if not piece:
            raise BrokenOff(f"{where} has become shorter than it was")
        return piece


def _read(stream: BinaryIO, at: int, size: int) -> bytes:
    if stream.tell() != at:
        stream.seek(at)
    return stream.read(size)
