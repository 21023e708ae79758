"""Bundles the fragments of an OpenAPI document into one.

References to what the root file registers under ``components`` become ``#/components/...``; any other reference to a
file (path items, examples) is replaced by what it refers to.
"""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from scale_codegen.errors import BadDocuments, Problem
from scale_codegen.pointer import child, resolve, split


class Location(NamedTuple):
    """A place in the source: a file below the root and a JSON pointer in it."""

    file: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.file}#{self.pointer}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The bundled document. ``origins`` maps pointers in it to the places that were put there."""

    document: Mapping[str, Any]
    origins: Mapping[str, Location]

    def where(self, pointer: str) -> str:
        """The place in the source files of what is at ``pointer`` in the bundled document."""
        prefix = pointer
        while prefix not in self.origins:
            prefix = prefix.rpartition("/")[0]
        origin = self.origins[prefix]
        return f"{origin.file}#{origin.pointer}{pointer[len(prefix) :]}"

    def components(self, section: str) -> Mapping[str, Any]:
        """The components of a section (``schemas``, ``parameters`` ...), by name."""
        found: Mapping[str, Any] = self.document.get("components", {}).get(section, {})
        return found

    def deref(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """``node``, or what it refers to; references in a bundle resolve."""
        while "$ref" in node:
            node = resolve(self.document, node["$ref"].removeprefix("#"))
        return node


class Bundler:
    """Reads and bundles; use once. ``read`` gives the content of a file by its path below ``root``."""

    def __init__(self, root: Path, read: Callable[[Path, str], Any]) -> None:
        self._root = root
        self._read = read
        self._files: dict[str, Any] = {}
        self._registered: dict[Location, str] = {}
        self._origins: dict[str, Location] = {}
        self._problems: list[Problem] = []

    def bundle(self, main: str) -> Bundle:
        """The bundle whose root is the file ``main``.

        :raises BadDocuments: with every reference that leads nowhere, in circles or to two components.
        """
        self._main = main
        document = self._load(main)
        if not isinstance(document, dict):
            raise BadDocuments.at(main, "an OpenAPI document is a mapping")
        self._register(document)
        self._origins[""] = Location(main, "")
        bundled = self._expand(document, Location(main, ""), "", ())
        if self._problems:
            raise BadDocuments(self._problems)
        return Bundle(bundled, self._origins)

    def _load(self, file: str) -> Any:
        if file not in self._files:
            self._files[file] = self._read(self._root, file)
        return self._files[file]

    def _register(self, document: Mapping[str, Any]) -> None:
        for section, components in (document.get("components") or {}).items():
            for name, value in (components or {}).items():
                if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                    continue
                here = Location(self._main, child("/components", section, name))
                target = self._target(value["$ref"], here)
                if target in self._registered:
                    other = self._registered[target]
                    self._report(here, f"{target} is already registered as {other}; keep one of the two names")
                elif target.file != self._main:
                    self._registered[target] = f"#{here.pointer}"

    def _target(self, ref: str, here: Location) -> Location:
        file, _, pointer = ref.partition("#")
        if file:
            file = posixpath.normpath(posixpath.join(posixpath.dirname(here.file), file))
        return Location(file or here.file, pointer.rstrip("/"))

    def _expand(self, node: Any, here: Location, out: str, stack: tuple[Location, ...]) -> Any:
        if isinstance(node, list):
            return [
                self._expand(item, Location(here.file, child(here.pointer, i)), child(out, i), stack)
                for i, item in enumerate(node)
            ]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            return self._follow(node, here, out, stack)
        return {
            key: self._expand(value, Location(here.file, child(here.pointer, key)), child(out, key), stack)
            for key, value in node.items()
        }

    def _follow(self, node: dict[str, Any], here: Location, out: str, stack: tuple[Location, ...]) -> Any:
        target = self._target(node["$ref"], here)
        if target.file == self._main:
            return self._component(node, target, here)
        if target in self._registered and f"#{out}" != self._registered[target]:
            return {**node, "$ref": self._registered[target]}
        if target in stack:
            self._report(here, f"{node['$ref']} leads back to itself; register it under components in {self._main}")
            return {}
        try:
            value = resolve(self._load(target.file), target.pointer)
        except KeyError as exc:
            self._report(here, f"{node['$ref']} leads nowhere: {target.file} has no {exc.args[0]!r} there")
            return {}
        except BadDocuments as exc:
            self._report(here, f"{node['$ref']} leads nowhere: {exc}")
            return {}
        self._origins[out] = target
        return self._expand(value, target, out, (*stack, target))

    def _component(self, node: dict[str, Any], target: Location, here: Location) -> dict[str, Any]:
        steps = split(target.pointer)
        if len(steps) != 3 or steps[0] != "components":
            self._report(here, f"{node['$ref']} is not a component; refer to {self._main}#/components/SECTION/NAME")
        elif steps[2] not in (self._load(self._main).get("components", {}).get(steps[1]) or {}):
            self._report(here, f"{node['$ref']} leads nowhere: {self._main} registers no {steps[2]!r} in {steps[1]}")
        return {**node, "$ref": f"#{target.pointer}"}

    def _report(self, here: Location, message: str) -> None:
        self._problems.append(Problem(str(here), message))
