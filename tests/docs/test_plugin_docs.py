"""docs/plugins.md cannot rot: its blocks are a plugin that works, and every hook is there as it is in specs.py."""

import ast
import importlib
import inspect
import logging
import os
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from scale_core import testing
from scale_core.interfaces.error import Failure
from scale_core.interfaces.metric import EndedJobs, Mean
from scale_core.interfaces.notice import FileIngested, JobStatusChanged, ProductPublished
from scale_core.plugin import specs
from scale_core.plugin.registry import Registry, load_registry
from scale_core.plugin.scaffold.kinds import KINDS, Kind
from scale_core.testing.metric import RecordedDay
from scale_generated.enums import ErrorCategory, JobStatus

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
PACKAGE = "scale_example"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.(?:py|toml))\n")
FACTS = ["Begin", "Called", "Returns", "Errors", "Threads"]
HOOKS = {name: hook for name, hook in inspect.getmembers(specs, inspect.isfunction) if name.startswith("scale_")}


def files() -> dict[str, str]:
    """The files that the page describes, by path: a block that begins with a path is a part of that file."""
    found: defaultdict[str, str] = defaultdict(str)
    for _language, block in BLOCK.findall(PAGE):
        if named := FILE.match(block):
            found[named[1]] += block[named.end() :] + "\n\n"
    return dict(found)


def section(hook: str) -> str:
    """The page's section of that heading; empty where there is none."""
    found = re.search(rf"^### {hook}$(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def signature(source: str) -> str:
    """The signature of the one function in ``source``, in one way of writing."""
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    returns = "" if function.returns is None else ast.unparse(function.returns)
    return f"{function.name}({ast.unparse(function.args)}) -> {returns}"


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page's files on disk, ready to be imported."""
    folder = tmp_path_factory.mktemp("plugin-docs")
    for name, content in files().items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    for name in [one for one in sys.modules if one.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def plugin(package: Path) -> ModuleType:
    document = tomllib.loads((package / "pyproject.toml").read_text())
    (module,) = document["project"]["entry-points"]["scale"].values()
    return importlib.import_module(module)


@pytest.fixture
def registry(plugin: ModuleType) -> Registry:
    return load_registry([plugin], entry_points=False)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_section_with_its_signature(hook: str) -> None:
    blocks = [block for _language, block in BLOCK.findall(section(hook)) if not FILE.match(block)]
    assert blocks, f"docs/plugins.md needs a section '### {hook}' with the hook's signature in a block"
    documented = signature(blocks[0])
    source = inspect.getsource(HOOKS[hook])
    assert documented == signature(source), f"docs/plugins.md shows another signature of {hook} than specs.py has"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_section_says_when_it_is_called_what_it_returns_and_raises_and_in_which_threads(hook: str) -> None:
    assert re.findall(r"^- \*\*(\w+):?\*\* \S", section(hook), re.MULTILINE) == FACTS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_sections_and_the_table_say_how_a_plugin_of_each_kind_is_begun(kind: Kind) -> None:
    for hook in kind.hooks:
        assert f"- **Begin** with `scale plugin new {kind.name} NAME`." in section(hook)
        assert re.search(rf"^\|.*\[{hook}\]\(#{hook}\).*\| `{kind.name}` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_belongs_to_a_kind_that_scale_plugin_new_knows(hook: str) -> None:
    assert [kind.name for kind in KINDS if hook in kind.hooks], f"`scale plugin new` knows no kind that has {hook}"


def test_every_contract_suite_is_named_and_used() -> None:
    for suite in testing.__all__:
        assert f"`{suite}`" in PAGE
        assert f"({suite}):" in PAGE


@pytest.mark.parametrize("hook", HOOKS)
def test_every_section_shows_an_implementation(hook: str) -> None:
    assert re.search(rf"^@hookimpl.*\ndef {hook}\(", section(hook), re.MULTILINE)


def test_the_page_describes_no_hook_that_does_not_exist() -> None:
    assert set(re.findall(r"^### (scale_\w+)$", PAGE, re.MULTILINE)) == set(HOOKS)


def test_every_interface_value_that_a_notice_has_is_named() -> None:
    for notice, hook in (
        (JobStatusChanged, "scale_job_status_changed"),
        (FileIngested, "scale_file_ingested"),
        (ProductPublished, "scale_product_published"),
    ):
        for field in notice.__dataclass_fields__:
            assert f"`{field}`" in section(hook)


@pytest.mark.parametrize("block", [block for language, block in BLOCK.findall(PAGE) if language == "python"])
def test_every_block_of_python_can_be_parsed(block: str) -> None:
    ast.parse(block)


# What each hook of the page's plugin does; a hook that specs.py gains needs a test here.


def brokers(registry: Registry) -> None:
    assert list(registry.brokers) == ["flat"]


def trigger_types(registry: Registry) -> None:
    assert list(registry.trigger_types) == ["WEEKDAY"]


def error_mappers(registry: Registry) -> None:
    (mapper,) = registry.error_mappers
    assert mapper.map(Failure(kind="signal", message="Killed.", signal=9), {}) == "example-out-of-memory"
    assert mapper.map(Failure(kind="exit-code", message="Killed.", exit_code=137), {}) == "example-out-of-memory"
    assert mapper.map(Failure(kind="signal", message="Crashed.", signal=11), {}) is None


def engines(registry: Registry) -> None:
    assert list(registry.engines) == ["at-once"]


def clock_processors(registry: Registry) -> None:
    assert list(registry.clock_processors) == ["example-full-workspaces"]


def metrics(registry: Registry) -> None:
    (metric,) = registry.metrics.values()
    completed = EndedJobs(3, JobStatus.COMPLETED, None, None, 3)
    failed = EndedJobs(3, JobStatus.FAILED, 1, ErrorCategory.DATA, 1)
    assert metric.compute(RecordedDay(ended_jobs=[completed, failed])) == {3: {"success_rate": Mean(300, 4)}}


def commands(registry: Registry) -> None:
    result = CliRunner().invoke(click.Group(commands=dict(registry.commands)), ["checksum", os.devnull])
    assert result.output == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"


def job_status_changed(registry: Registry) -> None:
    registry.hook.scale_job_status_changed(change=JobStatusChanged(12, "geotiff-maker", "RUNNING", "FAILED"))


def file_ingested(registry: Registry) -> None:
    registry.hook.scale_file_ingested(
        file=FileIngested(1, "x.png", "raw", "tiles/x.png", "image/png", frozenset({"tile"}))
    )


def product_published(registry: Registry) -> None:
    registry.hook.scale_product_published(product=ProductPublished(2, "y.tif", "products", "y.tif", "image/tiff", 12))


EFFECTS: Mapping[str, tuple[Callable[[Registry], None], str]] = {
    "scale_register_brokers": (brokers, ""),
    "scale_register_trigger_types": (trigger_types, ""),
    "scale_register_error_mappers": (error_mappers, ""),
    "scale_register_engines": (engines, ""),
    "scale_register_clock_processors": (clock_processors, ""),
    "scale_register_metrics": (metrics, ""),
    "scale_register_commands": (commands, ""),
    "scale_job_status_changed": (job_status_changed, "Job 12 (geotiff-maker) failed for good."),
    "scale_file_ingested": (file_ingested, "Source file 1: tiles/x.png in raw"),
    "scale_product_published": (product_published, "Product 2 of job 12: y.tif in products"),
}


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_works_as_the_page_shows_it(registry: Registry, caplog: pytest.LogCaptureFixture, hook: str) -> None:
    assert hook in EFFECTS, f"{hook} has no test: write one beside the others of this file"
    effect, logged = EFFECTS[hook]
    with caplog.at_level(logging.INFO, PACKAGE):
        effect(registry)
    assert caplog.messages == ([logged] if logged else [])


def test_a_mapper_that_tries_first_comes_before_the_builtin_one(plugin: ModuleType) -> None:
    first = load_registry([plugin]).error_mappers[0]
    assert [error.name for error in first.errors()] == ["example-out-of-memory"]


def test_the_plugin_stands_beside_the_builtin_ones(plugin: ModuleType) -> None:
    registry = load_registry([plugin])
    assert {"host", "flat"} <= set(registry.brokers)
    assert {"local", "at-once"} <= set(registry.engines)


@pytest.mark.parametrize("path", [path for path in files() if path.startswith("tests/")])
def test_the_tests_on_the_page_pass(package: Path, path: str, tmp_path: Path) -> None:
    """In this process: what they import is the page's package."""
    arguments = ["-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), f"--basetemp={tmp_path / 'run'}"]
    assert pytest.main([*arguments, str(package / path)]) == 0
