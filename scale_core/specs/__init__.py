"""Loading, checking and upgrading the versioned documents whose schemas are in ``specs/``."""

from scale_core.specs.explain import explain
from scale_core.specs.jsontext import loads
from scale_core.specs.library import SpecLibrary
from scale_core.specs.problems import InvalidDocument, InvalidJSON, Problem, SpecSourceError, UnknownSpec, pointer
from scale_core.specs.values import unusable_values

__all__ = [
    "InvalidDocument",
    "InvalidJSON",
    "Problem",
    "SpecLibrary",
    "SpecSourceError",
    "UnknownSpec",
    "explain",
    "loads",
    "pointer",
    "unusable_values",
]
