"""An environment of its own, beside the one that the tests run in, and a Scale that runs in it."""

import os
import site
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import scale_core
import scale_generated
from fakes.running import RunningScale

SECONDS = 120.0


def clean_environment() -> dict[str, str]:
    """Without the caller's settings of Scale and of Python, and without a proxy for addresses of this machine."""
    dropped = ("SCALE_", "PYTEST_", "PYTHONPATH", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {"PYTHONUNBUFFERED": "1", "NO_PROXY": "*", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


class Environment:
    """A virtual environment in ``folder`` which sees what is installed where the tests run, Scale among it.

    A new one each time: a plugin that is left from before would be found too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.scale = folder / "bin" / "scale"
        venv.create(folder, symlinks=True)
        (packages,) = folder.glob("lib/python*/site-packages")
        lines = [f"import site; site.addsitedir({here!r})\n" for here in site.getsitepackages()]
        (packages / "what-the-tests-see.pth").write_text("".join(lines))
        self.scale.write_text(f"#!{self.python}\nfrom scale_core.cli.main import main\n\nmain()\n")
        self.scale.chmod(0o755)

    def install(self, *folders: Path) -> None:
        """Install packages without asking an index for anything."""
        alone = ["--no-deps", "--no-build-isolation", "--quiet"]
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "install", *alone, *map(str, folders)]
        subprocess.run(command, env=clean_environment(), check=True)

    def run(self, *arguments: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
        """Run its Python; output and errors are in ``stdout``."""
        return subprocess.run(
            [self.python, *arguments],
            cwd=cwd,
            env=clean_environment() | {"MYPYPATH": os.pathsep.join(sources())},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    @contextmanager
    def running(self, folder: Path, **variables: str) -> Iterator[RunningScale]:
        """A Scale that runs with its data in ``folder``; ``variables`` are of its process."""
        scale = RunningScale(folder / "data")
        scale.command = (str(self.scale), "up")
        scale.environment |= variables
        scale.start()
        try:
            yield scale
        finally:
            scale.stop()
            scale.http.close()


def sources() -> list[str]:
    """Where mypy finds Scale, in a checkout; what is in site-packages it finds by itself."""
    folders = {str(Path(package.__file__ or "").parents[1]) for package in (scale_core, scale_generated)}
    return sorted(folder for folder in folders if "site-packages" not in folder)
