"""Reading the options of an engine, which may be text, as they are in environment variables."""

from collections.abc import Mapping
from typing import Any, Final

_SWITCH: Final = {"on": True, "off": False}


class OptionError(ValueError):
    """An option of an engine is wrong; the message says which and what would be right."""


def switch(options: Mapping[str, Any], name: str, engine: str, *, default: bool) -> bool:
    """An option that is ``on`` or ``off``, as text or as a boolean.

    :param engine: its name, for the message.
    :raises OptionError: it is neither.
    """
    given = options.get(name, default)
    if isinstance(given, bool):
        return given
    if not isinstance(given, str) or given not in _SWITCH:
        raise OptionError(f"The option {name!r} of the engine {engine!r} is {given!r}; it must be 'on' or 'off'.")
    return _SWITCH[given]
