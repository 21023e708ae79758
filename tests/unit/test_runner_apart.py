"""Making the folder of executions."""

from pathlib import Path

from scale_core.runner.apart import make_apart


def test_a_folder_is_made_with_its_parents_like_any_other(tmp_path: Path) -> None:
    make_apart(tmp_path / "data" / "executions")
    other = tmp_path / "other"
    other.mkdir()
    assert (tmp_path / "data" / "executions").stat().st_mode == other.stat().st_mode
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["executions"]


def test_one_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "executions" / "1").mkdir(parents=True)
    make_apart(tmp_path / "executions")
    assert (tmp_path / "executions" / "1").is_dir()
    assert [path.name for path in (tmp_path).iterdir()] == ["executions"]
