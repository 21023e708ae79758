"""What the HTTP of masters and of agents has in common: answers, and streams of records (Mesos, "RecordIO")."""

from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

import orjson

from fakes.mesos.framework import Stream

Headers = tuple[tuple[str, str], ...]


class MesosHandler(BaseHTTPRequestHandler):
    """Subclass it, and give :meth:`handle_call`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_call(self, method: str, body: bytes) -> None:
        """Answer one request."""
        raise NotImplementedError

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def log_message(self, *_given: object) -> None:
        pass

    def send_chunk(self, chunk: bytes) -> None:
        """Send a part of a stream."""
        self.wfile.write(chunk)

    def stream(self, stream: Stream, unsubscribe: Callable[[Stream], None], headers: Headers = ()) -> None:
        """Send events until there are no more, or the client is gone; one chunk for one record, as Mesos does it."""
        chunked = (("Transfer-Encoding", "chunked"), *headers, ("Content-Type", "application/json"))
        self._begin(200, chunked)
        try:
            while (event := stream.events.get()) is not None:
                content = orjson.dumps(event)
                record = b"%d\n%b" % (len(content), content)
                self.send_chunk(b"%x\r\n%b\r\n" % (len(record), record))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass
        finally:
            unsubscribe(stream)
            self.close_connection = True

    def answer(self, status: int, content: bytes, content_type: str | None, headers: Headers = ()) -> None:
        """Answer with a body."""
        kind = () if content_type is None else (("Content-Type", content_type),)
        self._begin(status, (*headers, *kind, ("Content-Length", str(len(content)))))
        self.wfile.write(content)

    def _handle(self, method: str) -> None:
        self.handle_call(method, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _begin(self, status: int, headers: Headers) -> None:
        self.send_response_only(status)
        for name, value in (("Date", formatdate(usegmt=True)), *headers):
            self.send_header(name, value)
        self.end_headers()
