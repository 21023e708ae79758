"""Operations of the document as curl commands."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from scale_codegen.build_openapi import RawOperation
from scale_codegen.bundle import Bundle
from scale_codegen.schemas import properties_of

SERVER: Final = "http://127.0.0.1:8580"
"""Where `scale up` listens by default."""
JSON: Final = "application/json"


def curl(api: Bundle, raw: RawOperation, parameters: tuple[Mapping[str, Any], ...]) -> str:
    """A command that calls an operation, with the first example of its body."""
    path = raw.path
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", _value(api, parameter))
    query = [f"{one['name']}={_value(api, one)}" for one in parameters if one["in"] == "query" and one.get("required")]
    method = "" if raw.method == "get" else f"-X {raw.method.upper()} "
    url = shlex.quote(f"{SERVER}{path}{'?' if query else ''}{'&'.join(query)}")
    contents = api.deref(raw.content.get("requestBody", {})).get("content", {})
    return " \\\n  ".join([f"curl {method}{url}", *_sent(api, contents)])


def _sent(api: Bundle, contents: Mapping[str, Any]) -> Iterator[str]:
    """What curl needs to send a body: of the media types the JSON one, or else the first."""
    for media_type in [each for each in (JSON, *contents) if each in contents][:1]:
        if media_type == JSON:
            body = json.dumps(_example(api, contents[media_type]), indent=2, ensure_ascii=False)
            yield f"-H 'Content-Type: {media_type}'"
            yield f"-d {shlex.quote(body)}"
        elif media_type == "multipart/form-data":
            for one in properties_of(api, contents[media_type].get("schema", {}), ""):
                yield f"-F {one.name}=@FILE"
        else:
            yield f"-H 'Content-Type: {media_type}'"
            yield "--data-binary @FILE"


def _value(api: Bundle, parameter: Mapping[str, Any]) -> str:
    """A value to put into a path."""
    schema = api.deref(parameter.get("schema", {}))
    return str(parameter.get("example", next(iter(schema.get("enum", ())), 1)))


def _example(api: Bundle, media: Mapping[str, Any]) -> Any:
    if "example" in media:
        return media["example"]
    return next((api.deref(one)["value"] for one in media.get("examples", {}).values()), {})
