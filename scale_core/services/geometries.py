"""Geometries, where there are any: the library for them is large, so that a process that sees none does without."""

import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scale_core.domain.geo import Footprint

_GEO = "scale_core.domain.geo"


def footprint(geo_json: Mapping[str, Any]) -> "Footprint | None":
    """See :func:`scale_core.domain.geo.footprint`."""
    found: Footprint | None = pkgutil.resolve_name(f"{_GEO}:footprint")(geo_json)
    return found


def to_wkt(wkb: bytes) -> str:
    """See :func:`scale_core.domain.geo.to_wkt`."""
    text: str = pkgutil.resolve_name(f"{_GEO}:to_wkt")(wkb)
    return text
