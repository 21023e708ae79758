"""Reads the two trees of documents: ``openapi/`` into one bundled document, ``specs/`` into a table of schemas."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scale_codegen.bundle import Bundle, Bundler
from scale_codegen.errors import BadDocuments
from scale_codegen.yaml_reader import parse_yaml

OPENAPI_ROOT: Final = "openapi/scale.yaml"
SPECS_FOLDER: Final = "specs"
_VERSION: Final = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class SpecVersion:
    """One version of one spec: ``specs/NAME/VERSION.json``."""

    name: str
    version: tuple[int, int]
    where: str
    schema: Mapping[str, Any]

    @property
    def version_text(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def urn(self) -> str:
        """The ``$id`` that the schema has to have."""
        return f"urn:scale:spec:{self.name}:{self.version_text}"


@dataclass(frozen=True, slots=True)
class Documents:
    """Everything that code is generated from. ``specs`` are sorted by name and version."""

    api: Bundle
    specs: tuple[SpecVersion, ...]

    def latest_specs(self) -> dict[str, SpecVersion]:
        """The newest version of each spec, by name."""
        return {spec.name: spec for spec in self.specs}


def load(root: Path) -> Documents:
    """Read both trees below ``root``.

    :raises BadDocuments: a file is missing, is not YAML or JSON, or refers to what is not there.
    """
    bundle = Bundler(root, _read_yaml).bundle(OPENAPI_ROOT)
    return Documents(api=bundle, specs=load_specs(root))


def load_specs(root: Path) -> tuple[SpecVersion, ...]:
    """Every ``specs/NAME/MAJOR.MINOR.json``, sorted by name and version.

    :raises BadDocuments: a schema is not a JSON object, or its file is not named after its version.
    """
    paths = (root / SPECS_FOLDER).glob("*/*.json")
    return tuple(sorted((_load_spec(root, path) for path in paths), key=lambda spec: (spec.name, spec.version)))


def _load_spec(root: Path, path: Path) -> SpecVersion:
    where = path.relative_to(root).as_posix()
    match = _VERSION.fullmatch(path.stem)
    if match is None:
        raise BadDocuments.at(where, "a schema's file is named after its version, as in specs/strike/1.0.json")
    try:
        schema = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique_keys)
    except ValueError as exc:
        raise BadDocuments.at(where, f"is not JSON: {exc}") from exc
    if not isinstance(schema, dict):
        raise BadDocuments.at(where, "a schema is a JSON object")
    return SpecVersion(path.parent.name, (int(match[1]), int(match[2])), where, schema)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} occurs twice in one object")
    return document


def _read_yaml(root: Path, where: str) -> Any:
    try:
        text = (root / where).read_text(encoding="utf-8")
    except OSError as exc:
        raise BadDocuments.at(where, f"cannot be read: {exc.strerror}") from exc
    return parse_yaml(where, text)
