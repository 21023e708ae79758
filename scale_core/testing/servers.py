"""Servers that tests and measurements start beside themselves."""

import shutil
from collections.abc import Sequence
from pathlib import Path


def ending_with_us(command: Sequence[str | Path], signal_name: str = "TERM") -> list[str | Path]:
    """A command that is sent a signal when the thread that started it ends, however that comes about: who is killed
    tidies up nothing. Where the system has no ``setpriv`` it is the command itself.

    :param signal_name: such as ``INT``.
    """
    setpriv = shutil.which("setpriv")
    return [*command] if setpriv is None else [setpriv, "--pdeathsig", signal_name, "--", *command]
