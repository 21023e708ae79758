"""Trigger rules against the types they are linked to."""

import pytest

from scale_core.domain.facts import WorkspaceFacts
from scale_core.domain.triggers import rule_problems, rule_warnings
from scale_core.interfaces.trigger import RuleNeeds
from scale_generated.specs.job_interface import InterfaceInput, JobInterface

PRODUCTS = WorkspaceFacts(1, "products", True)
OLD = WorkspaceFacts(2, "old", False)
NEEDS = RuleNeeds(input_name="image", media_types=("image/png",), workspace_name="products")


def inputs(*, level_required: bool = False) -> tuple[InterfaceInput, ...]:
    document = {
        "version": "1.0",
        "command": "run",
        "command_arguments": "",
        "input_data": [
            {"name": "image", "type": "file", "media_types": ["image/png"]},
            {"name": "level", "type": "property", "required": level_required},
        ],
    }
    return tuple(JobInterface.from_document(document).input_data)


def test_a_rule_that_gives_all_that_is_needed_has_no_problems() -> None:
    assert rule_problems(NEEDS, inputs(), PRODUCTS, has_outputs=True, at="/c") == []
    assert rule_warnings(NEEDS, inputs()) == []


@pytest.mark.parametrize(
    ("needs", "workspace", "level_required", "says"),
    [
        (RuleNeeds("nope", (), "products"), PRODUCTS, False, 'no input "nope"; right would be one of image'),
        (RuleNeeds("level", (), "products"), PRODUCTS, False, "is a property and takes no file"),
        (NEEDS, PRODUCTS, True, 'gives nothing to the required input "level"'),
        (NEEDS, None, False, 'no workspace "products"'),
        (RuleNeeds("image", (), "old"), OLD, False, '"old" is not active'),
        (RuleNeeds("image"), None, False, "names no workspace"),
    ],
)
def test_a_rule_that_cannot_start_its_type_is_told_why(
    needs: RuleNeeds, workspace: WorkspaceFacts | None, level_required: bool, says: str
) -> None:
    found = rule_problems(needs, inputs(level_required=level_required), workspace, has_outputs=True, at="/c")
    assert all(each.pointer == "/c" for each in found)
    assert any(says in each.detail for each in found)


def test_without_outputs_an_inactive_workspace_does_not_matter() -> None:
    assert rule_problems(RuleNeeds("image", (), "old"), inputs(), OLD, has_outputs=False, at="") == []
    assert rule_problems(RuleNeeds("image"), inputs(), None, has_outputs=False, at="") == []


def test_a_media_type_that_the_input_refuses_is_warned_of() -> None:
    (warning,) = rule_warnings(RuleNeeds("image", ("text/plain",)), inputs())
    assert warning.id == "media_type"
    assert warning.details.startswith("Invalid media type for data input: image -> text/plain")
