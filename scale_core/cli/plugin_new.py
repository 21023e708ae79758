"""The command ``scale plugin new``."""

import shlex
import sys
from pathlib import Path
from typing import Final

import click

from scale_core.cli.application import Application, pass_application
from scale_core.cli.main import BUILT_IN
from scale_core.plugin.scaffold.kinds import KINDS, kind_named
from scale_core.plugin.scaffold.write import new_plugin

_WIDTH: Final = max(len(kind.name) for kind in KINDS)
_HELP: Final = "\n".join(
    (
        "Write a new plugin of the kind KIND into the new folder NAME.",
        "",
        "It is a package of its own, with tests, that works as it is: change it into yours. NAME is what it is called",
        "everywhere, as on an index of packages: lower case words with hyphens between them.",
        "",
        "\b",
        "Kinds:",
        *(f"  {kind.name:{_WIDTH}}  {kind.brings}" for kind in KINDS),
        "",
        "\b",
        "Example:",
        "  scale plugin new broker acme-shelf",
    )
)


@click.command("new", help=_HELP)
@click.argument("kind", type=click.Choice([kind.name for kind in KINDS]), metavar="KIND")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder in which the folder NAME is made; default: this one.",
)
@pass_application
def new(application: Application, kind: str, name: str, into: Path) -> None:
    """Write the plugin, and say what to do with it."""
    files = new_plugin(kind_named(kind), name, into, application.registry, BUILT_IN)
    click.echo(f"Wrote {into / name}: {kind_named(kind).written}")
    for path in sorted(files):
        click.echo(f"  {path}")
    python, folder = Path(sys.executable), str(into / name)
    click.echo("Next:")
    for command in (
        [str(python), "-m", "pip", "install", "--editable", f"{folder}[dev]"],
        [str(python), "-m", "pytest", folder],
        [str(python.with_name("scale")), "plugin", "list"],
    ):
        click.echo(f"  {shlex.join(command)}")
