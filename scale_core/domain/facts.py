"""What the checks know of the world: small frozen values and the shapes that several documents share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scale_core.interfaces.trigger import FileFacts
from scale_generated.models import WarningId

__all__ = ["DeclaredInput", "DefinitionWarning", "FileFacts", "GivenInput", "WorkspaceFacts"]


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """What a check may ask about a workspace."""

    id: int
    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class DefinitionWarning:
    """Something odd in a definition that does not stop it from being saved: ``id`` names the kind (the HTTP contract
    lists them), ``details`` is for people."""

    id: WarningId
    details: str


class DeclaredInput(Protocol):
    """An input as a job interface or a recipe definition declares it; ``type`` is property, file or files."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def media_types(self) -> Sequence[str]: ...


class GivenInput(Protocol):
    """An input as job data or recipe data gives it: exactly one of the three is not None."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str | None: ...
    @property
    def file_id(self) -> int | None: ...
    @property
    def file_ids(self) -> Sequence[int] | None: ...
