"""connexion, without what it imports and Scale never calls (decision 0034)."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any, Final, cast

LEFT_OUT: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "starlette.testclient": ["TestClient"],  # for tests of connexion's own applications; it asks for a package too
        "httpx": [],  # asks a server about tokens: our middleware looks at them
        "requests": [],  # fetches documents from the web: ours is in the package
    }
)
"""Modules, and the names in them that connexion takes at once and passes on."""

NOT_INSTALLED: Final = "flask"
"""What connexion does without where it is not installed, as where Scale alone is."""


def import_connexion() -> None:
    """Import it, with stand-ins for what is left out, which import the real thing should they be asked for something.

    They are gone afterwards: others import the real thing. What has been imported before stays as it is. So each of
    Scale's processes starts a tenth of a second sooner, and is 15 MiB smaller.
    """
    if "connexion" in sys.modules:
        return
    stand_ins: dict[str, ModuleType | None] = {name: _stand_in(name, taken) for name, taken in LEFT_OUT.items()}
    stand_ins |= {NOT_INSTALLED: None}
    stand_ins = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    # None is how the import system is told that there is no such module.
    sys.modules.update(cast("dict[str, ModuleType]", stand_ins))
    try:
        import_module("connexion")
    finally:
        for name in stand_ins:
            del sys.modules[name]


def _stand_in(name: str, taken: Sequence[str]) -> ModuleType:
    module = ModuleType(name)

    def real(attribute: str) -> Any:
        if sys.modules.get(name) is module:
            raise AttributeError(f"{name} is left out while connexion is imported, which asks for its {attribute}")
        return getattr(import_module(name), attribute)

    vars(module).update(dict.fromkeys(taken), __getattr__=real)
    return module
