"""A Python client, generated from what Scale serves, is typed throughout and does all that a file needs."""

import re
import sys
from pathlib import Path

from fakes.clients import command, program, run
from fakes.running import RunningScale

DRIVER = Path(__file__).with_name("python") / "life_of_a_file.py"


def test_a_generated_python_client_goes_through_the_life_of_a_file(scale: RunningScale, tmp_path: Path) -> None:
    address = str(scale.http.base_url).rstrip("/")
    output = run(command("openapi-python-client", address), tmp_path)
    assert len(output.splitlines()) == 1, output
    assert output.startswith("Generating ")
    assert_models_are_those_of_the_document(tmp_path / "scale_client" / "models", scale)

    (tmp_path / DRIVER.name).write_text(DRIVER.read_text())
    (tmp_path / "page.py").write_text(program("python", address, "scale_client"))
    # Silent about the generator's own base class, which is not strict; what the programs use of it is checked.
    strict = ("mypy", "--strict", "--config-file=", "--follow-imports=silent", DRIVER.name, "page.py")
    run(strict, tmp_path)
    assert run((sys.executable, "-Werror", DRIVER.name, address, tmp_path), tmp_path) == "the whole life\n"
    assert run((sys.executable, "-Werror", "page.py"), tmp_path) == "0 failed jobs\n"


def assert_models_are_those_of_the_document(models: Path, scale: RunningScale) -> None:
    """Each model is a schema that the document names, none is the generator's invention; each field has a type."""
    schemas = scale.get("/openapi.json")["components"]["schemas"]
    made = set(re.findall(r"^from \.\w+ import (\w+)$", (models / "__init__.py").read_text(), re.MULTILINE))
    assert made
    assert made <= set(schemas)
    untyped = [
        f"{file.stem}.{field}"
        for file in models.glob("*.py")
        for field in re.findall(r"^    (\w+): Any\b", file.read_text(), re.MULTILINE)
    ]
    assert untyped == []
