"""Which countries a geometry has a part in."""

from collections.abc import Sequence
from importlib import resources
from typing import Final, Self

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

_STEPS: Final = 10_000
"""Of the grid on which the corners are stored, in a degree."""


class Countries:
    """The boundaries of all countries, on land, simplified to about a kilometre; some 15 MiB.

    :param codes: one for each polygon, since most countries have several.
    """

    def __init__(self, codes: Sequence[str], polygons: Sequence[BaseGeometry]) -> None:
        self._codes = codes
        self._tree = shapely.STRtree(polygons)

    @classmethod
    def packaged(cls) -> Self:
        """Those that come with Scale."""
        file = resources.files(__package__) / "countries.npz"
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
            corners = np.ascontiguousarray(np.cumsum(data["steps"], axis=1).T / _STEPS)
            offsets = data["rings"], data["parts"]
            polygons = shapely.from_ragged_array(shapely.GeometryType.POLYGON, corners, offsets)
            return cls([code.decode() for code in data["codes"]], list(polygons))

    def of(self, wkb: bytes) -> list[str]:
        """The ISO 3166 alpha-3 codes of the countries that a geometry (WGS 84) has a point in common with, in order;
        Kosovo, which has none, is XKX."""
        geometry = shapely.from_wkb(wkb)
        return sorted({self._codes[index] for index in self._tree.query(geometry, predicate="intersects")})
