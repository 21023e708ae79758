"""Checks GeoJSON; a module of its own, for what it needs is large: see :mod:`~scale_core.runner.geometry`."""

from collections.abc import Mapping
from typing import Any

from scale_core.domain.geo import InvalidGeometry, footprint


def problem(geo_json: Mapping[str, Any]) -> str | None:
    """Why it has no usable footprint; None: it has one."""
    try:
        footprint(geo_json)
    except InvalidGeometry as error:
        return str(error)
    return None
