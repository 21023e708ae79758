"""From nothing to a product on the map: everything is made by clicking alone, then a file is dropped."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from fakes.browser import field, group, type_into_new
from fakes.example import LivedIn
from fakes.running import transfer

FOOTPRINT = '{"type": "Polygon", "coordinates": [[[10, 40], [14, 40], [14, 43], [10, 43], [10, 40]]]}'

# Draws nothing: the product is a copy of the file, and where it is stands in the manifest.
PLACE = f"""\
cp "$1" "$2/placed.way"
cat > "$2/results_manifest.json" <<END
{{"version": "1.1", "output_data": [
  {{"name": "placed", "file": {{"path": "$2/placed.way", "geo_metadata": {{"geo_json": {FOOTPRINT}}}}}}}
]}}
END
"""


def test_a_file_that_is_dropped_becomes_a_product_on_the_map(page: Page, lived_in: LivedIn, tmp_path: Path) -> None:
    (incoming := tmp_path / "incoming").mkdir()
    (script := tmp_path / "place.sh").write_text(PLACE)
    make_workspace(page, tmp_path / "files")
    make_strike(page, incoming)
    make_job_type(page, script)
    make_recipe_type(page)

    go(page, "Map")
    field(page, "File name").fill("placed.way")
    field(page, "File name").press("Enter")
    expect(page.locator(".found li")).to_have_count(0)
    transfer(incoming, "seen.way", b"a day out\n")

    # Nobody reloads the page.
    shown = page.locator(".found li")
    expect(shown).to_have_count(1)
    (product,) = lived_in.results("/products/", file_name="placed.way")
    expect(page.locator(f'.map path.footprint[data-id="{product["id"]}"]:visible')).to_have_count(1)
    shown.get_by_role("link", name="placed.way").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("placed.way")
    expect(page.get_by_role("region", name="Lineage")).to_contain_text("seen.way")


def make_workspace(page: Page, folder: Path) -> None:
    go(page, "Workspaces")
    page.get_by_role("link", name="New workspace").click()
    field(page, "Name").fill("way")
    page.get_by_label("Type").select_option(label="host")
    field(page, "Host path").fill(str(folder))
    create(page, "way")


def make_strike(page: Page, directory: Path) -> None:
    go(page, "Strikes")
    page.get_by_role("link", name="New Strike").click()
    field(page, "Name").fill("way")
    field(page, "Mount").fill(str(directory))
    field(page, "Transfer suffix").fill("_tmp")
    rule = group(page, "Rule 1")
    field(rule, "Expression for file names").fill(r".*\.way")
    field(rule, "Workspace path").fill("seen")
    field(rule, "Workspace name").fill("way")
    rule.get_by_role("button", name="Add data type").click()
    type_into_new(page, "walk")
    create(page, "way")


def make_job_type(page: Page, script: Path) -> None:
    go(page, "Job types")
    page.get_by_role("link", name="New job type").click()
    field(page, "Name").fill("place")
    field(page, "Version").fill("1.0")
    field(page, "Command").fill(f"sh {script}")
    field(page, "Command arguments").fill("${file} ${job_output_dir}")
    page.get_by_role("button", name="Add input").click()
    type_into_new(page, "file")
    field(group(page, "Input 1"), "Type").select_option("file")
    page.get_by_role("button", name="Add output").click()
    type_into_new(page, "placed")
    field(group(page, "Output 1"), "Type").select_option("file")
    create(page, "place 1.0")


def make_recipe_type(page: Page) -> None:
    go(page, "Recipe types")
    page.get_by_role("link", name="New recipe type").click()
    page.get_by_label("Name", exact=True).fill("way")
    page.get_by_role("combobox", name="Job type").select_option(label="place 1.0")
    page.get_by_role("button", name="Add a job").click()
    page.get_by_label("Input file of place").select_option(label="a new recipe input")
    rule = group(page, "Trigger rule")
    rule.get_by_label("Type").select_option("INGEST")
    field(rule, "Input data name").fill("file")
    field(rule, "Workspace name").fill("way")
    expect(page.get_by_text("right", exact=True)).to_be_visible()
    create(page, "way")


def go(page: Page, name: str) -> None:
    """Follow a link of the navigation."""
    page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()


def create(page: Page, name: str) -> None:
    """Save what is filled in; its page is shown then."""
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(rf"^{re.escape(name)}"))
