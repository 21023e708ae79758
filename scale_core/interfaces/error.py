"""Errors: what a failure of an execution is called (reference: Errors Interface)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scale_generated.enums import ErrorCategory
from scale_generated.specs.execution_report import ReportFailure as Failure

__all__ = ["ErrorDefinition", "ErrorMapper", "Failure"]


@dataclass(frozen=True, slots=True)
class ErrorDefinition:
    """A builtin error: it exists in every installation and cannot be edited."""

    name: str
    title: str
    description: str
    category: ErrorCategory | Literal["SYSTEM", "ALGORITHM", "DATA"]


class ErrorMapper(ABC):
    """Gives failures their names. Stateless."""

    @abstractmethod
    def errors(self) -> Sequence[ErrorDefinition]:
        """The builtin errors that :meth:`map` may name."""

    @abstractmethod
    def map(self, failure: Failure, exit_codes: Mapping[int, str]) -> str | None:
        """Name of the error that ``failure`` is, or None to leave it to the next mapper.

        :param exit_codes: the job type's error mapping, exit code to error name.
        """
