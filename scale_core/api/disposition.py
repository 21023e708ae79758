"""Names of files in headers (RFC 6266)."""

import re
from typing import Final
from urllib.parse import quote

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._ -]")


def disposition(kind: str, file_name: str) -> str:
    """The value of ``Content-Disposition``: the name as it is for clients of today, and in ASCII for older ones. No
    character of it can end the value, or lead out of the folder that a client saves to.

    :param kind: ``inline`` or ``attachment``.
    """
    return f"{kind}; filename=\"{_UNSAFE.sub('_', file_name)}\"; filename*=UTF-8''{quote(file_name, safe='')}"
