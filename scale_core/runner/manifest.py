"""Reading ``results_manifest.json`` (reference: Results Manifest)."""

from pathlib import Path
from typing import Any

from scale_core.runner.failures import StepFailed
from scale_core.runner.folder import MANIFEST, find_output
from scale_core.specs import InvalidDocument, InvalidJSON, SpecLibrary, loads

LARGEST = 16 << 20
"""Bytes of a manifest, or of a GeoJSON file that one names."""


def read_manifest(outputs: Path, specs: SpecLibrary) -> dict[str, Any] | None:
    """The results manifest in its latest version, or None where the algorithm wrote none.

    :raises StepFailed: it is too large, no JSON, or not valid.
    """
    if not (outputs / MANIFEST).is_symlink() and not (outputs / MANIFEST).exists():
        return None
    document = read_json(find_output(outputs, MANIFEST, "The algorithm"), MANIFEST)
    try:
        return specs.check("results-manifest", document)
    except InvalidDocument as error:
        raise StepFailed("invalid-manifest", f"{MANIFEST} does not follow its specification:\n{error}") from error


def read_json(path: Path, name: str) -> Any:
    """Parse the file ``path``, called ``name`` in messages, strictly.

    :raises StepFailed: it is larger than LARGEST or no JSON.
    """
    with path.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise StepFailed("invalid-manifest", f"{name} is too large: it may have up to {LARGEST} bytes.")
    try:
        return loads(data)
    except InvalidJSON as error:
        raise StepFailed("invalid-manifest", f"{name}: {error}") from error
