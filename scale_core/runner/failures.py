"""Why a step ends an execution early."""

from typing import Literal

Kind = Literal[
    "exit-code",
    "signal",
    "timeout",
    "memory",
    "disk",
    "log",
    "left-running",
    "launch",
    "image",
    "input",
    "input-changed",
    "missing-manifest",
    "invalid-manifest",
    "missing-output",
    "invalid-output",
    "output-storage",
    "mount-missing",
    "engine",
    "canceled",
    "unknown",
]


class StepFailed(Exception):
    """A step cannot go on. ``kind`` is that of the report's failure, ``message`` says what, where and what is right."""

    def __init__(self, kind: Kind, message: str, *, exit_code: int | None = None, signal: int | None = None) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.exit_code = exit_code
        self.signal = signal
