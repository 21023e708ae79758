"""The bundled OpenAPI document -> the intermediate form."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scale_codegen.build_models import ModelBuilder
from scale_codegen.build_rows import build_context, build_serializers
from scale_codegen.bundle import Bundle
from scale_codegen.errors import BadDocuments
from scale_codegen.ir import (
    ANY,
    Api,
    ListOf,
    Nullable,
    Operation,
    PathParameter,
    Primitive,
    Query,
    QueryParameter,
    Tag,
    Type,
    Wrapper,
)
from scale_codegen.pointer import child
from scale_codegen.schemas import FLAT_ORDERS
from scale_codegen.text import camel, identifier

METHODS: Final = ("get", "put", "post", "patch", "delete", "head", "options", "trace")
JSON: Final = re.compile(r"application/(?:[\w.-]+\+)?json")
"""Media types of documents."""


@dataclass(frozen=True, slots=True)
class RawOperation:
    """An operation of the document and the pointers to it and to its path."""

    path: str
    method: str
    item: Mapping[str, Any]
    content: Mapping[str, Any]
    pointer: str

    @property
    def label(self) -> str:
        """``GET /errors/``."""
        return f"{self.method.upper()} {self.path}"


def operations_of(api: Bundle) -> Iterator[RawOperation]:
    """Every operation, by path, then method."""
    paths = api.document.get("paths", {})
    for path in sorted(paths):
        for method in METHODS:
            if method in paths[path]:
                pointer = child("/paths", path, method)
                yield RawOperation(path, method, paths[path], paths[path][method], pointer)


def parameters_of(api: Bundle, raw: RawOperation) -> Iterator[Mapping[str, Any]]:
    """Those of the path that the operation does not override, then the operation's own."""
    own = [api.deref(parameter) for parameter in raw.content.get("parameters", ())]
    overridden = {(parameter["in"], parameter["name"]) for parameter in own}
    for parameter in map(api.deref, raw.item.get("parameters", ())):
        if (parameter["in"], parameter["name"]) not in overridden:
            yield parameter
    yield from own


def build_api(api: Bundle) -> Api:
    """All that is generated from the HTTP contract. The document has been validated.

    :raises BadDocuments: what the validator cannot see: names that collide, row schemas that contain each other.
    """
    models = ModelBuilder(api)
    models.add_components()
    builder = _OperationBuilder(api, models)
    operations = tuple(builder.build(raw) for raw in operations_of(api))
    if models.problems:
        raise BadDocuments(models.problems)
    return Api(
        document=api.document,
        models=models.models,
        aliases=models.aliases,
        enums=models.enums,
        tags=_tags(api, operations),
        operations=operations,
        serializers=build_serializers(api, models.models),
        context=build_context(api),
    )


def _tags(api: Bundle, operations: tuple[Operation, ...]) -> tuple[Tag, ...]:
    descriptions = {tag["name"]: tag.get("description", "") for tag in api.document.get("tags", ())}
    names = sorted({operation.tag for operation in operations})
    return tuple(
        Tag(
            name=name,
            handlers=f"{camel(name)}Handlers",
            description=descriptions.get(name, ""),
            operations=tuple(operation for operation in operations if operation.tag == name),
        )
        for name in names
    )


class _OperationBuilder:
    def __init__(self, api: Bundle, models: ModelBuilder) -> None:
        self._api = api
        self._models = models

    def build(self, raw: RawOperation) -> Operation:
        operation_id = str(raw.content["operationId"])
        hint = camel(operation_id)
        parameters = tuple(parameters_of(self._api, raw))
        status, response, pointer = self._success(raw)
        result = self._result(response, f"{hint}Response", pointer)
        return Operation(
            operation_id=operation_id,
            method=raw.method.upper(),
            path=raw.path,
            tag=str(raw.content["tags"][0]),
            summary=str(raw.content.get("summary") or raw.content.get("description") or ""),
            path_parameters=_path_parameters(raw.path, parameters),
            query=self._query(raw, hint, parameters),
            body=self._body(raw, f"{hint}Body"),
            result=result,
            wrapper=_wrapper(status, response, raw.content["responses"]),
            success_status=status,
            media_type=_json_of(response) or "application/json",
            role=str(raw.content["x-scale-role"]),
        )

    def _query(self, raw: RawOperation, hint: str, parameters: tuple[Mapping[str, Any], ...]) -> Query | None:
        fields = tuple(
            self._query_parameter(parameter, hint + camel(parameter["name"]), raw.pointer)
            for parameter in parameters
            if parameter["in"] == "query"
        )
        flat_orders = tuple(raw.content.get(FLAT_ORDERS, ()))
        return Query(f"{hint}Query", f"Query of {raw.label}", fields, flat_orders) if fields else None

    def _query_parameter(self, parameter: Mapping[str, Any], hint: str, pointer: str) -> QueryParameter:
        schema = parameter.get("schema", {})
        resolved = self._api.deref(schema)
        kind = self._models.type_of(schema, hint, child(pointer, "parameters"))
        default = schema.get("default", resolved.get("default"))
        required = parameter.get("required", False)
        if resolved.get("type") == "array":
            items = resolved.get("items", {})
            kind = ListOf(self._models.type_of(items, hint, child(pointer, "parameters")))
            default = default or []
        elif default is None and not required and not isinstance(kind, Nullable):
            kind = Nullable(kind)
        return QueryParameter(parameter["name"], identifier(parameter["name"]), kind, required, default)

    def _body(self, raw: RawOperation, hint: str) -> Type | None:
        body = raw.content.get("requestBody")
        if body is None:
            return None
        for media_type, media in self._api.deref(body).get("content", {}).items():
            if JSON.fullmatch(media_type):
                pointer = child(raw.pointer, "requestBody", "content", media_type, "schema")
                return self._models.type_of(media.get("schema", {}), hint, pointer)
        return ANY

    def _success(self, raw: RawOperation) -> tuple[int, Mapping[str, Any], str]:
        """The lowest answer that is no error: status, response, pointer."""
        status = min(status for status in raw.content["responses"] if re.fullmatch(r"[23]\d\d", status))
        response = self._api.deref(raw.content["responses"][status])
        return int(status), response, child(raw.pointer, "responses", status)

    def _result(self, response: Mapping[str, Any], hint: str, pointer: str) -> Type:
        content = response.get("content", {})
        if not content:
            return Primitive("None")
        if not all(JSON.fullmatch(media_type) for media_type in content):
            return ANY
        media_type, media = next(iter(content.items()))
        schema_pointer = child(pointer, "content", media_type, "schema")
        return self._models.type_of(media.get("schema", {}), hint, schema_pointer)


def _json_of(response: Mapping[str, Any]) -> str | None:
    """The first media type of a response that is JSON, as what is answered then says of itself."""
    return next((media_type for media_type in response.get("content", {}) if JSON.fullmatch(media_type)), None)


def _wrapper(status: int, response: Mapping[str, Any], responses: Mapping[str, Any]) -> Wrapper | None:
    headers = response.get("headers", {})
    if status == 200 and "202" in responses:
        return "Accepted"
    if "Set-Cookie" in headers:
        return "WithCookies"
    if status == 201 and "Location" in headers:
        return "Created"
    return "Attachment" if "Content-Disposition" in headers and _json_of(response) else None


def _path_parameters(path: str, parameters: tuple[Mapping[str, Any], ...]) -> tuple[PathParameter, ...]:
    """In the order in which they stand in the path."""
    integers = {
        parameter["name"]
        for parameter in parameters
        if parameter["in"] == "path" and parameter.get("schema", {}).get("type") == "integer"
    }
    names = re.findall(r"\{([^}]+)\}", path)
    return tuple(PathParameter(name, Primitive("int" if name in integers else "str")) for name in names)
