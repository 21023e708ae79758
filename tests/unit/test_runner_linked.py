"""Whether links to files were written to."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from scale_core.runner import linked
from scale_core.runner.linked import Facts, followed
from scale_core.runner.usage import input_files


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A copy, a hard link and a symbolic link, to files in ``stored``."""
    stored, inputs = tmp_path / "stored", tmp_path / "inputs"
    for folder in (stored, inputs):
        folder.mkdir()
    for name in ("hard", "symbolic"):
        (stored / name).write_bytes(b"content")
    (inputs / "copy").write_bytes(b"content")
    (inputs / "hard").hardlink_to(stored / "hard")
    (inputs / "symbolic").symlink_to(stored / "symbolic")
    return inputs


def test_links_are_told_from_copies_and_changes_of_either_kind_are_found(inputs: Path) -> None:
    found = input_files(str(inputs))
    assert [*found.hard] == [str(inputs / "hard")]
    assert [*found.symbolic] == [str(inputs / "symbolic")]
    assert found.changed() == []
    for path in inputs.iterdir():
        path.write_bytes(b"others!")
    assert sorted(found.changed()) == [str(inputs / "hard"), str(inputs / "symbolic")]


def test_names_that_come_and_go_are_no_change(inputs: Path) -> None:
    found = input_files(str(inputs))
    (inputs / "further").hardlink_to(inputs / "hard")
    (inputs.parent / "stored/hard").unlink()
    (inputs / "symbolic").unlink()
    assert found.changed() == []


def test_a_link_to_what_hangs_is_not_waited_for(inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = input_files(str(inputs))
    answers = threading.Event()
    monkeypatch.setattr(linked, "PATIENCE_SECONDS", 0.05)

    def hang(_paths: Sequence[str]) -> dict[str, Facts]:
        answers.wait(30)
        return dict(found.symbolic)

    monkeypatch.setattr(linked, "_facts", hang)
    assert followed([*found.symbolic]) == {}
    answers.set()
    monkeypatch.setattr(linked, "PATIENCE_SECONDS", 30.0)
    assert followed([*found.symbolic]) == found.symbolic
