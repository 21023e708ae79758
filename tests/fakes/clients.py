"""docs/clients.md as the tests of generated clients use it: its commands and programs, run as they stand there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8580"
"""Where Scale answers, on the page."""
SECONDS = 120


def blocks(language: str) -> list[str]:
    """What the page has in a language."""
    return [match[2] for match in BLOCK.finditer(PAGE) if match[1] == language]


def program(language: str, address: str, uses: str) -> str:
    """The one program on the page in a language that uses a library, for the Scale at an address."""
    (found,) = (block for block in blocks(language) if uses in block)
    assert ADDRESS in found
    return found.replace(ADDRESS, address)


def command(name: str, address: str) -> list[str]:
    """The one command on the page that begins with ``name``."""
    (found,) = (block for block in blocks("bash") if block.startswith(f"{name} "))
    assert "$SCALE" in found
    return shlex.split(found.replace("$SCALE", address))


def run(arguments: Sequence[str | Path], folder: Path, **environment: str) -> str:
    """Run a command that must succeed; what it printed, on both streams. This Python's commands come first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        arguments,
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1", "NO_COLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        check=False,
    )
    output = done.stdout.decode()
    assert done.returncode == 0, f"{shlex.join(map(str, arguments))}\n{output[-10000:]}"
    return output
