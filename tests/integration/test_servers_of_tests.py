"""Servers that tests start do not outlive the tests, however these end."""

import signal
import subprocess
import sys
import tempfile

import pytest

from fakes.processes import command_of
from fakes.waiting import until

STARTS_ONE = """
import subprocess, sys, time
from scale_core.testing.servers import ending_with_us
print(subprocess.Popen(ending_with_us(["/bin/sleep", "600"])).pid, flush=True)
time.sleep(600)
"""

STARTS_POSTGRES = """
import sys, time
from pathlib import Path
from scale_core.testing.postgres import running_postgres
with running_postgres(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


def runs(process: int, program: bytes) -> bool:
    """Whether a process is of a program, and not yet what will be that."""
    return command_of(process).split(b"\0")[0].endswith(program)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize(
    ("script", "name"),
    [
        pytest.param(STARTS_ONE, b"/sleep", id="any", marks=pytest.mark.any_database),
        pytest.param(STARTS_POSTGRES, b"/postgres", id="postgresql", marks=pytest.mark.postgresql),
    ],
)
def test_a_server_ends_with_who_started_it(script: str, name: bytes, number: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="scale-ended-", ignore_cleanup_errors=True) as folder,
        subprocess.Popen([sys.executable, "-c", script, folder], stdout=subprocess.PIPE) as starting,
    ):
        assert starting.stdout is not None
        server = int(starting.stdout.readline())
        until(lambda: runs(server, name))
        starting.send_signal(number)
        starting.wait()
        until(lambda: not runs(server, name))
