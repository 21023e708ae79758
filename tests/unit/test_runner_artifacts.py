"""ARTIFACT lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_core.runner import artifacts
from scale_core.runner.artifacts import read_artifacts
from scale_core.runner.failures import StepFailed


def read(tmp_path: Path, content: bytes) -> dict[str, list[str]]:
    (tmp_path / "stdout").write_bytes(content)
    return read_artifacts(str(tmp_path / "stdout"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", {}),
        (b"ARTIFACT:x:/a/b.txt", {"x": ["/a/b.txt"]}),
        (b"ARTIFACT:x:a\nARTIFACT:x:b\nARTIFACT:y:c\n", {"x": ["a", "b"], "y": ["c"]}),
        (b"ARTIFACT:x:a\r\n", {"x": ["a"]}),
        (b"ARTIFACT:x:a\nARTIFACT:x:a\n", {"x": ["a"]}),
        (b"ARTIFACT:x:a:b c", {"x": ["a:b c"]}),
        ("ARTIFACT:x:ü".encode(), {"x": ["ü"]}),
        (b" ARTIFACT:x:a\nsaid ARTIFACT:x:a\nartifact:x:a\nARTIFACT:x\nARTIFACT:x:\nARTIFACT::a\nARTIFACT: :a", {}),
        (b"\xff\xfe\x00\nARTIFACT:x:a\n\xff", {"x": ["a"]}),
    ],
)
def test_lines_of_their_own_count(tmp_path: Path, content: bytes, expected: dict[str, list[str]]) -> None:
    assert read(tmp_path, content) == expected


def test_no_output_is_no_artifacts(tmp_path: Path) -> None:
    assert read_artifacts(str(tmp_path / "none")) == {}


def test_a_line_that_is_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="UTF-8"):
        read(tmp_path, b"ARTIFACT:x:\xff")


def test_too_many_lines_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MOST_ARTIFACTS", 3)
    with pytest.raises(StepFailed, match="more than 3"):
        read(tmp_path, b"ARTIFACT:x:a\n" * 4)


def test_an_endless_line_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "CHUNK", 1000)
    content = b"ARTIFACT:x:" + b"y" * 50_000 + b"ARTIFACT:x:a\nARTIFACT:z:b\n"
    assert read(tmp_path, content) == {"z": ["b"]}


@given(st.lists(st.sampled_from([b"ARTIFACT:x:a", b"\n", b"text", b"ARTIFACT:", b"ARTIFACT:y:bb\n"]), max_size=30))
def test_where_it_is_cut_does_not_matter(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("artifacts")
    content = b"".join(pieces)
    expected = read(folder, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "CHUNK", 7)
        assert read(folder, content) == expected
