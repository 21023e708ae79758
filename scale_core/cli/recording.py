"""Commands in the audit list: under the name of the account that runs them."""

import os
import pwd
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from scale_core.domain.access import Caller
from scale_core.services.context import Context
from scale_core.services.recording import Doing, recorded
from scale_generated.enums import AccessMethod, Role


def recorded_command(
    context: Context, command: str, kind: str, request: Mapping[str, Any] | None
) -> AbstractContextManager[None]:
    """Have what is changed in the block recorded.

    :param command: as it is written.
    :param kind: what it is done to.
    :param request: with what.
    """
    caller = Caller(None, _account(), Role.ADMIN, AccessMethod.COMMAND)
    return recorded(context.now, caller, Doing(command, kind, None, request))


def _account() -> str:
    """By the process itself, not by variables that whoever runs it sets."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
