"""Files are moved and deleted."""

from collections.abc import Callable

import pytest

from scale_core.interfaces.broker import Broker, FileMissing
from scale_core.testing.broker.fixtures import BrokerFixtures, checksum


class ChangingContract(BrokerFixtures):
    """Once, or again."""

    def test_moving_keeps_the_content_and_frees_the_path(
        self, broker: Broker, put: Callable[[str, bytes], None]
    ) -> None:
        put("a/x", b"content")
        broker.move("a/x", "new/folder/y")
        assert broker.checksum("new/folder/y") == checksum(b"content")
        with pytest.raises(FileMissing):
            broker.stat("a/x")

    def test_moving_twice_is_moving_once(self, broker: Broker, put: Callable[[str, bytes], None]) -> None:
        put("x", b"content")
        broker.move("x", "y")
        broker.move("x", "y")
        broker.move("y", "y")
        assert broker.checksum("y") == checksum(b"content")

    def test_deleting_twice_is_deleting_once(self, broker: Broker, put: Callable[[str, bytes], None]) -> None:
        put("a/x", b"content")
        put("a/y", b"stays")
        broker.delete("a/x")
        broker.delete("a/x")
        broker.delete("never/was")
        with pytest.raises(FileMissing):
            broker.stat("a/x")
        assert broker.stat("a/y") == 5
