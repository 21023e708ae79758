"""What a plugin imports to take part: the hook marker. The hooks themselves are in :mod:`scale_core.plugin.specs`."""

from scale_core.plugin.markers import hookimpl

__all__ = ["hookimpl"]
