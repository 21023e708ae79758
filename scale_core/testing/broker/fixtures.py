"""What a suite for brokers is given."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scale_core.interfaces.broker import Broker

BAD_PATHS = ("", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a//b", "a/", "./a", "a\0b")


def checksum(content: bytes) -> str:
    """As brokers write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class BrokerFixtures:
    """What the suites ask of a subclass."""

    @pytest.fixture
    def broker(self) -> Broker:
        """A broker of a new, empty workspace that can be used."""
        pytest.fail("The subclass must give the fixture `broker`")

    @pytest.fixture
    def configuration(self) -> Mapping[str, Any]:
        """A valid configuration of this broker, ``type`` included."""
        pytest.fail("The subclass must give the fixture `configuration`")

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        """What the installation says about storage of this type: what ``broker`` was made with."""
        return {}

    @pytest.fixture
    def outside_link(self) -> Callable[[str, Path], None] | None:
        """A function that makes a symbolic link in the workspace of ``broker``: its path there, and the local file it
        leads to. None: the storage has no such links."""
        return None

    @pytest.fixture
    def seal(self) -> Callable[[str], None] | None:
        """A function after which a folder in the workspace of ``broker``, given by its path, cannot be read by it; what
        the test leaves is to be readable again. None: the storage has no such folders, or none can be made here."""
        return None

    @pytest.fixture
    def has_folders(self) -> bool:
        """Whether a file cannot be a folder too, as ``a`` is where there is an ``a/b``. False: names are just names."""
        return True

    @pytest.fixture
    def large_size(self) -> int:
        """Bytes of a file that is large for this storage."""
        return 64 << 20

    @pytest.fixture
    def failing(self) -> Mapping[str, Broker]:
        """Brokers of storage that fails, as far as it can be had: ``full``; ``denied``, where this user may not write;
        ``gone``, whose server is not there; ``hung``, whose server does not answer, and which soon gives up."""
        return {}

    @pytest.fixture
    def under_way(self) -> tuple[Callable[[], int], int] | None:
        """A function that counts what works on the storage for ``broker`` now, such as connections or processes, and
        how many there may be. None: whoever calls does the work, as on a local folder."""
        return None

    @pytest.fixture
    def local(self, tmp_path: Path) -> Path:
        """A folder of this machine, beside the storage."""
        folder = tmp_path / "contract-local"
        folder.mkdir()
        return folder

    @pytest.fixture
    def put(self, broker: Broker, local: Path) -> Callable[[str, bytes], None]:
        """Stores content at a path."""

        def put(path: str, content: bytes) -> None:
            source = local / "put"
            source.write_bytes(content)
            broker.store(source, path)

        return put
