"""Which fields of an exported configuration an import takes, and which it ignores: as its specification says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scale_core.specs import SpecLibrary


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one kind of record, in the order of the specification.

    :param exported: those that an export has: all that an import takes, and read-only ones that the reference shows.
    :param read_only: those that an import ignores.
    """

    exported: tuple[str, ...]
    read_only: frozenset[str]

    def writable(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """What an import takes of a record."""
        return {field: value for field, value in record.items() if field not in self.read_only}

    def ignored(self, record: Mapping[str, Any], saved: object) -> list[str]:
        """The fields of a record that say what an import does not do.

        :param saved: what the record has become. What an export has of it beside the writable fields, and is so, is
            not ignored.
        """
        agreed = {name for name in self.exported if name in record and getattr(saved, name, None) == record[name]}
        return [name for name in record if name in self.read_only and name not in agreed]


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
    exported = tuple(
        name for name, one in properties.items() if name not in read_only or one.get("x-scale-exported", False)
    )
    return Fields(exported, read_only)
