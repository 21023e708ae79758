"""Registers the builtin errors."""

from collections.abc import Sequence

from scale_core.interfaces.error import ErrorMapper
from scale_core.plugin import hookimpl
from scale_errors_builtin.mapper import BuiltinErrorMapper


@hookimpl
def scale_register_error_mappers() -> Sequence[type[ErrorMapper]]:
    """The mapper that knows every kind of failure."""
    return [BuiltinErrorMapper]
