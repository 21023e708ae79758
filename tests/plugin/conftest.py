"""An environment of its own, beside Scale, with a new plugin of every kind."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fakes.plugin_environment import Environment
from scale_core.cli.main import scale
from scale_core.plugin.scaffold.kinds import KINDS


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new plugin of each kind: ``acme-`` and the name of the kind."""
    folder = tmp_path_factory.mktemp("plugins")
    for kind in KINDS:
        done = CliRunner().invoke(scale, ["plugin", "new", kind.name, f"acme-{kind.name}", "--into", str(folder)])
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="session")
def environment(plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One in which all of them are installed."""
    environment = Environment(tmp_path_factory.mktemp("environment") / "venv")
    environment.install(*plugins.iterdir())
    return environment
