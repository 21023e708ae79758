"""The logs of a run."""

from pathlib import Path

import pytest

from scale_core.runner import logs
from scale_core.runner.logs import append_line, last_line, limit_log


@pytest.mark.parametrize("size", [0, 100, 1000])
def test_a_log_within_its_limit_stays(tmp_path: Path, size: int) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * size)
    limit_log(log, 1000)
    assert log.read_bytes() == b"x" * size


@pytest.mark.parametrize("chunk", [1 << 20, 64])
def test_a_long_log_keeps_its_beginning_and_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(logs, "CHUNK", chunk)
    log = tmp_path / "log"
    content = b"".join(b"%05d\n" % number for number in range(2000))
    log.write_bytes(content)
    limit_log(log, 1000)
    kept = log.read_bytes()
    assert kept.startswith(content[:500] + b"\n[")
    assert kept.endswith(b"]\n" + content[-500:])
    assert b"11000 bytes left out" in kept


def test_a_log_hardly_over_its_limit_is_not_made_longer(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 1010)
    limit_log(log, 1000)
    assert log.read_bytes() == b"x" * 1010


def test_a_log_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    limit_log(tmp_path / "none", 10)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ""),
        (b"\n \n", ""),
        (b"first\nlast", "last"),
        (b"first\nlast\n\n", "last"),
        (b"\xff bytes\n", "\ufffd bytes"),
        (b"y" * 5000, "…" + "y" * 500),
    ],
)
def test_the_last_line_is_quoted(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "log").write_bytes(content)
    assert last_line(tmp_path / "log") == expected


def test_the_last_line_of_no_log_is_empty(tmp_path: Path) -> None:
    assert last_line(tmp_path / "none") == ""


def test_a_line_is_added(tmp_path: Path) -> None:
    append_line(tmp_path / "log", "a")
    append_line(tmp_path / "log", "b\udc80")
    assert (tmp_path / "log").read_bytes() == b"a\nb?\n"
