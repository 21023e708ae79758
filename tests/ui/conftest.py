"""Scales that run, one that has processed the example and an empty one that asks who its users are; and a browser."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from fakes.browser import CHROMIUM, MILLISECONDS, PASSWORD, Faults
from fakes.clients import run
from fakes.example import LivedIn, a_scan
from fakes.installations import installed
from fakes.machine import missing
from fakes.pages import PAGES
from fakes.processes import await_none, processes_of
from fakes.running import RunningScale
from scale_core.services.credentials import Passwords
from scale_core.services.serialization import SerializerContext
from scale_core.services.users import UserService

if TYPE_CHECKING:
    from scale_generated.models import NewUser

ROOT = Path(__file__).resolve().parents[2]
UI = ROOT / "ui"
SHOTS = ROOT / "build" / "ui"
Npm = Callable[..., str]


@pytest.fixture(scope="session")
def npm() -> Npm:
    """Runs npm in ``ui/``, where what package-lock.json pins is installed; gives what is printed."""
    if not (UI / "node_modules").exists():
        missing("Tests of the web interface need its packages: `make ui` installs them.")
    return lambda *arguments: run(("npm", *arguments), UI, NPM_CONFIG_LOGLEVEL="error")


@pytest.fixture(scope="session")
def axe(npm: Npm) -> str:
    """The script of axe, which finds faults of accessibility."""
    return (UI / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LivedIn, Path]]:
    """A Scale that has processed the example and does not run, and a copy of all that is in it then."""
    folder = tmp_path_factory.mktemp("lived-in")
    scale = LivedIn(folder / "scale")
    scale.start()
    scale.process_example()
    scale.stop()
    scale.keep(folder / "kept")
    yield scale, folder / "kept"
    scale.http.close()
    assert await_none(processes_of, scale.data_dir) == {}


@pytest.fixture(scope="module")
def lived_in(processed: tuple[LivedIn, Path]) -> Iterator[LivedIn]:
    """Such a Scale, that runs. A file of tests finds what the example made, and nothing of another file's tests."""
    scale, kept = processed
    scale.begin_anew(kept)
    scale.start()
    yield scale
    scale.stop()


@pytest.fixture(scope="module")
def places(lived_in: LivedIn) -> Mapping[str, str]:
    """The path of each page."""

    def newest(path: str, **query: str) -> int:
        return int(lived_in.get(path, **query)["results"][0]["id"])

    ids = {
        "job": lived_in.failed_job,
        "recipe": newest("/recipes/"),
        "ingest": newest("/ingests/"),
        "source": newest("/sources/"),
        "product": newest("/products/", job_type_name="quicklook"),
        "job_type": newest("/job-types/", name="geotiff-maker"),
        "recipe_type": newest("/recipe-types/"),
        "strike": newest("/strikes/"),
        "scan": lived_in.create("/scans/", a_scan("archive"))["id"],
        "error": newest("/errors/"),
        "trigger_rule": newest("/trigger-rules/", type="INGEST"),
        "workspace": newest("/workspaces/"),
        "node": newest("/nodes/"),
    }
    return {name: path.format(**ids) for name, path in PAGES.items()}


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningScale]:
    """A Scale in which nothing has happened, and who uses it has to sign in: as ``olga``, an operator, or ``vera``, a
    viewer."""
    scale = RunningScale(tmp_path_factory.mktemp("guarded") / "data", auth="on")
    scale.data_dir.mkdir()
    with installed(scale.data_dir) as context:
        users: list[NewUser] = [{"name": "olga", "role": "operator"}, {"name": "vera", "role": "viewer"}]
        for user in users:
            UserService(context, Passwords()).create({**user, "password": PASSWORD}, SerializerContext(""))
    scale.start()
    yield scale
    scale.stop()
    scale.http.close()


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where screenshots are left for people to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS


@pytest.fixture
def tell(shots: Path, request: pytest.FixtureRequest) -> Callable[[str], object]:
    """Has figures printed when all tests are done; nothing is asserted of them."""
    return (shots / f"{request.node.name}.figures").write_text


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures, from whatever process they are."""
    if hasattr(terminalreporter.config, "workerinput"):
        return  # nobody sees what a worker prints
    for figures in sorted(SHOTS.glob("*.figures")):
        terminalreporter.write_line(figures.read_text())
        figures.unlink()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives the browser."""
    expect.set_options(timeout=MILLISECONDS)
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium."""
    found = shutil.which("chromium")
    if found is None:
        missing("Tests of the web interface need Chromium: on Debian, `apt-get install chromium`.")
    launched = playwright.chromium.launch(executable_path=found, args=CHROMIUM)
    yield launched
    launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that knows nothing yet, in a zone that is not UTC."""
    opened = browser.new_context(viewport={"width": 1360, "height": 850}, timezone_id="Asia/Tokyo", locale="en-GB")
    opened.set_default_timeout(MILLISECONDS)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, lived_in: LivedIn) -> Iterator[Page]:
    """A page of the Scale that has processed the example, without faults."""
    opened = context.new_page()
    faults = Faults(opened)
    opened.goto(f"{lived_in.http.base_url}ui/")
    yield opened
    assert faults.found == []
