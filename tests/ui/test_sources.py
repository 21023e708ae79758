"""The sources of the web interface keep their rules, and what is committed is what is built of them."""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

UI = Path(__file__).resolve().parents[2] / "ui"
MAP = re.compile(r"assets/(map|countries|layers|marker)-")
"""What is loaded once there is a map to show: its program, its coasts, the pictures of Leaflet's styles."""
MOST_KIB = 400
"""What a page may weigh, compressed, without a map."""


def files_of(folder: Path) -> Mapping[str, bytes]:
    """What is in a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_sources_keep_the_rules_and_fit_the_contract(npm: Callable[..., str]) -> None:
    npm("run", "lint")
    npm("run", "check")


def test_the_pure_parts_do_what_they_say(npm: Callable[..., str]) -> None:
    npm("test")


def test_what_is_installed_is_what_is_built_of_the_sources(npm: Callable[..., str], tmp_path: Path) -> None:
    npm("run", "build", "--", "--outDir", str(tmp_path / "files"))
    with resources.as_file(resources.files("scale_ui") / "files") as installed:
        changed = files_of(tmp_path / "files").items() ^ files_of(installed).items()
    assert sorted({name for name, _ in changed}) == [], "`make ui` builds it anew"


def test_a_page_is_light(tell: Callable[[str], object]) -> None:
    with resources.as_file(resources.files("scale_ui") / "files") as installed:
        weights = {name: len(gzip.compress(content)) for name, content in files_of(installed).items()}
    of_map = {name: weight for name, weight in weights.items() if MAP.match(name)}
    rest = sum(weights.values()) - sum(of_map.values())
    tell(f"page weight: {rest / 1024:.1f} KiB compressed; of the map: {sum(of_map.values()) / 1024:.1f} KiB")
    assert len(of_map) > 2, "the map is not loaded by itself"
    assert rest < MOST_KIB * 1024


def test_the_lock_names_no_registry() -> None:
    packages = json.loads((UI / "package-lock.json").read_text())["packages"]
    assert len(packages) > 1
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
