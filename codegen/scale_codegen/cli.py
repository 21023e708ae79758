"""The command ``codegen``. It loads the generator only when it runs: users of Scale do not install what that needs."""

import importlib
from pathlib import Path
from typing import Final

import click

_MARK: Final = Path("openapi/scale.yaml")


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; print what would change and exit 1 if anything would.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The repository; by default the closest folder from here upwards that has openapi/scale.yaml.",
)
def codegen(check: bool, root: Path | None) -> None:
    """Generate generated/scale_generated and docs/rest.md from openapi/ and specs/.

    Exits with 1 if --check finds differences, with 2 if the documents have problems.
    """
    try:
        command = importlib.import_module("scale_codegen.command")
    except ModuleNotFoundError as exc:
        raise click.ClickException(
            f"{exc.name} is not installed; code generation needs `pip install scale-processing[codegen]`"
        ) from exc
    raise SystemExit(command.run(root or _find_root(Path.cwd()), check=check))


def _find_root(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / _MARK).is_file():
            return folder
    raise click.UsageError(f"neither {start} nor a folder above it has {_MARK}; run this in a clone, or give --root")
