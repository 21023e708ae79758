"""What stands in for http-parser, with which pymesos reads what a master streams."""

import pytest
from http_parser.http import HttpParser

STREAM = (
    b"HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 20:36:57 GMT\r\nTransfer-Encoding: chunked\r\n"
    b"Mesos-Stream-Id: 7b69aad2\r\nContent-Type: application/json\r\n\r\n"
    b"17\r\n20\n"
    b'{"type":"HEARTBEAT"}\r\n'
)
END = b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000])
def test_a_stream_is_the_same_however_it_is_cut(size: int) -> None:
    parser = HttpParser()
    body = b""
    for start in range(0, len(STREAM), size):
        piece = STREAM[start : start + size]
        assert parser.execute(piece, len(piece)) == len(piece)
        body += parser.recv_body()
    assert body == b'20\n{"type":"HEARTBEAT"}'
    assert (parser.get_status_code(), parser.is_chunked(), parser.get_errno()) == (200, True, 0)
    assert parser.get_headers()["Mesos-Stream-Id"] == "7b69aad2"
    assert not parser.is_message_complete()
    parser.execute(END, len(END))
    assert parser.is_message_complete()


def test_nothing_is_known_before_the_headers_are_there() -> None:
    parser = HttpParser()
    parser.execute(STREAM[:40], 40)
    assert not parser.is_headers_complete()
    assert not parser.is_partial_body()


def test_a_redirect_says_where_to() -> None:
    answer = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: //10.0.0.2:5050/x\r\nContent-Length: 0\r\n\r\n"
    parser = HttpParser()
    parser.execute(answer, len(answer))
    assert (parser.get_status_code(), parser.get_headers()["Location"]) == (307, "//10.0.0.2:5050/x")
    assert parser.is_message_complete()
    assert not parser.is_chunked()


def test_what_is_no_http_is_refused() -> None:
    parser = HttpParser()
    assert parser.execute(b"SSH-2.0-OpenSSH\r\n", 17) == 0
    assert parser.get_errno()


def test_pymesos_takes_it_for_the_compiled_one() -> None:
    assert not hasattr(HttpParser(), "errno")
