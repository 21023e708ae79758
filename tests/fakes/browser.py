"""Pages in a browser: what they complain of, and what axe finds in them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Locator, Page, ViewportSize, expect

from fakes.waiting import SECONDS, until

CHROMIUM: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""What the browser is started with: it asks nobody for anything but the pages."""

WIDE: Final[ViewportSize] = {"width": 1360, "height": 850}
NARROW: Final[ViewportSize] = {"width": 360, "height": 740}

SCHEMES: Final[Mapping[Literal["dark", "light"], tuple[str, ...]]] = {"dark": (), "light": ("color-contrast",)}
"""What axe is to look for in which colours; nothing: all that it knows."""

MILLISECONDS: Final = SECONDS * 1000
"""How long a page is waited for; machines differ."""

PASSWORD: Final = "correct horse battery staple"
"""Of the users who sign in."""


def settled(page: Page) -> None:
    """Wait until nothing is waited for."""
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)


class Faults:
    """What a page complains of."""

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))

    def _note(self, kind: str, text: str) -> None:
        # What the API answers is shown by the page, and looked at there.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.found.append(text)


def accessibility_faults(page: Page, axe: str, *rules: str) -> list[str]:
    """What axe finds that is serious, or worse.

    :param rules: look for these alone.
    """
    page.evaluate(axe)
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        json.dumps({"rule": one["id"], "help": one["help"], "nodes": [node["html"][:200] for node in one["nodes"]][:3]})
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def look_at(page: Page, picture: Path, axe: str) -> None:
    """Look at a wide page, dark and light, and at a narrow one; pictures of it are left beside ``picture``."""
    for scheme, rules in SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=f"{picture}-{scheme}.png", full_page=True)
        assert accessibility_faults(page, axe, *rules) == []
    page.set_viewport_size(NARROW)
    page.screenshot(path=f"{picture}-narrow.png")
    until(lambda: page.evaluate("document.documentElement.scrollWidth"), lambda width: width <= NARROW["width"])


class Requests:
    """Counts what a page asks for, by the page's own clock: on a busy machine a wait takes longer than it says."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._urls: list[str] = []
        self._began = self._now()
        page.on("request", lambda request: self._urls.append(request.url))

    def _now(self) -> float:
        """Milliseconds."""
        return float(self._page.evaluate("performance.now()"))

    def after(self, seconds: float) -> tuple[int, float]:
        """How many there were after a while, and how many seconds that really took."""
        self._page.wait_for_timeout(seconds * 1000)
        number = len(self._urls)
        return number, (self._now() - self._began) / 1000


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the form of a Scale that asks who is there, and send it."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def field(page: Page | Locator, label: str) -> Locator:
    """The field of that name, whether it is needed or not."""
    return page.get_by_label(re.compile(rf"^{re.escape(label)}( \* needed)?$"))


def group(page: Page | Locator, label: str) -> Locator:
    """The fields that stand together under a name."""
    return page.get_by_role("group", name=re.compile(rf"^{re.escape(label)}( \* needed)?$"))


def type_into_new(page: Page, text: str) -> None:
    """Type into the field that was just added, once the focus has come to it."""
    expect(page.locator("input:focus")).to_have_value("")
    page.keyboard.type(text)
