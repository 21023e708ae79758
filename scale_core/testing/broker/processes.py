"""Processes of their own that work with a broker."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scale_core.interfaces.broker import Broker
from scale_core.testing.broker.fixtures import BrokerFixtures

Start = Callable[..., "subprocess.Popen[bytes]"]

WORK = """
import json, resource, sys
from importlib import import_module
from pathlib import Path
module, name, configuration, options, work, source, path, other = json.loads(sys.argv[1])
broker = getattr(import_module(module), name).from_settings(configuration, options)
print("ready", flush=True)
broker.store(Path(source), path)
if work == "both":
    broker.retrieve(path, Path(other))
broker.close()
# Not RUSAGE_SELF: that begins with what the process had that started this one.
own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
print(own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
"""


class Work(BrokerFixtures):
    """For suites whose broker is killed, or measured."""

    @pytest.fixture
    def work(self, broker: Broker, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> Start:
        """Starts a process, of a session of its own, that stores a file."""
        kind = type(broker)

        def start(work: str, source: Path, path: str, other: Path | None = None) -> "subprocess.Popen[bytes]":
            about = [kind.__module__, kind.__qualname__, dict(configuration), dict(options)]
            order = json.dumps([*about, work, str(source), path, str(other)])
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            process = subprocess.Popen(
                [sys.executable, "-c", WORK, order], stdout=subprocess.PIPE, start_new_session=True, env=environment
            )
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            return process

        return start
