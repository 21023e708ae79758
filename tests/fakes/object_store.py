"""An object store for tests, and ones that fail."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scale_core.testing.objects import CREDENTIALS, ObjectStore, running_objects

__all__ = ["CREDENTIALS", "ObjectStore", "answering", "object_store", "refuse_writing"]


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """An object store that tests share; conftest.py gives it to those of its folder."""
    with running_objects() as store:
        yield store


def refuse_writing(store: ObjectStore, bucket: str) -> None:
    """Have a policy of the bucket forbid to put objects there."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    store.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


@contextmanager
def answering(status: int, code: str) -> Iterator[str]:
    """The address of a store that answers every request with an error: moto's has room for everything."""
    body = f"<Error><Code>{code}</Code><Message>It is so.</Message></Error>".encode()

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if self.raw_requestline and self.parse_request():
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
