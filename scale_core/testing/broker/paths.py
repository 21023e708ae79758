"""Paths stay inside the workspace."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from scale_core.interfaces.broker import Broker, BrokerError, PathRefused
from scale_core.testing.broker.fixtures import BAD_PATHS, BrokerFixtures


class PathsContract(BrokerFixtures):
    """Odd names are names, and bad ones lead nowhere."""

    @pytest.mark.parametrize("path", BAD_PATHS)
    def test_a_path_that_is_none_is_refused_everywhere(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path, path: str
    ) -> None:
        put("x", b"content")
        for use in (
            lambda: broker.store(local / "put", path),
            lambda: broker.retrieve(path, local / "out"),
            lambda: broker.move("x", path),
            lambda: broker.move(path, "y"),
            lambda: broker.delete(path),
            lambda: broker.stat(path),
            lambda: broker.checksum(path),
            lambda: broker.open(path),
        ):
            with pytest.raises(PathRefused):
                use()
        assert broker.stat("x") == 7
        assert not os.path.lexists(local / "out")

    def test_a_file_is_no_folder(
        self, broker: Broker, put: Callable[[str, bytes], None], local: Path, has_folders: bool
    ) -> None:
        put("x", b"content")
        with pytest.raises(BrokerError) if has_folders else nullcontext():
            broker.store(local / "put", "x/y")
        assert broker.stat("x") == 7

    @pytest.mark.parametrize("name", ["with space", "ünïcode", "-dash", "$HOME", "a'b\"c", "new\nline", "x" * 200])
    def test_odd_names_are_names(self, broker: Broker, put: Callable[[str, bytes], None], name: str) -> None:
        put(f"folder {name}/{name}", b"content")
        assert broker.stat(f"folder {name}/{name}") == 7

    def test_a_link_out_of_the_workspace_is_refused(
        self, broker: Broker, local: Path, outside_link: Callable[[str, Path], None] | None
    ) -> None:
        if outside_link is None:
            pytest.skip("the storage has no symbolic links")
        (local / "secret").write_bytes(b"secret")
        (local / "folder").mkdir()
        outside_link("link", local / "secret")
        outside_link("folder-link", local / "folder")
        for use in (
            lambda: broker.retrieve("link", local / "out"),
            lambda: broker.stat("link"),
            lambda: broker.checksum("link"),
            lambda: broker.open("link"),
            lambda: broker.store(local / "secret", "folder-link/x"),
            lambda: broker.move("folder-link/x", "x"),
            lambda: broker.delete("folder-link/x"),
        ):
            with pytest.raises(PathRefused):
                use()
        assert list((local / "folder").iterdir()) == []
