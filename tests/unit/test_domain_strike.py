"""Strike configurations: which rule takes a file, and where it goes."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_core.domain.facts import WorkspaceFacts
from scale_core.domain.strike import (
    InvalidPath,
    ingest_path,
    match_file,
    partition_suffix,
    rule_warnings,
    strike_problems,
)
from scale_generated.specs.strike import Strike

DAY = date(2026, 1, 3)
RS = {"rs": WorkspaceFacts(1, "rs", True), "old": WorkspaceFacts(2, "old", False)}


def strike(*rules: tuple[str, str, str]) -> Strike:
    documents: list[dict[str, Any]] = [
        {"filename_regex": regex, "workspace_path": path, "workspace_name": name} for regex, path, name in rules
    ]
    return Strike.from_document(
        {"version": "1.0", "mount": "host:/p", "transfer_suffix": "_tmp", "files_to_ingest": documents}
    )


def test_the_first_rule_that_matches_decides() -> None:
    configuration = strike((".*txt", "texts", "rs"), (".*h5", "images", "rs"), ("a", "rest", "rs"))
    found = [match_file(configuration, name) for name in ("a.txt", "b.h5", "abc", "xa")]
    assert [None if each is None else each.workspace_path for each in found] == ["texts", "images", "rest", None]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tiles", "tiles/2026/01/03/a b.png"),
        ("/wrksp/path", "wrksp/path/2026/01/03/a b.png"),
        ("a//./b/", "a/b/2026/01/03/a b.png"),
        ("/", "2026/01/03/a b.png"),
        ("", "2026/01/03/a b.png"),
    ],
)
def test_files_lie_under_the_day_of_their_ingest(path: str, expected: str) -> None:
    assert ingest_path(path, DAY, "a b.png") == expected


@pytest.mark.parametrize(
    ("path", "name"), [("../x", "a"), ("x/..", "a"), ("x\n", "a"), ("x", ""), ("x", "a/b"), ("x", ".."), ("x", "a\0")]
)
def test_paths_that_leave_the_workspace_are_refused(path: str, name: str) -> None:
    with pytest.raises(InvalidPath):
        ingest_path(path, DAY, name)


@given(st.text("a/.\n", max_size=12), st.text("a/.\0", max_size=4))
def test_a_path_is_relative_and_inside_or_refused(path: str, name: str) -> None:
    try:
        made = ingest_path(path, DAY, name)
    except InvalidPath:
        return
    parts = made.split("/")
    assert not {"", ".", ".."} & set(parts)
    assert parts[-4:] == ["2026", "01", "03", name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png_tmp", ("a.png", True)),
        ("a.png", ("a.png", False)),
        ("_tmp", ("_tmp", False)),
        ("a_tmp.x", ("a_tmp.x", False)),
    ],
)
def test_the_suffix_says_whether_a_file_is_still_transferring(name: str, expected: tuple[str, bool]) -> None:
    assert partition_suffix(name, "_tmp") == expected


def test_a_right_configuration_has_no_problems() -> None:
    configuration = strike((".*h5", "/x", "rs"), (".*", "y", "rs"))
    assert strike_problems(configuration, RS, "") == []
    assert rule_warnings(configuration.files_to_ingest) == []


def test_what_is_wrong_is_told_where_and_what_would_be_right() -> None:
    wrong = strike(("(a", "../x", "nope"), ("a", "b", "old"))
    regex, path, missing, inactive = strike_problems(wrong, RS, "/configuration")
    assert regex.pointer == "/configuration/files_to_ingest/0/filename_regex"
    assert "missing )" in regex.detail
    assert path.pointer == "/configuration/files_to_ingest/0/workspace_path"
    assert missing.pointer == "/configuration/files_to_ingest/0/workspace_name"
    assert missing.detail == 'there is no workspace "nope"; right would be one of rs'
    assert inactive.pointer == "/configuration/files_to_ingest/1/workspace_name"
    assert "not active" in inactive.detail


def test_a_rule_that_can_never_decide_is_warned_of() -> None:
    (warning,) = rule_warnings(strike((".*h5", "x", "rs"), (".*h5", "y", "rs")).files_to_ingest)
    assert warning.id == "shadowed_rule"
    assert "Rule 1 never decides" in warning.details
