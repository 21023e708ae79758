"""From a kind and names to a folder with a plugin."""

import importlib.util
import os
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scale_core.plugin.registry import Registry
from scale_core.plugin.scaffold.kinds import Kind
from scale_core.plugin.scaffold.names import Names, names_of

TEMPLATES: Final = Path(__file__).parent / "templates"
_SUFFIX: Final = ".j2"
_PACKAGE: Final = "package"


def new_plugin(
    kind: Kind, name: str, parent: Path, registry: Registry, reserved: Collection[str] = ()
) -> dict[Path, str]:
    """Write a plugin into the new folder ``parent/name``: all of it, or nothing.

    :param registry: what is installed, whose names it cannot have.
    :param reserved: further names that it cannot have.
    :return: its files: path below ``parent``, and content.
    :raises NameRefused: no plugin can have that name here.
    :raises OSError: the folder is there already, or cannot be made.
    """
    entry_points = [plugin.name for plugin in registry.plugins]
    taken = [*kind.registered(registry), *entry_points, *reserved]
    names = names_of(name, taken, lambda package: importlib.util.find_spec(package) is not None)
    files = {Path(name) / path: text for path, text in files_of(kind, names).items()}
    _write(files, parent, name)
    return files


def files_of(kind: Kind, names: Names) -> dict[Path, str]:
    """The files of a new plugin: path below its folder, and content."""
    # Their text is Python, TOML and Markdown, not HTML.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader([TEMPLATES / kind.name, TEMPLATES / "common"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates = environment.list_templates(filter_func=lambda path: path.endswith(_SUFFIX))
    return {_path(one, names): environment.get_template(one).render(kind=kind, names=names) for one in templates}


def _path(template: str, names: Names) -> Path:
    parts = template.removesuffix(_SUFFIX).split("/")
    return Path(*(names.package if part == _PACKAGE else part for part in parts))


def _write(files: dict[Path, str], parent: Path, name: str) -> None:
    """Write the files below ``parent``: in a folder beside it first, so that a failure leaves nothing."""
    if os.path.lexists(parent / name):
        message = f"{str(parent / name)!r} is there already; nothing was written"
        raise FileExistsError(f"{message}. Choose another name, or another folder with --into.")
    try:
        _write_beside(files, parent, name)
    except OSError as error:
        reason = f"{str(parent / name)!r} cannot be written: {error.strerror or error}; nothing was"
        raise OSError(f"{reason}. Choose another folder with --into.") from error


def _write_beside(files: dict[Path, str], parent: Path, name: str) -> None:
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=parent) as made:
        folder = Path(made)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        (folder / name).rename(parent / name)
