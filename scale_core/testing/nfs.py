"""A real NFS server for tests and measurements (Debian's nfs-ganesha), on a free port of loopback."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from scale_core.testing.ports import reserved_port
from scale_core.testing.servers import ending_with_us

PACKAGES: Final = "nfs-ganesha nfs-ganesha-vfs"
SECONDS: Final = 120.0

CONFIGURATION: Final = """
NFS_CORE_PARAM {{
  Protocols = 4; NFS_Port = {port}; Bind_addr = 127.0.0.1;
  Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; allow_set_io_flusher_fail = true;
}}
NFSV4 {{
  Lease_Lifetime = {lease}; Grace_Period = {grace}; Graceless = {graceless};
  RecoveryBackend = fs; RecoveryRoot = {folder}/recovery; Only_Numeric_Owners = true;
}}
{exports}
"""
EXPORT: Final = """
EXPORT {{
  Export_Id = {number}; Path = {path}; Pseudo = /{name}; Access_Type = {access}; Squash = {squash};
  SecType = sys; Transports = TCP; Protocols = 4; FSAL {{ Name = VFS; }}
}}
"""


class NfsServer:
    """An NFS server that the test may do anything to. Its exports are folders of this machine: ``data`` for anybody,
    ``locked`` that nobody may write, ``nobody`` whose users are all taken for nobody, ``small`` that may be full.

    :param folder: where it keeps everything.
    :param port: where it listens.
    :param lease: seconds for which it remembers a client that says nothing.
    :param grace: seconds after a start in which it opens no files; 0: it opens them at once.
    """

    def __init__(self, folder: Path, port: int, lease: int = 5, grace: int = 0) -> None:
        self.folder = folder
        self.lease = lease
        self._grace = grace
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("data", "locked", "nobody", "small", "recovery"):
            (folder / name).mkdir(exist_ok=True)
        (folder / "nobody").chmod(0o755)

    def path(self, name: str) -> Path:
        """The folder of an export, as the server has it."""
        return self.folder / name

    def options(self, **changes: Any) -> dict[str, Any]:
        """What an installation says to reach it."""
        return {"port": self.port, "timeout": 60.0, **changes}

    def configuration(self, name: str, below: str = "") -> dict[str, Any]:
        """That of a workspace on an export, or a folder in it."""
        return {"type": "nfs", "mount": f"127.0.0.1:/{name}{below}"}

    def start(self) -> None:
        """Start it, and wait until it listens."""
        exports = "".join(
            EXPORT.format(number=number, path=self.folder / name, name=name, access=access, squash=squash)
            for number, (name, access, squash) in enumerate(
                [
                    ("data", "RW", "No_Root_Squash"),
                    ("locked", "RO", "No_Root_Squash"),
                    ("nobody", "RW", "All_Squash"),
                    ("small", "RW", "No_Root_Squash"),
                ],
                start=10,
            )
        )
        text = CONFIGURATION.format(
            port=self.port,
            folder=self.folder,
            exports=exports,
            lease=self.lease,
            grace=self._grace or 1,
            graceless=str(not self._grace).lower(),
        )
        (self.folder / "ganesha.conf").write_text(text)
        log = self.folder / "log"
        self._process = subprocess.Popen(
            ending_with_us(
                [
                    *(str(shutil.which("ganesha.nfsd")), "-F", "-N", "EVENT"),
                    *("-L", log, "-f", self.folder / "ganesha.conf", "-p", self.folder / "pid"),
                ],
                "KILL",
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NfsMissing(f"ganesha.nfsd did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(SECONDS)
            self._process = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """A server that accepts connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return "NFS SERVER INITIALIZED" in (self.folder / "log").read_text()
        return False


class NfsMissing(Exception):
    """There is no NFS server to start; the message says how to get one."""


@contextmanager
def running_nfs(folder: Path, lease: int = 5, grace: int = 0) -> Iterator[NfsServer]:
    """An NFS server for as long as the block, which keeps everything in the existing, empty ``folder``.

    :param lease: seconds for which it remembers a client that says nothing.
    :param grace: seconds after a start in which it opens no files; 0: it opens them at once.
    :raises NfsMissing: there is none, or it cannot run here.
    """
    if os.geteuid() != 0 or shutil.which("ganesha.nfsd") is None:
        raise NfsMissing(f"Tests of NFS start a server, as root. On Debian: sudo apt-get install {PACKAGES}")
    with reserved_port() as port:
        server = NfsServer(folder, port, lease, grace)
        try:
            server.start()
            yield server
        finally:
            server.kill()
