"""How documents of older versions become documents of the next one."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Document = dict[str, Any]
Upgrades = Mapping[tuple[str, str], tuple[str, Callable[[Document], Document]]]
"""(name, version) -> (the next version, a function from a valid document of the one to a valid one of the other)."""


def _manifest_1_0_to_1_1(document: Document) -> Document:
    """``files`` with ``path`` or ``paths`` become ``output_data`` with ``file`` or ``files``; the rest stays."""
    upgraded = {key: value for key, value in document.items() if key != "files"}
    upgraded["output_data"] = [_manifest_output(entry) for entry in document.get("files", [])]
    return upgraded


def _manifest_output(entry: Document) -> Document:
    if "path" in entry:
        return {"name": entry["name"], "file": {"path": entry["path"]}}
    return {"name": entry["name"], "files": [{"path": path} for path in entry["paths"]]}


UPGRADES: Upgrades = MappingProxyType(
    {
        ("clock-trigger", "1.0"): ("1.1", dict),  # 1.1 may have parameters besides
        ("results-manifest", "1.0"): ("1.1", _manifest_1_0_to_1_1),
        ("results-manifest", "1.1"): ("1.2", dict),  # 1.2 may tag output files besides
    }
)
