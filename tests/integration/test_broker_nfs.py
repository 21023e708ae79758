"""The nfs broker against a real server, over its protocol and on a folder where the export is mounted."""

import gc
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fakes.nfs_server import NfsServer, helpers
from fakes.waiting import until
from scale_broker_nfs.broker import NfsBroker
from scale_core.interfaces.broker import Broker, StoredFile
from scale_core.interfaces.options import OptionError
from scale_core.storage.nfs_options import NfsOptions
from scale_core.testing import BrokerContract

pytestmark = pytest.mark.any_database

NUMBERS = itertools.count()


class TestOverTheProtocol(BrokerContract):
    """Nothing is mounted: the broker speaks NFS with the server by itself."""

    @pytest.fixture
    def root(self, nfs_server: NfsServer) -> Path:
        folder = nfs_server.path("data") / f"workspace {next(NUMBERS)}"
        folder.mkdir()
        return folder

    @pytest.fixture
    def configuration(self, root: Path, nfs_server: NfsServer) -> Mapping[str, Any]:
        return nfs_server.configuration("data", f"/{root.name}")

    @pytest.fixture
    def options(self, nfs_server: NfsServer) -> Mapping[str, Any]:
        return nfs_server.options()

    @pytest.fixture
    def broker(self, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[NfsBroker]:
        broker = NfsBroker.from_settings(configuration, options)
        yield broker
        broker.close()

    @pytest.fixture
    def failing(self, nfs_server: NfsServer, silent_port: int) -> Iterator[Mapping[str, Broker]]:
        def made(export: str, **options: Any) -> NfsBroker:
            return NfsBroker.from_settings(nfs_server.configuration(export), nfs_server.options(**options))

        brokers = {
            "full": made("small"),
            "denied": made("nobody"),
            "gone": made("data", port=1),
            "hung": made("data", port=silent_port, timeout=1.0),
        }
        yield brokers
        for broker in brokers.values():
            broker.close()

    @pytest.fixture
    def under_way(self) -> tuple[Callable[[], int], int]:
        before = set(helpers())
        return lambda: len(set(helpers()) - before), NfsOptions().transfers

    @pytest.fixture
    def outside_link(self, root: Path) -> Callable[[str, Path], None]:
        return lambda path, target: (root / path).symlink_to(target)


class TestWhereItIsMounted(TestOverTheProtocol):
    """The installation says where the export is mounted."""

    @pytest.fixture
    def options(self, nfs_server: NfsServer) -> Mapping[str, Any]:
        return nfs_server.options(mounts={"127.0.0.1:/data": str(nfs_server.path("data"))})

    def test_an_input_is_a_link_and_not_read(self, broker: NfsBroker, root: Path, tmp_path: Path) -> None:
        (tmp_path / "in").write_bytes(b"content")
        stored = broker.store(tmp_path / "in", "x")
        broker.retrieve_verified("x", tmp_path / "out", stored.checksum, link=True)
        assert (tmp_path / "out").samefile(root / "x")

    def test_files_are_renamed_and_linked_inside_the_mount(
        self, broker: NfsBroker, root: Path, nfs_server: NfsServer
    ) -> None:
        incoming = nfs_server.path("data") / f"incoming {next(NUMBERS)}"
        incoming.mkdir()
        for name in ("moved", "linked"):
            (incoming / name).write_bytes(b"content")
        inode = (incoming / "moved").stat().st_ino
        broker.store(incoming / "moved", "moved", move=True)
        assert (root / "moved").stat().st_ino == inode
        (linked,) = broker.link_many([(incoming / "linked", "linked")])
        assert isinstance(linked, StoredFile)
        assert broker.is_linked(incoming / "linked", "linked")


@pytest.mark.parametrize("given", [{"mount": "h:/a", "nfs_path": "h:/a"}, {}, {"mount": "/a"}, {"mount": "h:/a/../b"}])
def test_a_configuration_names_one_export(given: dict[str, str]) -> None:
    assert not Draft202012Validator(NfsBroker.configuration_schema).is_valid({"type": "nfs", **given})


def test_nfs_path_is_read_as_mount(nfs_server: NfsServer) -> None:
    configuration = {"type": "nfs", "nfs_path": nfs_server.configuration("data")["mount"]}
    assert Draft202012Validator(NfsBroker.configuration_schema).is_valid(configuration)
    broker = NfsBroker.from_settings(configuration, nfs_server.options())
    broker.check()
    broker.close()


def test_a_wrong_option_is_refused_when_the_broker_is_made(nfs_server: NfsServer) -> None:
    with pytest.raises(OptionError, match="'timeout'"):
        NfsBroker.from_settings(nfs_server.configuration("data"), {"timeout": "soon"})


def test_a_folder_that_the_server_does_not_show_is_told_among_the_files(nfs_server: NfsServer) -> None:
    folder = nfs_server.path("nobody") / f"workspace {next(NUMBERS)}"
    for path in ("a.txt", "sealed/x", "z"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    (folder / "sealed").chmod(0)
    broker = NfsBroker.from_settings(nfs_server.configuration("nobody", f"/{folder.name}"), nfs_server.options())
    try:
        listed = broker.list_files("", "", 10)
        assert [(one.path, one.trouble) for one in listed] == [
            ("a.txt", ""),
            ("sealed/", "Permission denied"),
            ("z", ""),
        ]
        assert broker.list_files("", "sealed/", 10) == listed[2:]
    finally:
        broker.close()
        (folder / "sealed").chmod(0o700)


def test_helpers_end_with_the_broker(nfs_server: NfsServer) -> None:
    broker = NfsBroker.from_settings(nfs_server.configuration("data"), nfs_server.options())
    before = set(helpers())
    broker.check()
    (helper,) = set(helpers()) - before
    del broker
    gc.collect()
    until(lambda: helper not in helpers())
