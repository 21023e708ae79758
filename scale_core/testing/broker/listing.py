"""Files are listed, where that can be."""

from collections.abc import Callable

import pytest

from scale_core.interfaces.broker import Broker, ListingUnsupported, StorageUnavailable
from scale_core.testing.broker.fixtures import BrokerFixtures

LISTED = ("a-b/x", "a.txt", "a/b", "a/c/d", "b")
"""Paths in their order."""


class ListingContract(BrokerFixtures):
    """Pages in the order of the paths."""

    @pytest.fixture
    def lister(self, broker: Broker) -> Broker:
        """The same as ``broker``, where it lists files."""
        try:
            broker.list_files("", "", 1)
        except ListingUnsupported:
            pytest.skip("the storage does not list its files, which no broker has to")
        return broker

    def test_files_that_are_listed_come_in_the_order_of_their_paths(
        self, lister: Broker, put: Callable[[str, bytes], None]
    ) -> None:
        for path in LISTED:
            put(path, path.encode())
        listed = lister.list_files("", "", 100)
        assert [(one.path, one.size) for one in listed] == [(path, len(path)) for path in LISTED]
        for number, path in enumerate(LISTED):
            assert [one.path for one in lister.list_files("", path, 2)] == [*LISTED[number + 1 : number + 3]]
        assert [one.path for one in lister.list_files("a/", "", 100)] == ["a/b", "a/c/d"]
        assert [one.path for one in lister.list_files("a/", "a/b", 100)] == ["a/c/d"]
        assert [one.path for one in lister.list_files("a/c", "", 100)] == ["a/c/d"]
        assert lister.list_files("a/", "b", 100) == lister.list_files("c/", "", 100) == []
        put("b", b"replaced")
        assert lister.list_files("b", "", 1)[0].version != listed[-1].version

    def test_a_folder_that_cannot_be_read_is_told_among_the_files(
        self, lister: Broker, put: Callable[[str, bytes], None], seal: Callable[[str], None] | None
    ) -> None:
        if seal is None:  # object stores have none, and root may read all that is on this machine
            pytest.skip("the storage has no folders that cannot be read, or the test can make none")
        for path in ("a/x", "b-1", "b/c/x", "b/x", "b0", "z"):
            put(path, path.encode())
        seal("b")
        listed = lister.list_files("", "", 100)
        assert [one.path for one in listed] == ["a/x", "b-1", "b/", "b0", "z"]
        assert [one.path for one in listed if one.trouble] == ["b/"]
        assert [*lister.list_files("", "", 3), *lister.list_files("", "b/", 100)] == listed
        assert lister.list_files("", "b-1", 1) == listed[2:3]
        for prefix, after in (("b/", ""), ("b/", "b/"), ("", "b/c")):
            with pytest.raises(StorageUnavailable):
                lister.list_files(prefix, after, 100)

    def test_files_are_listed_page_by_page_in_the_order_of_their_paths(
        self, lister: Broker, put: Callable[[str, bytes], None]
    ) -> None:
        paths = ["b/2", "a/x", "b-1", "bü", "b/10", "B", "c"]
        for path in paths:
            put(path, path.encode())
        found = list(lister.list_files("", "", 100))
        assert [one.path for one in found] == sorted(paths, key=str.encode)
        assert [one.size for one in found] == [len(one.path.encode()) for one in found]
        assert lister.list_files("", "", 100) == found
        assert [*lister.list_files("", "", 4), *lister.list_files("", found[3].path, 100)] == found
        assert [one.path for one in lister.list_files("b/", "b/10", 100)] == ["b/2"]
        put("c", b"replaced")
        (replaced,) = lister.list_files("c", "", 100)
        assert (replaced.path, replaced.size) == ("c", 8)
        assert replaced.version != found[-1].version
