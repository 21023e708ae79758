"""What ``scale codegen`` does, once its arguments are known."""

from pathlib import Path

import click

from scale_codegen.errors import BadDocuments, CodegenError
from scale_codegen.generate import PACKAGE, generate
from scale_codegen.write import Change, changes, write

OUT_OF_DATE = 1
UNUSABLE = 2


def run(root: Path, *, check: bool) -> int:
    """Write the generated package below ``root``, or only compare; returns the exit code."""
    try:
        files = generate(root)
    except BadDocuments as exc:
        for problem in exc.problems:
            click.echo(problem, err=True)
        click.echo(f"{len(exc.problems)} problem(s) in openapi/ and specs/; nothing was generated.", err=True)
        return UNUSABLE
    except CodegenError as exc:
        click.echo(exc, err=True)
        return UNUSABLE
    return _check(changes(root, files)) if check else _report(write(root, files), len(files))


def _check(found: tuple[Change, ...]) -> int:
    for change in found:
        click.echo(change.diff() or f"{change.path} ({change.kind}, empty)", nl=False)
    if not found:
        click.echo(f"{PACKAGE} is up to date.")
        return 0
    for change in found:
        click.echo(f"{change.path}: {change.kind}", err=True)
    click.echo(f"{PACKAGE} is not up to date with openapi/ and specs/. Run `scale codegen`.", err=True)
    return OUT_OF_DATE


def _report(done: tuple[Change, ...], total: int) -> int:
    for change in done:
        verb = {"missing": "created", "orphan": "deleted", "outdated": "changed"}[change.kind]
        click.echo(f"{verb} {change.path}")
    click.echo(f"{PACKAGE}: {total} files, {len(done)} changed.")
    return 0
