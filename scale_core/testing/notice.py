"""What every plugin keeps to that hears of what happened."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from scale_core.interfaces.notice import FileIngested, JobStatusChanged, ProductPublished
from scale_core.plugin.registry import NOTICES, create_manager
from scale_generated.enums import JobStatus

ROUNDS: Final = 10
SECONDS: Final = 10.0
"""Within which so many rounds, of about twenty notices each, are taken: whoever tells them waits for that."""


def _some() -> Iterator[tuple[str, dict[str, Any]]]:
    changed, ingested, published = NOTICES
    yield changed, {"change": JobStatusChanged(1, "make-tiles", None, JobStatus.PENDING)}
    for new in JobStatus:
        yield changed, {"change": JobStatusChanged(1, "make-tiles", JobStatus.RUNNING, new)}
    for name in ("x.png", "wörld\n'\"", "\udcff"):
        path = f"tiles/{name}"
        yield ingested, {"file": FileIngested(1, name, "raw", path, "image/png", frozenset({"tile", "night"}))}
        yield ingested, {"file": FileIngested(2, name, "raw", path, "", frozenset())}
        yield published, {"product": ProductPublished(3, name, "products", path, "image/png", 12)}


class NoticeContract:
    """Subclass it and give ``plugin``."""

    @pytest.fixture
    def plugin(self) -> object:
        """The module or object that an entry point names."""
        pytest.fail("The subclass must give the fixture `plugin`")

    @pytest.fixture
    def tell(self, plugin: object) -> Callable[[], list[Any]]:
        """Tells something of everything; the result is what the plugin returned."""
        hook = create_manager([plugin], entry_points=False).hook

        def tell() -> list[Any]:
            return [answer for name, about in _some() for answer in getattr(hook, name)(**about)]

        return tell

    def test_it_hears_of_something(self, plugin: object) -> None:
        hook = create_manager([plugin], entry_points=False).hook
        assert any(getattr(hook, name).get_hookimpls() for name in NOTICES)

    def test_it_takes_whatever_can_happen_and_answers_nothing(self, tell: Callable[[], list[Any]]) -> None:
        assert tell() == []

    def test_several_threads_may_tell_it_at_once(self, tell: Callable[[], list[Any]]) -> None:
        with ThreadPoolExecutor(8) as threads:
            assert [answers for answers in threads.map(lambda _turn: tell(), range(8)) if answers] == []

    def test_it_holds_nobody_up(self, tell: Callable[[], list[Any]]) -> None:
        started = time.monotonic()
        for _turn in range(ROUNDS):
            tell()
        assert time.monotonic() - started < SECONDS
