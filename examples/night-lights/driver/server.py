"""`scale up` as a child process."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from driver import DemoFailure
from driver.client import ScaleClient

START_SECONDS = 60
STOP_SECONDS = 30
LOG_LINES = 30


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class ScaleServer:
    """Everything of Scale in one process, on the embedded database; stopped when the ``with`` block ends."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log = data_dir / "scale.log"
        self._data_dir = data_dir
        self._bind = f"127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        executable = Path(sys.executable).with_name("scale")
        # Settings of the caller's shell are left aside: the demo must not write into anybody's real database.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SCALE_")}
        environment |= {"SCALE_DATA_DIR": str(self._data_dir / "scale"), "SCALE_BIND": self._bind}
        with self.log.open("wb") as log:
            try:
                # A session of its own: Ctrl-C reaches this process, which then stops Scale in good order. The data
                # folder as working directory: a scale.toml elsewhere does not count.
                self._process = subprocess.Popen(
                    [executable, "up"],
                    cwd=self._data_dir,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as problem:
                raise DemoFailure(
                    f"{executable} cannot be started: {problem}. Install Scale beside Python."
                ) from problem
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def is_running(self) -> bool:
        """Return whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def wait_until_up(self, client: ScaleClient) -> None:
        """Return when Scale answers; `DemoFailure` if it ends before or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not client.is_up():
            if not self.is_running():
                raise DemoFailure("scale up ended before it answered")
            if time.monotonic() > deadline:
                raise DemoFailure(f"scale up did not answer within {START_SECONDS} s\n{self.log_tail()}")
            time.sleep(0.05)

    def wait(self) -> None:
        """Return when the process has ended by itself."""
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """Ask the process to end and wait for it; one that does not listen is killed."""
        if self._process is None or not self.is_running():
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"Scale did not stop within {STOP_SECONDS} s of SIGTERM; it is killed", file=sys.stderr)
            self._process.kill()
            self._process.wait()

    def log_tail(self) -> str:
        """Return the last lines of what the process printed."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"the end of {self.log}:", *(f"  | {line}" for line in lines[-LOG_LINES:])])
