"""Checks the GeoJSON of outputs."""

import pkgutil
from collections.abc import Mapping
from typing import Any

from scale_core.runner.failures import StepFailed


def check_geometry(geo_json: Mapping[str, Any] | None, what: str) -> None:
    """Refuse GeoJSON without a usable geometry.

    :raises StepFailed: it is not usable.
    """
    if geo_json is None:
        return
    # By name, so that only a worker that sees GeoJSON has the library for it: it is larger than all of the rest.
    problem = pkgutil.resolve_name("scale_core.runner.footprints:problem")(geo_json)
    if problem is not None:
        raise StepFailed("invalid-manifest", f"{what}: the geo_json cannot be used: {problem}")
