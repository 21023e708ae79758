"""A real ZooKeeper for tests, on a port of the loopback and in a folder that is removed."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.machine import missing
from fakes.waiting import SECONDS
from scale_core.testing.ports import reserved_port
from scale_core.testing.servers import ending_with_us

JARS = Path("/usr/share/java")
NAMES = ("zookeeper", "zookeeper-jute", "slf4j-api", "slf4j-nop", "metrics-core", "snappy-java")
LEAN = ("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@pytest.fixture(scope="session")
def zookeeper_server() -> Iterator[str]:
    """``host:port`` of a ZooKeeper that tests share, each with a folder of its own in it."""
    java = shutil.which("java")
    if java is None or not (JARS / "zookeeper.jar").exists():
        missing("There is no ZooKeeper. On Debian: apt-get install libzookeeper-java default-jre-headless")
    with (
        tempfile.TemporaryDirectory(prefix="scale-zookeeper-", ignore_cleanup_errors=True) as name,
        reserved_port() as port,
    ):
        config = Path(name, "zoo.cfg")
        config.write_text(
            f"dataDir={name}/data\nclientPort={port}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n"
        )
        path = ":".join(str(JARS / f"{one}.jar") for one in NAMES)
        command = [java, *LEAN, "-cp", path, "org.apache.zookeeper.server.ZooKeeperServerMain", str(config)]
        with (
            Path(name, "log").open("wb") as log,
            subprocess.Popen(ending_with_us(command), stdout=log, stderr=log) as process,
        ):
            try:
                _wait_for(port, process, Path(name, "log"))
                yield f"127.0.0.1:{port}"
            finally:
                process.kill()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.02)
    pytest.fail(f"ZooKeeper did not start: {log.read_text(errors='replace')[-2000:]}")
