"""From the kind of a failure to the error."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from scale_core.interfaces.error import ErrorDefinition, ErrorMapper, Failure
from scale_errors_builtin import errors

ERROR_BY_KIND: Final[Mapping[str, ErrorDefinition]] = MappingProxyType(
    {
        "exit-code": errors.ALGORITHM_UNKNOWN,
        "signal": errors.ALGORITHM_KILLED,
        "timeout": errors.TIMEOUT,
        "memory": errors.MEMORY_EXCEEDED,
        "disk": errors.DISK_EXCEEDED,
        "log": errors.LOG_EXCEEDED,
        "left-running": errors.LEFT_RUNNING,
        "launch": errors.LAUNCH_FAILED,
        "image": errors.IMAGE_MISSING,
        "input": errors.INPUT_UNAVAILABLE,
        "input-changed": errors.INPUT_CHANGED,
        "missing-manifest": errors.MISSING_MANIFEST,
        "invalid-manifest": errors.INVALID_MANIFEST,
        "missing-output": errors.MISSING_OUTPUT,
        "invalid-output": errors.INVALID_OUTPUT,
        "output-storage": errors.OUTPUT_STORAGE,
        "node-lost": errors.NODE_LOST,
        "mount-missing": errors.MOUNT_MISSING,
        "engine": errors.ENGINE_FAILURE,
        "unknown": errors.UNKNOWN,
    }
)
"""Every kind but ``canceled``, which is no error."""

WITH_EXIT_CODE: Final = ("exit-code", "signal")
"""Kinds that a job type's error mapping may name; a signal has an exit code where a container's command ended by it."""


class BuiltinErrorMapper(ErrorMapper):
    """Maps every kind of failure; an exit code through the job type's error mapping first."""

    def errors(self) -> Sequence[ErrorDefinition]:
        """The builtin errors."""
        return errors.BUILTIN_ERRORS

    def map(self, failure: Failure, exit_codes: Mapping[int, str]) -> str | None:
        """The error's name; None for a cancel, and for kinds of the future."""
        code = failure.exit_code
        if failure.kind in WITH_EXIT_CODE and code is not None and code in exit_codes:
            return exit_codes[code]
        error = ERROR_BY_KIND.get(failure.kind)
        return None if error is None else error.name
