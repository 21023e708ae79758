"""A node with real processes and a real workspace."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.runner_bench import Bench, Node
from scale_core.specs import SpecLibrary


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET", "secret")
        node = Node(tmp_path_factory.mktemp("node"))
    yield node
    node.agent.stop(5.0)


@pytest.fixture
def bench(node: Node, packaged_specs: SpecLibrary, tmp_path: Path) -> Bench:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Bench(node, node.folder / "1", workspace, packaged_specs)
