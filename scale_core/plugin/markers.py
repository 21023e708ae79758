"""pluggy markers. The project name is also the name of the entry-point group."""

from typing import Final

import pluggy

PROJECT: Final = "scale"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
