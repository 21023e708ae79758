"""All specifications of versioned documents, in one object: check, upgrade and explain."""

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import islice
from typing import Any

from jsonschema.protocols import Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from scale_core.specs.explain import alternatives, explain, show
from scale_core.specs.problems import InvalidDocument, Problem, SpecSourceError, UnknownSpec
from scale_core.specs.upgrades import UPGRADES, Document, Upgrades
from scale_core.specs.validators import validator_for
from scale_core.specs.values import unusable_values

Schema = Mapping[str, Any]
MAX_PROBLEMS = 100


class SpecLibrary:
    """The specifications by name and version.

    A document says its version in ``version``; one that says none is read as the latest. Nothing is fetched from
    anywhere: references between schemas lead to schemas of the same library.
    """

    def __init__(self, schemas: Mapping[str, Mapping[str, Schema]], upgrades: Upgrades = UPGRADES) -> None:
        """Take ``schemas`` as name -> version -> JSON Schema; raises SpecSourceError if there are none."""
        if not schemas:
            raise SpecSourceError("there are no schemas to read; `scale codegen` writes those of the package")
        self._schemas = {
            name: {version: schemas[name][version] for version in sorted(schemas[name], key=_version_key)}
            for name in sorted(schemas)
        }
        self._upgrades = upgrades
        self._registry: Registry[Any] = Registry().with_resources(
            (schema["$id"], DRAFT202012.create_resource(schema))
            for versions in self._schemas.values()
            for schema in versions.values()
        )
        self._validators: dict[tuple[str, str], Validator] = {}

    @classmethod
    def packaged(cls) -> "SpecLibrary":
        """Return the specifications that this installation was built with."""
        return cls.from_flat(files("scale_generated") / "specs" / "schemas")

    @classmethod
    def from_flat(cls, folder: Traversable) -> "SpecLibrary":
        """Read a folder of ``NAME-VERSION.json`` files."""
        stems = {entry.name.removesuffix(".json"): entry for entry in _json_files(folder)}
        return cls(_nested((*stem.rpartition("-")[::2], _read(entry)) for stem, entry in stems.items()))

    @classmethod
    def from_tree(cls, folder: Traversable) -> "SpecLibrary":
        """Read a folder like the repository's ``specs/``: ``NAME/VERSION.json``."""
        names = [entry for entry in folder.iterdir() if entry.is_dir()]
        return cls(
            _nested(
                (name.name, entry.name.removesuffix(".json"), _read(entry))
                for name in names
                for entry in _json_files(name)
            )
        )

    def names(self) -> list[str]:
        """Return the names of all specifications, sorted."""
        return list(self._schemas)

    def versions(self, name: str) -> list[str]:
        """Return the versions of a specification, oldest first; raises UnknownSpec."""
        return list(self._of(name))

    def latest(self, name: str) -> str:
        """Return the latest version of a specification; raises UnknownSpec."""
        return self.versions(name)[-1]

    def schema(self, name: str, version: str) -> Schema:
        """Return the JSON Schema of one version; raises UnknownSpec."""
        versions = self._of(name)
        if version not in versions:
            raise UnknownSpec(f"{name} has no version {show(version)}; there are: {', '.join(versions)}")
        return versions[version]

    def problems(self, name: str, document: object, version: str | None = None) -> list[Problem]:
        """Return what is wrong with a document, at most MAX_PROBLEMS; an empty list: it is valid.

        ``version`` is how a document that names no version is read (default: the latest). Raises UnknownSpec for a
        name or version that does not exist; the document itself may be anything.
        """
        default = version or self.latest(name)
        self.schema(name, default)
        unusable = list(islice(unusable_values(document), MAX_PROBLEMS))
        if unusable:
            return unusable
        stated = document.get("version", default) if isinstance(document, dict) else default
        if not isinstance(stated, str) or stated not in self.versions(name):
            known = ", ".join(show(existing) for existing in self.versions(name))
            what = f"{name} has no version" if isinstance(stated, str) else "a version is written as text, not as"
            return [Problem("/version", f"{what} {show(stated)}; there are: {known}")]
        return self._validated(name, stated, document)

    def check(self, name: str, document: object, at: str = "", version: str | None = None) -> Document:
        """Return a valid document in the latest version, with ``version`` set; the given one is left as it is.

        ``at`` is the pointer of the document within a larger one and is put before the pointers of the problems.
        Raises InvalidDocument with every problem, UnknownSpec for an unknown name.
        """
        problems = self.problems(name, document, version)
        if problems or not isinstance(document, dict):
            raise InvalidDocument(name, [problem.under(at) for problem in problems])
        return self.upgrade(name, document, version)

    def upgrade(self, name: str, document: Document, version: str | None = None) -> Document:
        """Return a document that is known to be valid in the latest version; raises UnknownSpec."""
        latest = self.latest(name)
        current = document.get("version", version or latest)
        upgraded = {"version": current, **document}
        while current != latest:
            if (name, current) not in self._upgrades:
                raise UnknownSpec(f"{name} {show(current)} cannot be upgraded to {latest}: no step leads on from it")
            current, step = self._upgrades[name, current]
            upgraded = {**step(upgraded), "version": current}
        return upgraded

    def _of(self, name: str) -> dict[str, Schema]:
        if name not in self._schemas:
            raise UnknownSpec(f"no specification is named {show(name)}; there are: {', '.join(self._schemas)}")
        return self._schemas[name]

    def _validated(self, name: str, version: str, document: Any) -> list[Problem]:
        try:
            found = self._validator(name, version).iter_errors(document)
            errors = (inner for error in found for inner in alternatives(error))
            return list(dict.fromkeys(explain(error) for error in islice(errors, MAX_PROBLEMS)))
        except RecursionError:
            return [Problem("", "the document is nested too deeply to be checked; make it flatter")]

    def _validator(self, name: str, version: str) -> Validator:
        key = (name, version)
        if key not in self._validators:
            self._validators[key] = validator_for(self.schema(name, version), self._registry)
        return self._validators[key]


def _version_key(version: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError as error:
        raise SpecSourceError(
            f"{show(version)} is not a version of a specification; expected is one like 1.0"
        ) from error


def _json_files(folder: Traversable) -> list[Traversable]:
    if not folder.is_dir():
        raise SpecSourceError(f"there is no folder of schemas at {folder}; `scale codegen` writes that of the package")
    return [entry for entry in folder.iterdir() if entry.name.endswith(".json")]


def _read(entry: Traversable) -> Schema:
    try:
        schema: Schema = json.loads(entry.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SpecSourceError(f"the schema {entry} is damaged: {error}") from error
    return schema


def _nested(entries: Iterable[tuple[str, str, Schema]]) -> dict[str, dict[str, Schema]]:
    nested: dict[str, dict[str, Schema]] = {}
    for name, version, schema in entries:
        nested.setdefault(name, {})[version] = schema
    return nested
