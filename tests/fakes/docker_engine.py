"""A real Docker engine for tests, with an image of a few commands: in a folder that is removed, without a network,
apart from any other of this machine."""

import contextlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import docker
import pytest

from fakes.machine import missing
from fakes.waiting import SECONDS
from scale_core.interfaces.containers import ContainerSettings
from scale_core.testing.servers import ending_with_us

PACKAGES: Final = "docker.io busybox-static"
BUSYBOX: Final = Path("/bin/busybox")
IMAGE: Final = "scale-test/busybox:1"
COMMANDS: Final = (
    "sh",
    "true",
    "false",
    "echo",
    "sleep",
    "cat",
    "id",
    "ls",
    "touch",
    "ln",
    "rm",
    "mkdir",
    "dd",
    "wget",
)


class DockerMissing(Exception):
    """There is no Docker engine to start; the message says how to get one."""


class DockerEngine:
    """A Docker engine that the test may do anything to.

    :param folder: where it keeps everything.
    :param has_init: whether it finds the init that Docker puts before commands.
    """

    def __init__(self, folder: Path, *, has_init: bool = True) -> None:
        self.folder = folder
        self._has_init = has_init
        self.socket = folder / "docker.sock"
        self.settings = ContainerSettings(str(self.socket), pull="never")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        (self.folder / "daemon.json").write_text("{}")
        command: list[str | Path] = [
            str(shutil.which("dockerd")),
            *("--config-file", self.folder / "daemon.json"),
            *("--host", f"unix://{self.socket}"),
            *("--data-root", self.folder / "data"),
            *("--exec-root", self.folder / "exec"),
            *("--pidfile", self.folder / "pid"),
            *("--exec-opt", "native.cgroupdriver=cgroupfs"),
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ending_with_us(command),
                env=os.environ if self._has_init else {"PATH": self._programs()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + SECONDS
        while self.settings.trouble() is not None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise DockerMissing(f"dockerd did not start:\n{(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.02)

    def _programs(self) -> str:
        """A folder of what an engine needs, and no more."""
        folder = self.folder / "programs"
        folder.mkdir(exist_ok=True)
        for name in ("containerd", "containerd-shim-runc-v2", "runc"):
            (folder / name).symlink_to(str(shutil.which(name)))
        return str(folder)

    def end(self) -> None:
        """End it, with all its containers."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(SECONDS)
            self._process = None

    def unmount(self) -> None:
        """Take away what an engine leaves mounted, so that its folder can be removed."""
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for place in reversed([each for each in mounts if Path(each).is_relative_to(self.folder)]):
            subprocess.run(["umount", "--lazy", place], check=False)  # noqa: S607 - whichever there is

    def kill(self) -> None:
        """Kill it, and its containerd with it; containers go on."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(SECONDS)
        self._process = None
        # Where nobody buries containerd at once, the next engine would take it for a living one.
        (self.folder / "exec/containerd/containerd.pid").unlink()

    @contextmanager
    def client(self) -> Iterator[docker.APIClient]:
        """A client of it."""
        client = docker.APIClient(base_url=f"unix://{self.socket}", version="auto")
        try:
            yield client
        finally:
            client.close()

    def containers(self) -> list[dict[str, Any]]:
        """Those that there are, running or not."""
        with self.client() as client:
            found: list[dict[str, Any]] = client.containers(all=True)
            return found

    def import_image(self, name: str, **changes: Any) -> None:
        """An image of a few commands."""
        with self.client() as client:
            client.import_image_from_data(image_archive(), *name.rsplit(":", 1), **changes)


def image_archive() -> bytes:
    """The file system of an image of a few commands, as a tar archive."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(BUSYBOX, "bin/busybox")
        for command in COMMANDS:
            link = tarfile.TarInfo(f"bin/{command}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        broken = tarfile.TarInfo("bin/not-executable")
        tar.addfile(broken)
    return archive.getvalue()


@contextmanager
def running_docker(*, has_init: bool = True) -> Iterator[DockerEngine]:
    """A Docker engine with the image, for as long as the block.

    :raises DockerMissing: there is none, or it cannot run here.
    """
    if os.geteuid() != 0 or shutil.which("dockerd") is None or not BUSYBOX.exists():
        raise DockerMissing(
            f"Tests of containers start a Docker engine, as root. On Debian: sudo apt-get install {PACKAGES}"
        )
    with tempfile.TemporaryDirectory(prefix="scale-docker-") as name:
        engine = DockerEngine(Path(name), has_init=has_init)
        try:
            engine.start()
            engine.import_image(IMAGE)
            yield engine
        finally:
            engine.end()
            engine.unmount()


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """A Docker engine that tests share; conftest.py gives it to those of its folder."""
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(running_docker())
        except DockerMissing as error:
            missing(str(error))
        yield engine
