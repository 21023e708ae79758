"""Mesos' own executor, of tasks that are a command: one for each."""

import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.mesos.agent import FakeAgent


class CommandExecutor:
    """Runs the one task that it is given, and ends with it."""

    def __init__(self, agent: "FakeAgent", framework_id: str, info: dict[str, Any]) -> None:
        self._agent, self._framework_id = agent, framework_id
        self._task_id = info["executor_id"]["value"]
        self._process: subprocess.Popen[bytes] | None = None
        self._is_killed = False

    def launch(self, task: dict[str, Any]) -> None:
        """Run its command."""
        self._tell("TASK_STARTING")
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", task["command"]["value"]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._tell("TASK_RUNNING")
        threading.Thread(target=self._wait, args=(self._process,), daemon=True).start()

    def kill(self, task_id: str) -> None:
        """Terminate it."""
        self._is_killed = True
        if self._process is not None:
            self._process.terminate()

    def message(self, data: str) -> None:
        """It takes none."""

    def shutdown(self) -> None:
        """The same."""
        self.kill(self._task_id)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        if code < 0:
            name = (signal.strsignal(-code) or "").split(" ")[0]
            self._tell("TASK_KILLED" if self._is_killed else "TASK_FAILED", f"Command terminated with signal {name}")
        else:
            self._tell("TASK_FINISHED" if code == 0 else "TASK_FAILED", f"Command exited with status {code}")

    def _tell(self, state: str, message: str | None = None) -> None:
        more = {} if message is None else {"message": message}
        self._agent.update(self._framework_id, self._task_id, state, executor_id={"value": self._task_id}, **more)
