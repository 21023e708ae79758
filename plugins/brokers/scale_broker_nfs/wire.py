"""What a broker and its helper tell each other: lines of JSON, and bytes of files after some of them."""

import json
from collections.abc import Mapping
from typing import Any, Final

from scale_core.interfaces import broker as interface
from scale_core.interfaces.broker import BrokerError, ListedFile, StorageUnavailable, StorageUsage, StoredFile

ERRORS: Final[Mapping[str, type[BrokerError]]] = {
    one.__name__: one for one in vars(interface).values() if isinstance(one, type) and issubclass(one, BrokerError)
}


def line(document: object) -> bytes:
    """A document as it travels. Names that are not UTF-8 keep their bytes."""
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def pack(value: Any) -> Any:
    """What a broker's method returned, as JSON has it."""
    match value:
        case StoredFile():
            return {"stored": [value.path, value.size, value.checksum, value.head.hex()]}
        case ListedFile():
            return {"listed": [*value]}
        case StorageUsage():
            return {"usage": [value.used, value.total]}
        case BrokerError():
            return {"error": refusal(value)}
        case list():
            return [pack(one) for one in value]
    return value


def unpack(value: Any) -> Any:
    """The other way round."""
    match value:
        case {"stored": [path, size, checksum, head]}:
            return StoredFile(path, size, checksum, bytes.fromhex(head))
        case {"listed": [path, size, version, trouble]}:
            return ListedFile(path, size, version, trouble)
        case {"usage": [used, total]}:
            return StorageUsage(used, total)
        case {"error": [kind, message]}:
            return error_of(kind, message)
        case list():
            return [unpack(one) for one in value]
    return value


def refusal(error: BrokerError) -> list[str]:
    """An error, as JSON has it."""
    kinds = (kind.__name__ for kind in type(error).__mro__)
    return [next(kind for kind in kinds if kind in ERRORS), str(error)]


def error_of(kind: str, message: str) -> BrokerError:
    """The error that :func:`refusal` was made of."""
    return ERRORS.get(kind, StorageUnavailable)(message)
