"""Calls to storages that may hang."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from scale_core.interfaces.broker import StorageUnavailable
from scale_core.services import patience
from scale_core.services.patience import Questions, within


def test_what_answers_in_time_is_returned_or_raised() -> None:
    assert within(30, lambda: 1) == 1

    def refuse() -> int:
        raise FileNotFoundError("gone")

    with pytest.raises(FileNotFoundError, match="gone"):
        within(30, refuse)


def test_an_operation_that_timed_out_by_itself_says_so_itself() -> None:
    def refuse() -> int:
        raise TimeoutError("the server's own words")

    with pytest.raises(TimeoutError, match="the server's own words"):
        within(30, refuse)


def test_what_hangs_is_left_alone() -> None:
    answers = threading.Event()
    with pytest.raises(StorageUnavailable, match=r"has not answered for 0\.01 s"):
        within(0.01, lambda: answers.wait(30))
    answers.set()


def test_of_what_hangs_nothing_more_is_asked_until_it_answers() -> None:
    answers = threading.Event()
    questions = Questions()
    with pytest.raises(StorageUnavailable, match="has not answered for"):
        questions.ask("hangs", 0.01, lambda: answers.wait(30))
    with pytest.raises(StorageUnavailable, match="what it was asked before"):
        questions.ask("hangs", 30, lambda: True)
    assert questions.ask("other", 30, lambda: 1) == 1
    answers.set()
    while True:
        try:
            assert questions.ask("hangs", 30, lambda: 2) == 2
        except StorageUnavailable:
            continue
        break


def test_more_questions_than_may_be_open_wait_for_their_turn() -> None:
    questions, most = Questions(), 2
    asked = threading.Semaphore(0)
    answers = threading.Event()

    def answer() -> int:
        asked.release()
        answers.wait(30)
        return 1

    with ThreadPoolExecutor(6) as pool:
        answered = [pool.submit(questions.ask, "busy", 30, answer, most) for _ in range(6)]
        for _ in range(most):
            assert asked.acquire(timeout=30)
        assert not asked.acquire(timeout=0.05)
        answers.set()
        assert [one.result(30) for one in answered] == [1] * 6


def test_a_question_that_does_not_come_to_its_turn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "TURN_SECONDS", 0.01)
    questions, asked, answers = Questions(), threading.Event(), threading.Event()

    def answer() -> None:
        asked.set()
        answers.wait(30)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(questions.ask, "busy", 30, answer)
        assert asked.wait(30)
        with pytest.raises(StorageUnavailable, match="as much at once"):
            questions.ask("busy", 30, answer)
        answers.set()
        first.result(30)
