"""The command ``scale mesos-archive``."""

import sys
from pathlib import Path

import click

from scale_engine_mesos.archive import write_archive


@click.command("mesos-archive")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--python",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Where the nodes have Python, of this one's version; default: where this machine has it.",
)
def mesos_archive(file: Path, python: Path | None) -> None:
    """Write the archive with Scale's executor that the agents of a Mesos cluster fetch.

    It holds Scale with its plugins as they are installed here; nodes need the same version of Python and nothing else.
    Name it to the engine by a URI that they can fetch it from: SCALE_MESOS_EXECUTOR_URI.

    \b
    Example:
      scale mesos-archive /srv/www/scale-mesos-executor.tar.gz
    """
    number = write_archive(file, python or Path(getattr(sys, "_base_executable", sys.executable)))
    click.echo(f"{file}: {number} files, {file.stat().st_size / (1 << 20):.1f} MiB")
