"""A real Scale in a process of its own, as a user starts it, driven over HTTP."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import httpx
from sqlalchemy import Executable

from bench.databases import Installation
from bench.figures import BenchFailure
from scale_core.db.database import Database

STOP_SECONDS = 30.0
LOCAL_ENGINE: Mapping[str, str] = {"SCALE_ENGINE_CPUS": "2"}

Command = Literal["up", "web"]

OWN_SETTINGS = ("SCALE_", "PYTHON")
"""What variables begin with that whoever measures may have set for themselves: Scale runs as its users have it, with
what Python has compiled once (PYTHONDONTWRITEBYTECODE would have it compile each time, which takes half a second)."""


class ScaleProcess:
    """``scale up`` or ``scale web`` on a data folder; runs while the ``with`` block does.

    ``seconds_to_answer`` is the time from its start to the first answered request.

    :param engine: settings of the engine; the local one has two slots otherwise.
    """

    def __init__(
        self, installation: Installation, command: Command = "up", engine: Mapping[str, str] = LOCAL_ENGINE
    ) -> None:
        self.installation = installation
        self._engine = engine
        self.data_dir = data_dir = installation.data_dir
        self.seconds_to_answer = 0.0
        self._command = command
        self._log = data_dir.with_name(f"{data_dir.name}.log")
        self.http = httpx.Client(timeout=120)
        self._process: subprocess.Popen[bytes] | None = None
        self.database = Database(installation.database_url)

    def __enter__(self) -> Self:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        foreign = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
        ours = {
            "SCALE_DATA_DIR": str(self.data_dir),
            "SCALE_DATABASE_URL": self.installation.database_url,
            "SCALE_BIND": "127.0.0.1:0",
            **self._engine,
        }
        with self._log.open("ab") as log:
            began = time.perf_counter()
            # A session of its own: Ctrl-C reaches this process only, which then stops Scale in good order.
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("scale"), self._command],
                cwd=self.data_dir,
                env=foreign | ours,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_it_answers(self._process, began)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process that was started."""
        if self._process is None:
            raise BenchFailure("Scale does not run.")
        return self._process.pid

    def stop(self) -> None:
        """Ask it to end and wait; one that does not listen is killed."""
        self.http.close()
        self.database.close()
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes], began: float) -> None:
        # It takes a free port, and prints where it listens.
        address = re.search(rb"http://\S+", process.stdout.readline() if process.stdout else b"")
        if address is None:
            raise BenchFailure(f"scale {self._command} ended before it answered:\n{self.log_tail()}")
        self.http.base_url = httpx.URL(address[0].decode())
        self.http.get("/version/").raise_for_status()
        self.seconds_to_answer = time.perf_counter() - began

    def log_tail(self) -> str:
        """The end of what it logged."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A request that must succeed; its answer."""
        response = self.http.request(method, path, json=body)
        if not response.is_success:
            raise BenchFailure(f"{method} {path} was answered with {response.status_code}: {response.text}")
        return response.json()

    def pause(self, paused: bool) -> None:
        """Have the scheduler start nothing new, or go on."""
        self.send("PATCH", "/scheduler/", {"is_paused": paused})

    def job_type(self, name: str, command: str, arguments: str = "") -> int:
        """The id of a job type, created if need be, that takes one of the slots and has no inputs."""
        for one in self.send("GET", f"/job-types/?name={name}")["results"]:
            if one["name"] == name:
                return int(one["id"])
        interface = {"version": "1.0", "command": command, "command_arguments": arguments}
        resources = {"cpus_required": 1.0, "mem_required": 16.0, "disk_out_const_required": 0.0}
        made = self.send("POST", "/job-types/", {"name": name, "version": "1.0", "interface": interface, **resources})
        return int(made["id"])

    def new_job(self, job_type_id: int) -> dict[str, Any]:
        """Queue a job without inputs; its details."""
        made: dict[str, Any] = self.send(
            "POST", "/queue/new-job/", {"job_type_id": job_type_id, "job_data": {"version": "1.0"}}
        )
        return made

    def rows(self, statement: Executable) -> list[Any]:
        """Read from the database directly, which costs Scale nothing but a little of the CPU."""
        with self.database.read() as session:
            return list(session.execute(statement).all())

    def wait(self, what: str, done: Callable[[], bool], seconds: float, every: float = 0.02) -> None:
        """Return once ``done``.

        :raises BenchFailure: it takes longer than ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise BenchFailure(f"{what} did not happen within {seconds:.0f} s:\n{self.log_tail()}")
            time.sleep(every)
