"""Reading the options of an engine or of a kind of storage, which may be text, as in environment variables."""

import re
from collections.abc import Mapping
from typing import Any, Final

_SWITCH: Final = {"on": True, "off": False}
_AMOUNT: Final = re.compile(r"\d{1,9}(?:\.\d{1,3})?")
_AMOUNT_NAME: Final = re.compile(r"(?!(?:cpus|mem|disk|ports)$)[A-Za-z][A-Za-z0-9_.-]{0,49}")
"""As the spec ``custom-resources`` has names."""


class OptionError(ValueError):
    """An option of an engine or a kind of storage is wrong; the message says which and what would be right."""

    @classmethod
    def of(cls, name: str, engine: str, given: object, right: str) -> "OptionError":
        """About the value of an option.

        :param engine: its name.
        :param right: what follows "it must".
        """
        return cls(f"The option {name!r} of the engine {engine!r} is {given!r}; it must {right}.")


def switch(options: Mapping[str, Any], name: str, engine: str, *, default: bool) -> bool:
    """An option that is ``on`` or ``off``, as text or as a boolean.

    :param engine: its name, for the message.
    :raises OptionError: it is neither.
    """
    given = options.get(name, default)
    if isinstance(given, bool):
        return given
    if not isinstance(given, str) or given not in _SWITCH:
        raise OptionError.of(name, engine, given, "be 'on' or 'off'")
    return _SWITCH[given]


def number(options: Mapping[str, Any], name: str, engine: str) -> float | None:
    """An option that is a number above 0; None where it is not given.

    :param engine: its name, for the message.
    :raises OptionError: it is something else.
    """
    given = options.get(name)
    if given is None:
        return None
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = 0.0
    if not 0 < value < float("inf"):
        raise OptionError.of(name, engine, given, "be a number above 0")
    return value


def amounts(options: Mapping[str, Any], name: str, engine: str) -> dict[str, float]:
    """An option that is amounts by name, as text: ``gpus:2;licenses:5``; empty where it is not given.

    :param engine: its name, for the message.
    :raises OptionError: it is something else, or names what has an option of its own.
    """
    given = text(options, name, engine)
    parts = [part.partition(":") for part in given.split(";") if part.strip()]
    found = {label.strip(): amount.strip() for label, _colon, amount in parts}
    if not all(_AMOUNT_NAME.fullmatch(label) and _AMOUNT.fullmatch(amount) for label, amount in found.items()):
        must = "be amounts of resources other than cpus, mem and disk, such as 'gpus:2;licenses:5'"
        raise OptionError.of(name, engine, given, must)
    return {label: float(amount) for label, amount in found.items()}


def text(options: Mapping[str, Any], name: str, engine: str, default: str = "") -> str:
    """An option that is text; ``default`` where it is not given, or empty.

    :param engine: its name, for the message.
    :raises OptionError: it is no text.
    """
    given = options.get(name, default)
    if not isinstance(given, str):
        raise OptionError.of(name, engine, given, "be text")
    return given or default
