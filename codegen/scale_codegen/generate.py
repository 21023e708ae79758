"""Documents in, files out: the one function that writing and checking share."""

from pathlib import Path
from typing import Final

from scale_codegen.access import with_common
from scale_codegen.build_openapi import build_api
from scale_codegen.build_reference import build_reference
from scale_codegen.build_specs import build_specs
from scale_codegen.format import format_files
from scale_codegen.load import load
from scale_codegen.render import render, render_reference
from scale_codegen.validate import validate

PACKAGE: Final = "generated/scale_generated"
REFERENCE: Final = "docs/rest.md"


def generate(root: Path) -> dict[str, str]:
    """What ``generated/`` and ``docs/rest.md`` have to hold for the documents below ``root``.

    :returns: path below ``root`` -> text, by path.

    :raises BadDocuments: the documents have problems.
    :raises FormatterFailed: ruff is missing.
    """
    documents = load(root)
    validate(documents)
    api = with_common(documents.api)
    files = render(build_api(api), build_specs(documents.specs))
    files = {f"{PACKAGE}/{path}": text for path, text in files.items()}
    files[REFERENCE] = render_reference(build_reference(api))
    return format_files(files)
