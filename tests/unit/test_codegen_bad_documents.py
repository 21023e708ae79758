"""Documents that cannot be generated from: each message says what is wrong, where, and what would be right."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from scale_codegen.errors import BadDocuments
from scale_codegen.generate import generate

Tree = dict[str, Any]

_OK: Final = {"200": {"description": "Fine.", "content": {"application/json": {"schema": {"type": "object"}}}}}
_ROW: Final = {"type": "object", "x-scale-row": True, "properties": {"id": {"type": "integer"}}}
_API: Final = {
    "openapi": "3.0.3",
    "info": {"title": "Small", "version": "1"},
    "tags": [{"name": "things"}],
    "paths": {
        "/things/": {
            "get": {"operationId": "list_things", "x-scale-role": "public", "tags": ["things"], "responses": _OK}
        }
    },
    "components": {"schemas": {"Row": _ROW}},
}
_SPEC: Final = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:scale:spec:plan:1.0",
    "type": "object",
    "properties": {"name": {"type": "string"}},
}


@pytest.fixture
def tree() -> Tree:
    """A valid tree: file -> content (text, or a document)."""
    return {"openapi/scale.yaml": copy.deepcopy(_API), "specs/plan/1.0.json": copy.deepcopy(_SPEC)}


@pytest.fixture
def problems(tmp_path: Path) -> Callable[[Tree], str]:
    """The problems that a tree has, one a line."""

    def find(tree: Tree) -> str:
        for name, content in tree.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        with pytest.raises(BadDocuments) as caught:
            generate(tmp_path)
        return str(caught.value)

    return find


Problems = Callable[[Tree], str]


def _api(tree: Tree) -> Any:
    return tree["openapi/scale.yaml"]


def _schemas(tree: Tree) -> Any:
    return _api(tree)["components"]["schemas"]


def _operation(tree: Tree) -> Any:
    return _api(tree)["paths"]["/things/"]["get"]


def test_without_the_root_file(tree: Tree, problems: Problems) -> None:
    del tree["openapi/scale.yaml"]
    assert problems(tree) == "openapi/scale.yaml: cannot be read: No such file or directory"


def test_a_file_that_is_not_yaml(tree: Tree, problems: Problems) -> None:
    tree["openapi/scale.yaml"] = "a: 1\nb: [\n"
    assert problems(tree).startswith("openapi/scale.yaml: line 3: ")


def test_a_key_twice_in_one_mapping(tree: Tree, problems: Problems) -> None:
    tree["openapi/scale.yaml"] = "a: 1\nb: 2\na: 3\n"
    assert problems(tree) == "openapi/scale.yaml: line 3: the key 'a' occurs twice in one mapping"


def test_a_reference_to_a_file_that_is_not_there(tree: Tree, problems: Problems) -> None:
    _api(tree)["paths"]["/more/"] = {"$ref": "paths/more.yaml#/more"}
    assert problems(tree) == (
        "openapi/scale.yaml#/paths/~1more~1: paths/more.yaml#/more leads nowhere: "
        "openapi/paths/more.yaml: cannot be read: No such file or directory"
    )


def test_a_reference_to_nothing_in_a_file(tree: Tree, problems: Problems) -> None:
    _api(tree)["paths"]["/more/"] = {"$ref": "paths/more.yaml#/more/other"}
    tree["openapi/paths/more.yaml"] = {"more": {}}
    assert problems(tree) == (
        "openapi/scale.yaml#/paths/~1more~1: paths/more.yaml#/more/other leads nowhere: "
        "openapi/paths/more.yaml has no 'other' there"
    )


def test_a_reference_to_a_component_that_is_not_registered(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["Page"] = {"$ref": "schemas.yaml#/Page"}
    tree["openapi/schemas.yaml"] = {
        "Page": {"type": "array", "items": {"$ref": "scale.yaml#/components/schemas/Missing"}}
    }
    assert problems(tree) == (
        "openapi/schemas.yaml#/Page/items: scale.yaml#/components/schemas/Missing leads nowhere: "
        "openapi/scale.yaml registers no 'Missing' in schemas"
    )


def test_a_reference_into_the_root_that_is_no_component(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["Page"] = {"type": "array", "items": {"$ref": "#/paths/x"}}
    assert "#/paths/x is not a component; refer to openapi/scale.yaml#/components/SECTION/NAME" in problems(tree)


def test_one_schema_registered_under_two_names(tree: Tree, problems: Problems) -> None:
    _schemas(tree).update({"A": {"$ref": "schemas.yaml#/X"}, "B": {"$ref": "schemas.yaml#/X"}})
    tree["openapi/schemas.yaml"] = {"X": {"type": "string"}}
    assert problems(tree) == (
        "openapi/scale.yaml#/components/schemas/B: openapi/schemas.yaml#/X is already registered as "
        "#/components/schemas/A; keep one of the two names"
    )


def test_fragments_that_include_each_other(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["Node"] = {"type": "array", "items": {"$ref": "schemas.yaml#/Inner"}}
    tree["openapi/schemas.yaml"] = {"Inner": {"type": "array", "items": {"$ref": "#/Inner"}}}
    assert problems(tree) == (
        "openapi/schemas.yaml#/Inner/items: #/Inner leads back to itself; register it under components in "
        "openapi/scale.yaml"
    )


def test_what_openapi_forbids_is_reported_at_its_source(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["Odd"] = {"$ref": "schemas.yaml#/Odd"}
    tree["openapi/schemas.yaml"] = {"Odd": {"type": "text"}}
    assert problems(tree).startswith("openapi/schemas.yaml#/Odd/type: 'text' is not one of ")


def test_a_response_without_a_description(tree: Tree, problems: Problems) -> None:
    _operation(tree)["responses"]["400"] = {"content": {}}
    assert "/responses/400: 'description' is a required property" in problems(tree)


def test_a_path_parameter_that_is_not_described(tree: Tree, problems: Problems) -> None:
    _api(tree)["paths"]["/things/{thing_id}/"] = _api(tree)["paths"].pop("/things/")
    assert "Path parameter 'thing_id' for 'get' operation in '/things/{thing_id}/'" in problems(tree)


def test_an_operation_id_used_twice(tree: Tree, problems: Problems) -> None:
    _api(tree)["paths"]["/others/"] = copy.deepcopy(_api(tree)["paths"]["/things/"])
    assert problems(tree) == (
        "openapi/scale.yaml#/paths/~1things~1/get: operationId 'list_things' of GET /things/ is already that of "
        "GET /others/; rename one"
    )


@pytest.mark.parametrize("name", ["listThings", "list-things", "List"])
def test_an_operation_id_in_another_style(tree: Tree, problems: Problems, name: str) -> None:
    _operation(tree)["operationId"] = name
    assert problems(tree) == (
        f"openapi/scale.yaml#/paths/~1things~1/get: operationId {name!r} has to be snake_case, verb first, "
        "as in list_errors"
    )


def test_an_operation_without_a_tag(tree: Tree, problems: Problems) -> None:
    del _operation(tree)["tags"]
    assert problems(tree) == (
        "openapi/scale.yaml#/paths/~1things~1/get: GET /things/ has no tags; exactly one names its group of handlers"
    )


def test_a_tag_that_is_not_declared(tree: Tree, problems: Problems) -> None:
    _operation(tree)["tags"] = ["stuff"]
    assert "the tag 'stuff' of GET /things/ is not declared; add it to tags in openapi/scale.yaml" in problems(tree)


def test_an_operation_without_a_role(tree: Tree, problems: Problems) -> None:
    del _operation(tree)["x-scale-role"]
    found = problems(tree)
    assert found.startswith("openapi/scale.yaml#/paths/~1things~1/get: GET /things/ does not say which role it needs")
    assert found.endswith("x-scale-role is one of public")


def test_a_role_that_the_document_does_not_list(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["Role"] = {"type": "string", "enum": ["reader", "writer"]}
    _operation(tree)["x-scale-role"] = "owner"
    assert "needs the role 'owner', which is none; x-scale-role is one of public, reader, writer" in problems(tree)


def test_common_parts_that_nothing_reads(tree: Tree, problems: Problems) -> None:
    _api(tree)["x-scale-common"] = {"with_role": {"security": []}, "writing": {}}
    assert (
        "openapi/scale.yaml#/x-scale-common/writing: "
        "x-scale-common maps changing, every, reading, with_body, with_id, with_role to" in problems(tree)
    )


def test_an_operation_without_success(tree: Tree, problems: Problems) -> None:
    _operation(tree)["responses"] = {"404": {"description": "Never."}}
    assert "GET /things/ has no answer for success; add a 2xx or 3xx response" in problems(tree)


def test_a_schema_name_that_is_no_class_name(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["job_type"] = {"type": "string"}
    assert problems(tree) == (
        "openapi/scale.yaml#/components/schemas/job_type: the schema name 'job_type' has to be CamelCase"
    )


def test_what_stands_beside_a_reference(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["Row"]["properties"]["other"] = {"$ref": "#/components/schemas/Row", "nullable": True}
    assert "nullable beside $ref is ignored; write allOf: [{$ref: ...}] and nullable" in problems(tree)


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ({"x-scale-color": "red"}, "x-scale-color is unknown; there are x-scale-attached, x-scale-column"),
        ({"x-scale-attached": "yes"}, "x-scale-attached is true or absent, not 'yes'"),
        ({"x-scale-column": "a b"}, "'a b' is no path of a column"),
        ({"x-scale-flat-orders": ["-id"]}, "x-scale-flat-orders is a list of fields that `order` takes, not ['-id']"),
        ({"x-scale-spec": "plam"}, "'plam' is no spec; there are plan"),
        ({"x-scale-computed": "url"}, "x-scale-computed is {function: NAME, from: [COLUMN, ...]}, not 'url'"),
        ({"x-scale-computed": {"function": "f", "with": ["a"]}}, "{function: NAME, from: [COLUMN, ...]}, not {"),
        ({"x-scale-computed": {"function": "f()", "from": ["a"]}}, "'f()' is no name of a function"),
        ({"x-scale-computed": {"function": "f", "from": []}}, "from lists at least one column"),
        ({"x-scale-computed": {"function": "f", "from": ["a-b"]}}, "'a-b' is no path of a column"),
        ({"x-scale-attached": True, "x-scale-column": "a"}, "x-scale-column and x-scale-attached exclude each other"),
    ],
)
def test_a_mark_of_ours_that_is_not_well_formed(
    tree: Tree, problems: Problems, marks: dict[str, Any], message: str
) -> None:
    _schemas(tree)["Row"]["properties"]["odd"] = {"type": "string", **marks}
    found = problems(tree)
    assert found.startswith("openapi/scale.yaml#/components/schemas/Row/properties/odd")
    assert message in found


def test_a_mark_of_rows_outside_of_a_row(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["Free"] = {"type": "object", "properties": {"a": {"type": "string", "x-scale-column": "b"}}}
    assert "x-scale-column means something only in a schema with x-scale-row: true" in problems(tree)


def test_an_extension_of_a_row_that_is_not_marked(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["More"] = {"allOf": [{"$ref": "#/components/schemas/Row"}, {"type": "object"}]}
    assert "More extends the row schema Row; mark it x-scale-row: true too" in problems(tree)


def test_rows_that_contain_each_other(tree: Tree, problems: Problems) -> None:
    for name, other in (("Job", "Batch"), ("Batch", "Job")):
        _schemas(tree)[name] = {
            "type": "object",
            "x-scale-row": True,
            "properties": {"id": {"type": "integer"}, "other": {"$ref": f"#/components/schemas/{other}"}},
        }
    assert problems(tree) == (
        "openapi/scale.yaml#/components/schemas/Batch: row schemas contain each other: Batch -> Job -> Batch; "
        "mark one property x-scale-attached, or refer to a smaller schema"
    )


def test_an_attached_property_below_the_top(tree: Tree, problems: Problems) -> None:
    _schemas(tree)["Row"]["properties"]["list"] = {"type": "array", "items": {}, "x-scale-attached": True}
    _schemas(tree)["Outer"] = {
        "type": "object",
        "x-scale-row": True,
        "properties": {"id": {"type": "integer"}, "row": {"$ref": "#/components/schemas/Row"}},
    }
    assert problems(tree) == (
        "openapi/scale.yaml#/components/schemas/Row/properties/list: is x-scale-attached, but Outer nests its schema; "
        "let it refer to a schema without that"
    )


def test_a_function_called_with_different_numbers_of_values(tree: Tree, problems: Problems) -> None:
    for name, columns in (("a", ["x"]), ("b", ["x", "y"])):
        computed = {"function": "url", "from": columns}
        _schemas(tree)["Row"]["properties"][name] = {"type": "string", "x-scale-computed": computed}
    assert problems(tree).endswith("properties/b: url is called here with 2 values, elsewhere with 1 (x)")


def test_an_inline_object_whose_name_is_taken(tree: Tree, problems: Problems) -> None:
    inline = {"type": "object", "properties": {"a": {"type": "string"}}}
    _schemas(tree)["Outer"] = {"type": "object", "properties": {"inner": inline}}
    _schemas(tree)["OuterInner"] = inline
    assert "this inline object would be named OuterInner, which is taken; name it in components" in problems(tree)


def test_a_spec_that_is_not_json(tree: Tree, problems: Problems) -> None:
    tree["specs/plan/1.0.json"] = "{'a': 1}"
    assert problems(tree).startswith("specs/plan/1.0.json: is not JSON: ")


def test_a_spec_with_a_key_twice(tree: Tree, problems: Problems) -> None:
    tree["specs/plan/1.0.json"] = '{"type": "object", "type": "array"}'
    assert problems(tree) == "specs/plan/1.0.json: is not JSON: the key 'type' occurs twice in one object"


def test_a_spec_file_that_is_not_named_after_its_version(tree: Tree, problems: Problems) -> None:
    tree["specs/plan/latest.json"] = _SPEC
    assert problems(tree) == (
        "specs/plan/latest.json: a schema's file is named after its version, as in specs/strike/1.0.json"
    )


def test_a_spec_that_json_schema_forbids(tree: Tree, problems: Problems) -> None:
    tree["specs/plan/1.0.json"]["properties"]["name"]["type"] = "text"
    assert problems(tree).startswith("specs/plan/1.0.json#/properties/name/type: 'text' is not valid")


def test_a_spec_of_another_dialect_or_name(tree: Tree, problems: Problems) -> None:
    tree["specs/plan/1.0.json"].update({"$schema": "http://json-schema.org/draft-07/schema#", "$id": "plan"})
    assert problems(tree) == (
        "specs/plan/1.0.json#/$id: has to be urn:scale:spec:plan:1.0, after its folder and file\n"
        "specs/plan/1.0.json#/$schema: has to be https://json-schema.org/draft/2020-12/schema"
    )


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("#/$defs/Nothing", "#/$defs/Nothing leads nowhere: there is no '$defs'"),
        ("urn:scale:spec:plot:1.0", "urn:scale:spec:plot:1.0 is no spec; there are urn:scale:spec:plan:1.0"),
        ("urn:scale:spec:plan:0.9", "is not the latest version; refer to urn:scale:spec:plan:1.0"),
        ("urn:scale:spec:plan:1.0#/$defs/No", "leads nowhere: specs/plan/1.0.json has no $defs/No"),
    ],
)
def test_a_reference_of_a_spec_that_leads_nowhere(tree: Tree, problems: Problems, ref: str, message: str) -> None:
    tree["specs/plan/1.0.json"]["properties"]["other"] = {"$ref": ref}
    found = problems(tree)
    assert found.startswith("specs/plan/1.0.json#/properties/other/$ref: ")
    assert message in found


def test_definitions_that_are_nothing_but_each_other(tree: Tree, problems: Problems) -> None:
    tree["specs/plan/1.0.json"]["$defs"] = {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}
    tree["specs/plan/1.0.json"]["properties"]["a"] = {"$ref": "#/$defs/a"}
    assert "leads back to itself; only objects with properties may" in problems(tree)


def test_specs_that_refer_to_each_other_in_circles(tree: Tree, problems: Problems) -> None:
    tree["specs/plan/1.0.json"]["properties"]["report"] = {"$ref": "urn:scale:spec:report:1.0"}
    tree["specs/report/1.0.json"] = {
        **_SPEC,
        "$id": "urn:scale:spec:report:1.0",
        "properties": {"plan": {"$ref": "urn:scale:spec:plan:1.0"}},
    }
    assert "specs/plan/1.0.json: refers to specs that refer back to it; move what both need to one" in problems(tree)


def test_a_property_with_the_name_of_a_generated_method(tree: Tree, problems: Problems) -> None:
    tree["specs/plan/1.0.json"]["properties"]["to_document"] = {}
    assert problems(tree) == (
        "specs/plan/1.0.json#: the property 'to_document' collides with a generated name; rename it"
    )
