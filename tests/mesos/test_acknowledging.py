"""Acknowledgements: many on one connection, without a round trip for each."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import pytest

from fakes.waiting import SECONDS, join
from scale_engine_mesos.acknowledging import Acknowledging
from scale_engine_mesos.pipeline import MOST, Pipeline
from scale_engine_mesos.transport import NotConnected, Refused

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 8\r\n\r\nno agent"


@contextmanager
def master_that_says(*answers: bytes, after: bytes) -> Iterator[Pipeline]:
    """A pipeline to a master that reads until ``after`` has come, before it gives the answers and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _address = server.accept()
            with connection:
                read = b""
                while after not in read:
                    read += connection.recv(1 << 16)
                for answer in answers:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        pipeline = Pipeline(f"127.0.0.1:{server.getsockname()[1]}", None, SECONDS)
        try:
            yield pipeline
        finally:
            pipeline.close()
            join(thread)


def test_calls_do_not_wait_for_the_answers_to_those_before_them() -> None:
    with master_that_says(ACCEPTED, ACCEPTED + ACCEPTED[:9], ACCEPTED[9:], after=b'"third"') as pipeline:
        pipeline.post("/", [{"of": "first"}, {"of": "second"}, {"of": "third"}], {})


def test_what_a_master_says_against_one_of_them_is_told() -> None:
    with (
        master_that_says(ACCEPTED, REFUSED, ACCEPTED, after=b'"third"') as pipeline,
        pytest.raises(Refused, match="HTTP 400: no agent"),
    ):
        pipeline.post("/", [{"of": "first"}, {"of": "second"}, {"of": "third"}], {})


@pytest.mark.parametrize("answers", [(ACCEPTED,), (b"220 mail\r\n",)])
def test_a_connection_that_ends_or_is_no_http_is_an_error(answers: tuple[bytes, ...]) -> None:
    with master_that_says(*answers, after=b'"second"') as pipeline, pytest.raises(http.client.HTTPException):
        pipeline.post("/", [{"of": "first"}, {"of": "second"}], {})


def test_what_waits_is_sent_together_and_in_order_and_all_of_it_before_the_end() -> None:
    sent: list[list[Any]] = []
    began, may_go_on = threading.Event(), threading.Event()

    def acknowledge(statuses: Any) -> None:
        began.set()
        may_go_on.wait(SECONDS)
        sent.append([one["uuid"] for one in statuses])

    acknowledging = Acknowledging(acknowledge)
    acknowledging.start()
    acknowledging.add({"uuid": 0})
    began.wait(SECONDS)
    for number in range(1, MOST + 11):
        acknowledging.add({"uuid": number})
    acknowledging.add({"state": "of the master's own: it wants none"})
    may_go_on.set()
    acknowledging.stop(SECONDS)
    assert sent == [[0], list(range(1, MOST + 1)), list(range(MOST + 1, MOST + 11))]


@pytest.mark.parametrize("error", [NotConnected(), Refused(400, "no"), OSError("cut"), ValueError("wrong")])
def test_what_cannot_be_sent_does_not_keep_the_next_from_it(error: Exception) -> None:
    sent: SimpleQueue[Any] = SimpleQueue()

    def acknowledge(statuses: Any) -> None:
        sent.put(statuses)
        if statuses[0]["uuid"] == 0:
            raise error

    acknowledging = Acknowledging(acknowledge)
    acknowledging.start()
    acknowledging.add({"uuid": 0})
    assert sent.get(timeout=SECONDS) == [{"uuid": 0}]
    acknowledging.add({"uuid": 1})
    assert sent.get(timeout=SECONDS) == [{"uuid": 1}]
    acknowledging.stop(SECONDS)
