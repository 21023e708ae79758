"""Being told that something changed in a directory."""

from pathlib import Path

import pytest

from fakes.waiting import SECONDS
from scale_core.watching.inotify import Bell

pytestmark = pytest.mark.any_database


def test_it_rings_once_however_much_changes_until_it_is_set_again(tmp_path: Path) -> None:
    with Bell(tmp_path) as bell:
        assert not bell.wait(0.05)
        for number in range(100):
            (tmp_path / str(number)).touch()
        assert bell.wait(SECONDS)
        assert not bell.wait(0.05)
        (tmp_path / "unheard").touch()
        bell.set()
        assert not bell.wait(0.05)
        (tmp_path / "heard").touch()
        assert bell.wait(SECONDS)


def test_it_rings_for_a_file_that_is_renamed_into_the_directory_or_written_to(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    (tmp_path / "a").write_text("a")
    with Bell(watched) as bell:
        (tmp_path / "a").rename(watched / "a")
        assert bell.wait(SECONDS)
        bell.set()
        with (watched / "a").open("a") as file:
            file.write("b")
        assert bell.wait(SECONDS)


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="inotify_add_watch"), Bell(tmp_path / "nowhere"):
        pass
