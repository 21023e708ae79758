"""Whether folders answer, as processes that ask them find out."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.set_time import SetTime
from fakes.waiting import until
from scale_core.storage import answering as module
from scale_core.storage.answering import PATIENCE_SECONDS, Answering, patience, trouble_with

LOOK = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1], "answer").exists():
    time.sleep(0.01)
"""
WAITS = (sys.executable, "-I", "-S", "-c", LOOK)
"""Answers once there is a file ``answer`` in the folder."""


@pytest.fixture
def clock() -> SetTime:
    return SetTime()


@pytest.fixture
def answering(clock: SetTime) -> Iterator[Answering]:
    one = Answering(5.0, WAITS, clock)
    yield one
    one.close()


def test_a_folder_hangs_from_when_patience_is_over_until_it_answers(
    answering: Answering, clock: SetTime, tmp_path: Path
) -> None:
    folder = str(tmp_path)
    assert not answering.hangs(folder)
    clock.now += 4.9
    assert not answering.hangs(folder)
    assert not answering.is_known_to_hang(f"{folder}/x")
    clock.now += 0.1
    assert answering.number_hanging() == 0
    assert answering.hangs(folder)
    assert answering.number_hanging() == 1
    assert answering.is_known_to_hang(f"{folder}/below/x")
    assert not answering.is_known_to_hang(f"{folder}-beside/x")
    (tmp_path / "answer").touch()
    until(lambda: answering.number_hanging() == 0)
    assert not answering.is_known_to_hang(f"{folder}/x")
    assert not answering.hangs(folder)


def test_a_folder_that_hangs_is_asked_anew_and_hangs_meanwhile(
    answering: Answering, clock: SetTime, tmp_path: Path
) -> None:
    folder = str(tmp_path)
    answering.hangs(folder)
    for _ in range(3):
        clock.now += module.ANEW_SECONDS
        until(lambda: answering.hangs(folder))
        time.sleep(0.05)
        assert answering.hangs(folder), "a process that was killed has answered nothing"
    (tmp_path / "answer").touch()
    until(lambda: not answering.hangs(folder))


@pytest.mark.parametrize("name", [".", "nowhere"])
def test_a_real_folder_answers_and_so_does_one_that_is_not_there(clock: SetTime, tmp_path: Path, name: str) -> None:
    one = Answering(5.0, monotonic=clock)
    folder = str(tmp_path / name)
    one.hangs(folder)
    clock.now += 6
    until(lambda: not one.hangs(folder))
    one.close()


def test_nothing_is_asked_any_more_once_it_is_closed(answering: Answering, clock: SetTime, tmp_path: Path) -> None:
    answering.close()
    answering.hangs(str(tmp_path))
    clock.now += 60
    assert not answering.hangs(str(tmp_path))


def test_where_nothing_can_be_asked_nothing_hangs(
    clock: SetTime, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = Answering(5.0, (str(tmp_path / "no-python"),), clock)
    one.hangs("/x")
    clock.now += 60
    assert not one.hangs("/x")
    assert "Whether /x answers cannot be asked" in caplog.text


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ({}, PATIENCE_SECONDS),
        ({"nfs": {"timeout": "2"}}, 2.0),
        ({"nfs": {"timeout": 60}}, PATIENCE_SECONDS),
        ({"nfs": {"x": 1}}, PATIENCE_SECONDS),
    ],
)
def test_patience_is_that_of_nfs_where_that_is_less(options: dict[str, dict[str, object]], seconds: float) -> None:
    assert patience(options) == seconds


def test_trouble_says_what_where_and_what_to_do() -> None:
    said = trouble_with("/in", 31.2)
    assert said.startswith("/in has not answered for 31 s")
    assert "umount -f" in said
