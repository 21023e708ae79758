"""Who may call what, and which errors follow: each operation says the role that it needs (``x-scale-role``).

``x-scale-common`` in the root of the document says what operations have in common: ``every`` what all have, ``with_id``
what those have that take something from the path, ``with_role`` what those have that need a role, ``changing`` what
such ones have instead if they are no ``get``, ``with_body`` what those have that take a body, ``reading`` what each
``get`` has that answers a document. Each is a part of an
operation (``security``, ``responses``); what an operation says itself counts.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from scale_codegen.build_openapi import JSON, RawOperation, operations_of
from scale_codegen.bundle import Bundle
from scale_codegen.errors import Problem
from scale_codegen.pointer import child

PUBLIC: Final = "public"
"""The role of operations that everybody may call."""

ROLE: Final = "x-scale-role"
COMMON: Final = "x-scale-common"
_PARTS: Final = ("changing", "every", "reading", "with_body", "with_id", "with_role")
_FIELDS: Final = frozenset({"security", "responses"})


def check_access(api: Bundle) -> Iterator[Problem]:
    """Operations without a role, roles that the schema ``Role`` does not list, and unknown common parts."""
    known = (PUBLIC, *api.components("schemas").get("Role", {}).get("enum", ()))
    for raw in operations_of(api):
        role = raw.content.get(ROLE)
        if role not in known:
            says = "does not say which role it needs" if role is None else f"needs the role {role!r}, which is none"
            yield Problem(api.where(raw.pointer), f"{raw.label} {says}; {ROLE} is one of {', '.join(known)}")
    common = api.document.get(COMMON, {})
    pointer = child("", COMMON)
    for name, part in common.items():
        if name not in _PARTS or not isinstance(part, Mapping) or not part.keys() <= _FIELDS:
            form = f"{COMMON} maps {', '.join(_PARTS)} to {{{', '.join(sorted(_FIELDS))}}}"
            yield Problem(api.where(child(pointer, name)), f"{form}, not {name}: {part!r}")


def with_common(api: Bundle) -> Bundle:
    """The document with what follows from roles and bodies written out at each operation."""
    document = {name: value for name, value in api.document.items() if name != COMMON}
    common = api.document.get(COMMON, {})
    paths = {path: dict(item) for path, item in document.get("paths", {}).items()}
    for raw in operations_of(api):
        paths[raw.path][raw.method] = _completed(raw, common)
    return Bundle({**document, "paths": paths}, api.origins)


def _completed(raw: RawOperation, common: Mapping[str, Any]) -> dict[str, Any]:
    parts = [common.get("every", {})]
    if "{" in raw.path:
        parts.append(common.get("with_id", {}))
    if raw.content[ROLE] != PUBLIC:
        parts.append(common.get("with_role", {}))
        if raw.method != "get":
            parts.append(common.get("changing", {}))
    if "requestBody" in raw.content:
        parts.append(common.get("with_body", {}))
    if raw.method == "get" and _answers_document(raw.content["responses"]):
        parts.append(common.get("reading", {}))
    security = [part["security"] for part in parts if "security" in part]
    responses: dict[str, Any] = {}
    for part in parts:
        responses |= part.get("responses", {})
    completed = {**raw.content, "responses": dict(sorted({**responses, **raw.content["responses"]}.items()))}
    if raw.content[ROLE] != PUBLIC and "description" in raw.content:
        completed["description"] = f"{raw.content['description']} Needs the role `{raw.content[ROLE]}`."
    if security:
        completed.setdefault("security", security[-1])
    return completed


def _answers_document(responses: Mapping[str, Any]) -> bool:
    """Whether an operation that succeeds answers JSON of some kind."""
    return any(JSON.fullmatch(media_type) for media_type in responses.get("200", {}).get("content", {}))
