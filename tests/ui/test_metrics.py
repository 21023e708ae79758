"""Plots are built, kept in the address and saved; what the system waits for, its plugins, its configuration."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from fakes.example import LivedIn
from fakes.installations import installed
from scale_core.services.daily_metrics import DailyMetrics

PNG = b"\x89PNG\r\n\x1a\n"


UNITS = ("numbers", "seconds")

Numbers = Mapping[str, list[int | None]]


@pytest.fixture
def numbers(lived_in: LivedIn) -> Numbers:
    """How many jobs of types of the example were completed on each day of which there are numbers, by name of the type,
    for they are counted now. It is one day, unless midnight has passed since."""
    with installed(lived_in.data_dir) as context:
        DailyMetrics(context).compute()
    choices = lived_in.get("/metrics/job-types/")["choices"]
    ids = {one["name"]: one["id"] for one in choices if one["name"] in ("quicklook", "point-detector")}
    (found,) = lived_in.results("/metrics/job-types/plot-data/", choice_id=[*ids.values()], column="completed_count")
    values = {(one["id"], one["date"]): one["value"] for one in found["values"]}
    days = sorted({day for _, day in values})
    return {name: [values.get((choice, day)) for day in days] for name, choice in ids.items()}


def test_a_plot_is_built_kept_in_the_address_and_saved(page: Page, numbers: Numbers, tmp_path: Path) -> None:
    page.get_by_role("link", name="Metrics", exact=True).click()
    page.get_by_role("combobox", name="Metric").select_option("job-types")
    page.get_by_role("checkbox", name="Run Time (Max)").check()
    page.get_by_role("searchbox", name="Search choices").fill("o")
    page.get_by_role("checkbox", name="Quicklook 1.0.0").check()
    page.get_by_role("checkbox", name="Point Detector 1.0.0").check()
    page.get_by_role("combobox", name="Drawn as").select_option("bar")
    page.reload()
    counts = [count for of_type in numbers.values() for count in of_type if count is not None]
    in_numbers, in_seconds = (page.get_by_role("img", name=f"Job Types in {unit}, by day") for unit in UNITS)
    expect(in_numbers.locator(".bar")).to_have_count(len(counts))
    expect(in_seconds.locator(".bar")).to_have_count(sum(count > 0 for count in counts))
    expect(page.get_by_role("figure").first).to_contain_text("Completed Count, Quicklook 1.0.0")

    with page.expect_download() as saving:
        page.get_by_role("button", name="Export CSV").click()
    saving.value.save_as(tmp_path / "plot.csv")
    rows = list(csv.DictReader((tmp_path / "plot.csv").read_text().splitlines()))
    for name, title in (("quicklook", "Quicklook"), ("point-detector", "Point Detector")):
        told = [row[f"Completed Count, {title} 1.0.0 (count)"] for row in rows]
        assert told == ["" if count is None else str(count) for count in numbers[name]]
    assert max(int(row["Run Time (Max), Quicklook 1.0.0 (seconds)"] or -1) for row in rows) >= 0

    with page.expect_download() as saving:
        page.get_by_role("button", name="Export PNG").click()
    saving.value.save_as(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(PNG)


def test_days_of_which_there_is_nothing_are_no_plot(page: Page, numbers: Numbers) -> None:
    assert numbers
    page.goto(f"{page.url}metrics?metric=job-types&span=dates&from=2001-01-01&to=2001-02-01")
    expect(page.get_by_text("There are no numbers of that")).to_be_visible()
    expect(page.get_by_role("button", name="Export CSV")).to_be_disabled()


def test_the_system_says_what_waits_and_what_is_installed(page: Page) -> None:
    page.get_by_role("link", name="System", exact=True).click()
    waiting = page.locator(".panel", has=page.get_by_role("heading", name="What jobs wait for"))
    expect(waiting).to_contain_text("Jobs that they depend on have not completed.")
    expect(waiting.get_by_role("link", name="point-detector")).to_be_visible()
    plugins = page.get_by_role("region", name="Plugins")
    expect(plugins.get_by_role("row", name="broker-host storage systems")).to_be_visible()


def a_file(name: str, content: str) -> FilePayload:
    """A file that somebody chooses."""
    return {"name": name, "mimeType": "application/json", "buffer": content.encode()}


def titles(lived_in: LivedIn) -> dict[str, str]:
    """The titles of all errors, by name."""
    return {one["name"]: one["title"] for one in lived_in.results("/errors/")}


def test_a_configuration_is_exported_changed_and_imported(page: Page, lived_in: LivedIn) -> None:
    page.goto(f"{page.url}configuration")
    page.get_by_role("checkbox", name="Job types").uncheck()
    page.get_by_role("checkbox", name="Recipe types").uncheck()
    page.get_by_role("region", name="Errors").get_by_role("checkbox", name="bad-tile-name").check()
    with page.expect_download() as saving:
        page.get_by_role("link", name="Export errors").click()
    exported = json.loads(Path(saving.value.path()).read_text())
    assert [one["name"] for one in exported["errors"]] == ["bad-tile-name"]
    assert exported["job_types"] == exported["recipe_types"] == []

    choose = page.get_by_label("A file that was exported")
    exported["errors"][0]["title"] = "Odd name of a tile"
    exported["errors"].append({"name": "brand-new", "title": "New", "category": "DATA"})
    choose.set_input_files(a_file("changed.json", json.dumps(exported)))
    changes = page.get_by_role("listitem")
    changed = changes.filter(has_text="bad-tile-name").filter(has_text="changed")
    expect(changed.locator("ins")).to_contain_text("Odd name of a tile")
    expect(changed.locator("del")).to_have_count(1)
    expect(changes.filter(has_text="brand-new")).to_contain_text("new")
    assert "brand-new" not in titles(lived_in)
    page.get_by_role("button", name="Import…").click()
    page.get_by_role("button", name="Import 2 records").click()
    expect(page.get_by_text("The configuration has been imported.")).to_be_visible()
    found = titles(lived_in)
    assert (found["bad-tile-name"], found["brand-new"]) == ("Odd name of a tile", "New")

    choose.set_input_files(a_file("again.json", json.dumps(exported)))
    expect(page.get_by_text("All that the file says is so already.")).to_be_visible()


def test_a_configuration_that_is_wrong_is_not_imported(page: Page) -> None:
    page.goto(f"{page.url}configuration")
    choose = page.get_by_label("A file that was exported")
    choose.set_input_files(a_file("broken.json", "{"))
    expect(page.get_by_role("alert")).to_contain_text("broken.json cannot be read")
    choose.set_input_files(a_file("odd.json", json.dumps({"errors": [{"name": "odd", "category": "LUCK"}]})))
    expect(page.get_by_role("alert")).to_contain_text("/import/errors/0/category")
    expect(page.get_by_role("button", name="Import…")).to_have_count(0)
