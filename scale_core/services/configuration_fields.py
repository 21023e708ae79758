"""Which fields of an exported configuration an import takes, and which it ignores: as its specification says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scale_core.specs import SpecLibrary


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one kind of record, in the order of the specification."""

    writable: tuple[str, ...]
    read_only: frozenset[str]


class ConfigurationFields:
    """The fields of all kinds of records, read from the specification ``configuration``."""

    def __init__(self, specs: SpecLibrary) -> None:
        definitions = specs.schema("configuration", specs.latest("configuration"))["$defs"]
        self.of_error = _fields(definitions["ConfigurationError"])
        self.of_job_type = _fields(definitions["ConfigurationJobType"])
        self.of_recipe_type = _fields(definitions["ConfigurationRecipeType"])
        self.of_trigger_rule = _fields(definitions["ConfigurationTriggerRule"])


def _fields(schema: Mapping[str, Any]) -> Fields:
    properties = schema["properties"]
    read_only = frozenset(name for name, one in properties.items() if one.get("readOnly"))
    return Fields(tuple(name for name in properties if name not in read_only), read_only)
