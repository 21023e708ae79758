"""Job interfaces: what their schema cannot say."""

from typing import Any

import pytest

from scale_core.domain.interfaces import interface_problems, interface_warnings
from scale_generated.specs.job_interface import JobInterface

MAKE_GEOTIFF: dict[str, Any] = {
    "version": "1.0",
    "command": "python make_geotiff.py",
    "command_arguments": "${image} ${georeference_data} ${job_output_dir}",
    "input_data": [
        {"name": "image", "type": "file", "media_types": ["image/png"]},
        {"name": "georeference_data", "type": "file", "media_types": ["text/csv"]},
    ],
    "output_data": [{"name": "geo_image", "type": "file", "media_type": "image/tiff"}],
}


def interface(**changes: Any) -> JobInterface:
    return JobInterface.from_document({**MAKE_GEOTIFF, **changes})


def test_the_interface_of_the_reference_is_without_problems_and_warnings() -> None:
    assert interface_problems(interface(), "") == []
    assert interface_warnings(interface()) == []


def test_a_name_used_twice_is_told_with_both_places() -> None:
    wrong = interface(output_data=[{"name": "image", "type": "file"}])
    (problem,) = interface_problems(wrong, "/interface")
    assert problem.pointer == "/interface/output_data/0/name"
    assert "/interface/input_data/0/name" in problem.detail


def test_the_name_of_the_output_folder_is_reserved() -> None:
    wrong = interface(output_data=[{"name": "job_output_dir", "type": "file"}])
    (problem,) = interface_problems(wrong, "")
    assert problem.pointer == "/output_data/0/name"
    assert "reserved" in problem.detail


@pytest.mark.parametrize("command", ["python 'open", "''"])
def test_a_command_that_names_no_program_is_refused(command: str) -> None:
    (problem,) = interface_problems(interface(command=command), "")
    assert problem.pointer == "/command"


def test_outputs_are_no_arguments() -> None:
    (problem,) = interface_problems(interface(command_arguments="${image} ${georeference_data} ${geo_image}"), "")
    assert problem.pointer == "/command_arguments"
    assert "${geo_image} stands for no input" in problem.detail


def test_an_unused_input_is_warned_of() -> None:
    (warning,) = interface_warnings(interface(command_arguments="${image} ${job_output_dir}"))
    assert warning.id == "unused_input"
    assert "georeference_data" in warning.details


def test_an_output_that_nobody_can_write_is_warned_of() -> None:
    (warning,) = interface_warnings(interface(command_arguments="${image} ${georeference_data}"))
    assert warning.id == "no_output_dir"
    assert "geo_image" in warning.details


@pytest.mark.parametrize(
    ("media_type", "says"), [("image/jpg", "do you mean image/"), ("quux/zork", "quux/zork is not a known media type")]
)
def test_unknown_media_types_are_warned_of(media_type: str, says: str) -> None:
    odd = interface(output_data=[{"name": "o", "type": "file", "media_type": media_type}])
    (warning,) = interface_warnings(odd)
    assert warning.id == "media_type"
    assert says in warning.details
    odd = interface(input_data=[{**each, "media_types": [media_type]} for each in MAKE_GEOTIFF["input_data"]])
    assert [each.id for each in interface_warnings(odd)] == ["media_type", "media_type"]
