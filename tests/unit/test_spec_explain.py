"""Errors of the validators become sentences that say what, where and what would be right."""

from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft202012Validator
from jsonschema.exceptions import best_match

from scale_core.specs import explain, pointer
from scale_core.specs.explain import show


def told(schema: dict[str, Any] | bool, document: object) -> tuple[str, str]:
    error = best_match(Draft202012Validator(schema).iter_errors(document))
    assert error is not None
    problem = explain(error)
    return problem.pointer, problem.detail


@pytest.mark.parametrize(
    ("schema", "document", "where", "detail"),
    [
        (
            {"required": ["a", "b"], "properties": {"b": {"description": "The second."}}},
            {"a": 1},
            "",
            "'b' is missing: The second.",
        ),
        ({"required": ["b"]}, {}, "", "'b' is missing"),
        (
            {"properties": {"b": True, "a": True}, "additionalProperties": False},
            {"c/d": 1},
            "/c~1d",
            "'c/d' is not a known field; known are a, b",
        ),
        (
            {"properties": {"a": True}, "patternProperties": {"^x": True}, "additionalProperties": False},
            {"c": 1, "d": 2, "x1": 3},
            "",
            "'c', 'd' are not known fields; known are a",
        ),
        ({"additionalProperties": False}, {"c": 1}, "/c", "'c' is not a known field; no field is known here"),
        ({"enum": ["a", "b", None]}, "c", "", 'the text "c" is not one of "a", "b", null'),
        ({"const": 3}, 4, "", "should be 3, but is the number 4"),
        ({"type": "string"}, 4, "", "should be text, but is the number 4"),
        ({"type": ["object", "null"]}, [1, 2], "", "should be an object or null, but is a list of 2"),
        (
            {"type": "integer", "description": "A count."},
            {},
            "",
            "should be an integer, but is an object; expected: A count.",
        ),
        ({"pattern": "^a$", "description": "The letter a."}, "b", "", '"b" does not fit; expected: The letter a.'),
        ({"pattern": "^a$"}, "b", "", '"b" does not fit; it must match "^a$"'),
        ({"minimum": 1}, 0, "", "should be at least 1, but is 0"),
        ({"exclusiveMaximum": 1}, 1, "", "should be less than 1, but is 1"),
        ({"minItems": 1}, [], "", "is empty"),
        ({"maxItems": 1}, [1, 2], "", "has 2 entries, but should have at most 1 entry"),
        ({"minLength": 3}, "a", "", "has 1 character, but should have at least 3 characters"),
        ({"minProperties": 1}, {}, "", "is empty"),
        ({"uniqueItems": True}, [1, 1], "", "has the same entry twice"),
        ({"not": {}, "description": "nothing here"}, 1, "", "is not allowed here; expected: nothing here"),
        (False, 1, "", "is not allowed here"),
        (
            {"propertyNames": {"pattern": "^[0-9]+$", "description": "A number."}},
            {"a~b": 1},
            "/a~0b",
            'the key "a~b" is not allowed here; expected: A number.',
        ),
    ],
)
def test_each_rule_has_its_sentence(schema: dict[str, Any] | bool, document: object, where: str, detail: str) -> None:
    assert told(schema, document) == (where, detail)


CHOICE = {"oneOf": [{"required": ["file"]}, {"required": ["files"]}]}


def first(schema: dict[str, Any], document: object) -> tuple[str, str]:
    problem = explain(next(iter(Draft202012Validator(schema).iter_errors(document))))
    return problem.pointer, problem.detail


def test_a_choice_of_fields_tells_what_is_given_and_what_is_needed() -> None:
    assert first(CHOICE, {}) == ("", "has none of 'file', 'files'; exactly one of them is needed")
    both = {"file": 1, "files": 2}
    assert first(CHOICE, both) == ("", "has 'file', 'files' together; exactly one of 'file', 'files' is needed")
    assert first(CHOICE, 3) == ("", "should be an object, but is the number 3")
    assert first({"anyOf": CHOICE["oneOf"]}, {}) == ("", "has none of 'file', 'files'; at least one of them is needed")


def test_of_other_alternatives_the_deepest_is_explained() -> None:
    schema = {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"a": {"type": "integer"}}}]}

    assert first(schema, {"a": "x"}) == ("/a", 'should be an integer, but is the text "x"')
    assert first({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3)[1].startswith("fits more than one of the forms")


def test_errors_of_older_drafts_are_explained_too() -> None:
    error = next(iter(Draft4Validator({"minimum": 1, "exclusiveMinimum": True}).iter_errors(1)))

    assert explain(error).detail == "should be at least 1, but is 1"


def test_an_unknown_keyword_keeps_the_validators_words() -> None:
    assert first({"dependentRequired": {"a": ["b"]}}, {"a": 1}) == ("", "'b' is a dependency of 'a'")


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, list(range(10_000)), {"a": "b" * 10_000}, 10**5000, 1.5, None],
    ids=["text", "list", "object", "large", "number", "null"],
)
def test_shown_values_are_short(value: object) -> None:
    assert len(show(value)) <= 90


def test_pointers_are_escaped() -> None:
    assert pointer(["a/b", 0, "c~d", ""]) == "/a~1b/0/c~0d/"
    assert pointer([]) == ""
