"""From the name of a new plugin to all that is named after it."""

import keyword
import re
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

MAX_NAME: Final = 30
"""Characters; names of errors, which begin with it, may have 50."""

_DISTRIBUTION: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
"""In the normal form of PEP 503, and a letter first: it becomes a module and classes."""

_FOLDERS: Final = frozenset({"tests", "dist", "build"})
"""What else lies beside the package, now or once it is built."""


class NameRefused(Exception):
    """No plugin can have that name; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Names:
    """What is named after a plugin, by its ``name``: ``acme-shelf``."""

    name: str
    """Of the distribution, its folder, and what it registers: as on an index of packages."""

    @property
    def package(self) -> str:
        """Of the package to import: ``acme_shelf``."""
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        """How names of classes begin: ``AcmeShelf``."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def constant(self) -> str:
        """How names of constants and environment variables begin: ``ACME_SHELF``."""
        return self.package.upper()

    @property
    def title(self) -> str:
        """For people: ``Acme Shelf``."""
        return self.name.replace("-", " ").title()


def names_of(name: str, taken: Collection[str], is_installed: Callable[[str], bool]) -> Names:
    """The names of a new plugin.

    :param taken: what is registered already, in capitals or not, and the entry points that there are.
    :param is_installed: whether a package can be imported already.
    :raises NameRefused: no plugin can be named so.
    """
    _require_form(name)
    names = Names(name)
    if keyword.iskeyword(names.package) or keyword.issoftkeyword(names.package) or names.package in _FOLDERS:
        raise NameRefused(f"{name!r} cannot be the name of a package; put a word before it, such as 'acme-{name}'.")
    if name in {one.lower() for one in taken}:
        raise NameRefused(f"{name!r} is registered by an installed plugin already; choose a name of your own.")
    if names.package in sys.stdlib_module_names or is_installed(names.package):
        message = f"There is a package {names.package!r} in this environment already"
        raise NameRefused(f"{message}; choose another name than {name!r}, or uninstall it.")
    return names


def _require_form(name: str) -> None:
    if not _DISTRIBUTION.fullmatch(name):
        right = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").lstrip("-0123456789")
        hint = f", such as {right!r}" if right else ""
        form = "lower case letters and digits, with single hyphens between words, and a letter first"
        raise NameRefused(f"{name!r} is no name of a plugin: it has {form} (PEP 503){hint}.")
    if len(name) > MAX_NAME:
        raise NameRefused(f"{name!r} has {len(name)} characters; a plugin's name has at most {MAX_NAME}.")
