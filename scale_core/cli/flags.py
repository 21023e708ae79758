"""What was given on the command line before the subcommand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags by setting name; None: not given. Small, so that commands which need no database do not load one."""

    values: Mapping[str, Any]
