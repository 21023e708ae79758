"""Formats generated Python with ruff, and drops the imports that a file turned out not to need."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from scale_codegen.errors import FormatterFailed

# --isolated: the result does not depend on the settings of the repository that it is run in.
_SETTINGS: Final = (
    "--isolated",
    "--no-cache",
    "--quiet",
    "--config=line-length=120",
    "--config=target-version='py311'",
    "--config=lint.isort.known-first-party=['scale_generated']",
)


def format_files(files: Mapping[str, str]) -> dict[str, str]:
    """The same files with the Python among them formatted.

    :raises FormatterFailed: ruff is not installed, or a file is not Python.
    """
    python = {path: text for path, text in files.items() if path.endswith(".py")}
    with tempfile.TemporaryDirectory(prefix="scale-codegen-") as folder:
        root = Path(folder)
        for path, text in python.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        _ruff(["check", *_SETTINGS, "--select=F401,I", "--fix"], root)
        _ruff(["format", *_SETTINGS], root)
        formatted = {path: (root / path).read_text(encoding="utf-8") for path in python}
    return {path: formatted.get(path, files[path]) for path in sorted(files)}


def _ruff(arguments: Sequence[str], folder: Path) -> None:
    beside = Path(sys.executable).parent / "ruff"
    command = [str(beside)] if beside.exists() else [sys.executable, "-m", "ruff"]
    done = subprocess.run([*command, *arguments, "."], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FormatterFailed(f"ruff {arguments[0]} failed on the generated code:\n{done.stdout}{done.stderr}")
