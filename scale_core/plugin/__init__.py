"""What a plugin imports to take part: the hook marker, and a command that is imported when it is called.

The hooks themselves are in :mod:`scale_core.plugin.specs`.
"""

from scale_core.plugin.lazy import LazyCommand
from scale_core.plugin.markers import hookimpl

__all__ = ["LazyCommand", "hookimpl"]
