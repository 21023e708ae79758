"""Requests against the document: the same checks as connexion's, with our sentences and all problems at once."""

from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Any

from connexion.lifecycle import ConnexionRequest
from connexion.utils import is_null, is_nullable
from connexion.validators import VALIDATOR_MAP
from connexion.validators.json import JSONRequestBodyValidator, JSONResponseBodyValidator
from connexion.validators.parameter import ParameterValidator
from starlette.types import Scope

from scale_core.api.bodies import FORM, FileBody
from scale_core.api.given import leave_body, leave_query
from scale_core.services.exceptions import Invalid, invalid
from scale_core.services.request_bodies import FORMATS, OpenApiValidator
from scale_core.specs import InvalidJSON, Problem, explain, loads, unusable_values


class RequestBody(JSONRequestBodyValidator):
    """A JSON body: strict JSON, then the schema of the operation."""

    @property
    def _validator(self) -> Any:
        return OpenApiValidator(self._schema, format_checker=FORMATS)

    async def _parse(self, stream: AsyncGenerator[bytes, None], scope: Scope) -> Any:
        content = b"".join([part async for part in stream])
        if not content:
            leave_body(scope, None)
            return None
        try:
            body = loads(content)
        except InvalidJSON as error:
            raise invalid("", f"The body is not JSON: {error}.") from error
        leave_body(scope, body)
        return body

    def _validate(self, body: Any) -> None:
        if body is None and not self._nullable:
            raise invalid("", "The request needs a JSON body.")
        if unusable := [*unusable_values(body)]:
            raise Invalid(unusable)
        errors = sorted(self._validator.iter_errors(body), key=lambda error: [str(part) for part in error.path])
        if errors:
            raise Invalid([explain(error) for error in errors])


class ResponseBody(JSONResponseBodyValidator):
    """A JSON response; used in tests."""

    @property
    def validator(self) -> Any:
        """The validator of the operation's response schema."""
        return OpenApiValidator(self._schema, format_checker=FORMATS)


class Schemas:
    """The validators of schemas, each made once: to make one takes longer than most take to validate."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Mapping[str, Any], Any]] = {}

    def validator(self, schema: Mapping[str, Any]) -> Any:
        """That of one schema."""
        if id(schema) not in self._made:
            # With the schema, so that no other one can have its id.
            self._made[id(schema)] = schema, OpenApiValidator(schema, format_checker=FORMATS)
        return self._made[id(schema)][1]


class Parameters(ParameterValidator):
    """Path, query and header parameters."""

    def __init__(self, *args: Any, schemas: Schemas, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schemas = schemas

    def validate_request(self, request: ConnexionRequest) -> None:
        """Raise Invalid with everything that is wrong, by parameter name; else leave the query for the endpoint."""
        problems = [*self._unknown(request)]
        places = {"query": request.query_params, "path": request.path_params, "header": request.headers}
        for place, values in places.items():
            for parameter in self.parameters.get(place, []):
                problems += self._problem(place, parameter, values.get(parameter["name"]))
        if problems:
            raise Invalid(problems)
        leave_query(request.scope, request.query_params)

    def _unknown(self, request: ConnexionRequest) -> list[Problem]:
        known = [parameter["name"] for parameter in self.parameters.get("query", [])]
        right = f"known are {', '.join(known)}" if known else "this operation takes none"
        return [
            Problem(name, f"There is no query parameter {name!r}; {right}.")
            for name in sorted(set(request.query_params) - set(known))
        ]

    def _problem(self, place: str, parameter: Mapping[str, Any], value: Any) -> list[Problem]:
        name, schema = parameter["name"], parameter["schema"]
        if value is None:
            return [Problem(name, f"The {place} parameter {name!r} is missing.")] if parameter.get("required") else []
        if is_nullable(parameter) and is_null(value):
            return []
        if unusable := [*unusable_values(value)]:
            return [Problem(name, one.detail) for one in unusable]
        return [Problem(name, explain(error).detail) for error in self.schemas.validator(schema).iter_errors(value)]


def validator_map() -> dict[str, Any]:
    """connexion's ``validator_map``, for one application."""
    return {
        **VALIDATOR_MAP,
        "parameter": partial(Parameters, schemas=Schemas()),
        "body": {
            **VALIDATOR_MAP["body"],
            "application/json": RequestBody,
            "application/octet-stream": FileBody,
            FORM: FileBody,
        },
        "response": {**VALIDATOR_MAP["response"], "application/json": ResponseBody},
    }
