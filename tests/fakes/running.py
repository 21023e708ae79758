"""A whole Scale in a process of its own, driven over HTTP like a user would."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from fakes.databases import database_url, on_postgres
from fakes.waiting import SECONDS, until

SCALE = str(Path(sys.executable).with_name("scale"))
ENDS_WITHIN_SECONDS = 240


class RunningScale:
    """`scale up`, or another command, on a data folder of its own; it can be killed and started again.

    :param settings: further ``SCALE_…`` environment variables, without the prefix, in small letters.
    """

    def __init__(self, data_dir: Path, command: str = "up", **settings: str) -> None:
        self.command = (SCALE, command)
        self.data_dir = data_dir
        self.http = httpx.Client(timeout=SECONDS)
        self.log = data_dir.parent / "scale.log"
        foreign = {name: value for name, value in os.environ.items() if not name.startswith("SCALE_")}
        given = {f"SCALE_{name.upper()}": value for name, value in settings.items()}
        if on_postgres():
            given.setdefault("SCALE_DATABASE_URL", database_url(data_dir))
        self.environment = {**foreign, "SCALE_DATA_DIR": str(data_dir), "SCALE_BIND": "127.0.0.1:0", **given}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the main process."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    def launch(self) -> None:
        """Start it on a free port."""
        self.data_dir.mkdir(exist_ok=True)
        with self.log.open("ab+") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.data_dir,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def refused(self) -> "subprocess.CompletedProcess[str]":
        """Start it where it cannot run: how it ended."""
        self.data_dir.mkdir(exist_ok=True)
        return subprocess.run(
            self.command, capture_output=True, text=True, timeout=120, check=False, env=self.environment
        )

    def await_answer(self) -> None:
        """Wait until it answers."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        address = re.search(r"http://\S+", line)
        assert address is not None, self.log.read_text()[-5000:]
        self.http.base_url = httpx.URL(address[0])

    def start(self) -> None:
        """Start it on a free port and wait until it answers."""
        self.launch()
        self.await_answer()

    def kill(self) -> None:
        """kill -9."""
        self.end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self.end(signal.SIGTERM)

    def send(self, number: int) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, how: int) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(how)
        return self.await_end()

    def await_end(self) -> int:
        """The exit code, once it has ended."""
        assert self._process is not None
        code = self._process.wait(ENDS_WITHIN_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return code

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST that must answer 201."""
        response = self.http.post(path, json=body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    def change(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """PATCH that must succeed."""
        response = self.http.patch(path, json=body)
        assert response.is_success, response.text
        changed: dict[str, Any] = response.json()
        return changed

    def get(self, path: str, **query: Any) -> Any:
        """GET that must answer 200."""
        response = self.http.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def results(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All results of a list."""
        found: list[dict[str, Any]] = self.get(path, page_size=1000, **query)["results"]
        return found

    def wait(self, what: Callable[[], Any], seconds: float = ENDS_WITHIN_SECONDS) -> Any:
        """Ask again and again until ``what`` gives something true."""
        return until(what, seconds=seconds, pause=0.05, told=lambda: self.log.read_text()[-5000:])

    def ended(self, job_id: int) -> dict[str, Any]:
        """A job's details, once it has ended."""
        return self.in_status(job_id, "COMPLETED", "FAILED", "CANCELED")

    def in_status(self, job_id: int, *statuses: str) -> dict[str, Any]:
        """A job's details, once it has one of these statuses."""

        def job() -> dict[str, Any] | None:
            details: dict[str, Any] = self.get(f"/jobs/{job_id}/")
            return details if details["status"] in statuses else None

        details: dict[str, Any] = self.wait(job)
        return details

    def workspace(self, name: str) -> int:
        """A new workspace beside the data folder; its id."""
        root = self.data_dir.parent / name
        broker = {"type": "host", "host_path": str(root)}
        made = self.create("/workspaces/", {"name": name, "json_config": {"version": "1.0", "broker": broker}})
        return int(made["id"])

    def strike(self, name: str, workspace_name: str, regex: str = ".*", **rule: Any) -> Path:
        """A new Strike; the directory that it watches."""
        directory = self.data_dir.parent / f"{name}-incoming"
        directory.mkdir(exist_ok=True)
        files = {"filename_regex": regex, "workspace_path": name, "workspace_name": workspace_name, **rule}
        configuration = {
            "version": "1.0",
            "mount": str(directory),
            "transfer_suffix": "_tmp",
            "files_to_ingest": [files],
        }
        self.create("/strikes/", {"name": name, "configuration": configuration})
        return directory


def transfer(directory: Path, name: str, content: bytes) -> None:
    """Copy a file in the way a transfer does."""
    (directory / f"{name}_tmp").write_bytes(content)
    (directory / f"{name}_tmp").rename(directory / name)
