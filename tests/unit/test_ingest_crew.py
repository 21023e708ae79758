"""The threads that ingest, and those that take the place of others."""

import threading

from scale_scheduler.ingest_crew import Batch, Crew, Worker


def batch(folder: str, number: int) -> Batch:
    return Batch([folder], [number], lambda: None, list)


def test_a_worker_that_is_given_up_leaves_what_it_has_not_begun() -> None:
    now = 0.0
    worker = Worker(lambda: now)
    one, two, three = batch("/a", 1), batch("/b", 2), batch("/b", 3)
    worker.take([one, two, three])
    assert worker.silent_on() is None
    assert worker.next() is one
    now = 7.5
    assert worker.silent_on() == (one, 7.5)
    assert worker.lose(two) is None, "it works on another one by now"
    assert worker.lose(one) == [two, three]
    assert worker.is_lost
    assert worker.next() is None
    assert worker.silent_on() is None


def test_a_worker_whose_work_broke_off_has_nothing_left() -> None:
    worker = Worker(lambda: 0.0)
    worker.take([batch("/a", 1), batch("/b", 2)])
    worker.next()
    worker.stop_work()
    assert (worker.silent_on(), worker.next(), worker.is_lost) == (None, None, False)


def test_others_take_the_places_of_those_that_are_lost() -> None:
    end = threading.Event()
    began: list[Worker] = []

    def work(worker: Worker) -> None:
        began.append(worker)
        worker.take([batch("/a", len(began))])
        worker.next()
        end.wait(30)

    crew = Crew(2, work)
    crew.fill_up()
    first, _second = crew.workers()
    while (silence := first.silent_on()) is None:
        pass
    assert first.lose(silence[0]) == []
    crew.fill_up()
    crew.fill_up()
    assert len(began) == 3
    assert first not in crew.workers()
    assert len(crew.workers()) == 2
    end.set()
    crew.join(30)
