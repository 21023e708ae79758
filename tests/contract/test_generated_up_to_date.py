"""What lies in ``generated/`` is what ``openapi/`` and ``specs/`` say."""

from pathlib import Path
from typing import Final

import pytest

from scale_codegen.generate import generate
from scale_codegen.write import changes

pytestmark = pytest.mark.any_database

ROOT: Final = Path(__file__).parents[2]


def test_the_generated_package_is_up_to_date() -> None:
    found = changes(ROOT, generate(ROOT))
    assert not found, "".join(change.diff() for change in found)[:4000] + "\nRun `scale codegen`."
