"""What a request gives, as validation read it: left for the endpoint, which has it without reading it again."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.types import Scope

_QUERY: Final = "scale_query"
_BODY: Final = "scale_body"


def leave_query(scope: Scope, values: Mapping[str, Any]) -> None:
    """Leave the query parameters by their names, each of the type that the document says."""
    _of(scope)[_QUERY] = values


def leave_body(scope: Scope, body: Any) -> None:
    """Leave the body."""
    _of(scope)[_BODY] = body


def given(scope: Scope) -> dict[str, Any]:
    """Path and query parameters by their names, and the ``body`` where there is one."""
    left = _of(scope)
    values = {**left.get(_QUERY, {}), **scope.get("path_params", {})}
    if _BODY in left:
        values["body"] = left[_BODY]
    return values


def _of(scope: Scope) -> dict[str, Any]:
    # Whoever changes the scope further in changes a copy, but copies share this dictionary.
    found: dict[str, Any] = scope.setdefault("extensions", {})
    return found
