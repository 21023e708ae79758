"""Making and changing things by clicking alone, with mistakes on the way, and without losing what was begun."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from fakes.access import add_user
from fakes.browser import MILLISECONDS, PASSWORD, WIDE, Faults, field, group, look_at, sign_in, type_into_new
from fakes.example import WORKSPACE, LivedIn, a_scan
from fakes.installations import installed
from fakes.running import RunningScale

FORMS: Final[Mapping[str, str]] = {
    "workspace-new": "workspaces/new",
    "workspace-edit": "workspaces/{workspace}/edit",
    "strike-new": "strikes/new",
    "strike-edit": "strikes/{strike}/edit",
    "scan-new": "scans/new",
    "scan-edit": "scans/{scan}/edit",
    "job-type-new": "job-types/new",
    "job-type-edit": "job-types/{job_type}/edit",
    "recipe-type-new": "recipe-types/new",
    "recipe-type-edit": "recipe-types/{recipe_type}/edit",
    "error-new": "errors/new",
    "clock-rule": "trigger-rules/{clock_rule}",
}


def at(lived_in: LivedIn, path: str) -> str:
    """The address of a page."""
    return f"{lived_in.http.base_url}ui/{path}"


@pytest.fixture(scope="module")
def tour(browser: Browser) -> Iterator[Page]:
    """One page that goes everywhere."""
    opened = browser.new_page()
    opened.set_default_timeout(MILLISECONDS)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def places(lived_in: LivedIn) -> Mapping[str, str]:
    """The path of each form."""
    ids = {
        "workspace": lived_in.results("/workspaces/")[0]["id"],
        "strike": lived_in.results("/strikes/")[0]["id"],
        "scan": lived_in.create("/scans/", a_scan("forms"))["id"],
        "job_type": lived_in.results("/job-types/", name="geotiff-maker")[0]["id"],
        "recipe_type": lived_in.results("/recipe-types/")[0]["id"],
        "clock_rule": lived_in.results("/trigger-rules/", type="CLOCK")[0]["id"],
    }
    return {name: path.format(**ids) for name, path in FORMS.items()}


def test_every_form_of_the_interface_is_looked_at() -> None:
    routes = (Path(__file__).parents[2] / "ui" / "src" / "routes.ts").read_text()
    patterns = {pattern.strip("/") for pattern in re.findall(r'\["(/[^"]*/(?:new|edit))", [A-Z]\w+\],', routes)}
    assert patterns <= {re.sub(r"{\w+}", ":id", path) for path in FORMS.values()}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_has_no_fault(
    name: str, tour: Page, places: Mapping[str, str], lived_in: LivedIn, axe: str, shots: Path
) -> None:
    faults = Faults(tour)
    tour.set_viewport_size(WIDE)
    tour.goto(at(lived_in, places[name]))
    expect(tour.locator(".form, .recipe-editor").first).to_be_visible()
    expect(tour.locator(".loading, .problem")).to_have_count(0)
    look_at(tour, shots / name, axe)
    assert faults.found == []


def test_a_workspace_is_made_and_changed(page: Page, lived_in: LivedIn, tmp_path: Path) -> None:
    page.goto(at(lived_in, "workspaces"))
    page.get_by_role("link", name="New workspace").click()
    page.get_by_role("button", name="Create").click()
    # What is missing is said beside the fields, and the first one is gone to.
    expect(field(page, "Name")).to_be_focused()
    expect(page.get_by_text("Is needed.")).to_be_visible()
    field(page, "Name").fill("my workspace")
    field(page, "Name").blur()
    expect(page.get_by_text("Does not fit what is said here.")).to_be_visible()
    field(page, "Name").fill("clicked")
    page.get_by_label("Type").select_option(label="host")
    field(page, "Host path").fill("data")
    page.get_by_role("button", name="Create").click()
    expect(field(page, "Host path")).to_have_attribute("aria-invalid", "true")
    # What only the API knows stands beside the field too, and in full.
    file = tmp_path / "file"
    file.touch()
    field(page, "Host path").fill(str(file))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("1 warning")).to_be_visible()
    page.get_by_role("button", name="Create in spite of warnings").click()
    expect(page.get_by_role("alert")).to_contain_text("The storage cannot be used")
    expect(group(page, "Broker").locator("> .fault")).to_contain_text("The storage cannot be used")
    field(page, "Host path").fill(str(tmp_path / "clicked"))
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("clicked")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    field(page, "Title").fill("Made by clicking")
    expect(page.get_by_role("list", name="Changes")).to_contain_text("Title")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Made by clicking")
    (made,) = lived_in.results("/workspaces/", name="clicked")
    assert lived_in.get(f"/workspaces/{made['id']}/")["json_config"] == {
        "version": "1.0",
        "broker": {"type": "host", "host_path": str(tmp_path / "clicked")},
    }


def test_a_strike_is_made_and_asked_about_a_file_name(page: Page, lived_in: LivedIn, tmp_path: Path) -> None:
    page.goto(at(lived_in, "strikes/new"))
    field(page, "Name").fill("clicked")
    field(page, "Mount").fill(str(tmp_path))
    field(page, "Transfer suffix").fill("_tmp")
    rule = group(page, "Rule 1")
    field(rule, "Expression for file names").fill("(.*")
    field(rule, "Workspace path").fill("clicked")
    field(rule, "Workspace name").fill("nowhere")
    page.get_by_role("button", name="Create").click()
    # The API knows Python's expressions, and the names that there are.
    expect(field(rule, "Expression for file names")).to_have_attribute("aria-invalid", "true")
    field(rule, "Expression for file names").fill(r".*\.tif")
    page.get_by_role("button", name="Create").click()
    expect(field(rule, "Workspace name")).to_have_attribute("aria-invalid", "true")
    field(rule, "Workspace name").fill(WORKSPACE)
    rule.get_by_role("button", name="Add data type").click()
    type_into_new(page, "tiff")
    # A second rule takes what the first one leaves, and is then moved before it.
    page.get_by_role("button", name="Add rule").click()
    second = group(page, "Rule 2")
    field(second, "Expression for file names").fill("secret.*")
    field(second, "Workspace path").fill("secrets")
    field(second, "Workspace name").fill(WORKSPACE)
    page.get_by_role("button", name="Move rule 2 up").click()
    expect(field(group(page, "Rule 1"), "Expression for file names")).to_have_value("secret.*")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("clicked")
    page.get_by_label("Name of a file, without a folder").fill("place.tif")
    page.get_by_role("button", name="What would become of it?").click()
    outcome = page.locator(".panel", has_text="Try a file name")
    expect(outcome).to_contain_text("2: .*\\.tif")
    expect(outcome).to_contain_text("INGESTED")
    expect(outcome).to_contain_text("tiff")
    expect(outcome.get_by_role("link", name=WORKSPACE)).to_be_visible()


def test_a_job_type_is_made_changed_and_paused(page: Page, lived_in: LivedIn) -> None:
    page.goto(at(lived_in, "job-types/new"))
    field(page, "Name").fill("clicked")
    field(page, "Version").fill("1.0")
    field(page, "Command").fill("cat")
    field(page, "Command arguments").fill("${file}")
    page.get_by_role("button", name="Add input").click()
    type_into_new(page, "file")
    page.get_by_role("button", name="Create").click()
    kind = field(group(page, "Input 1"), "Type")
    expect(kind).to_be_focused()
    kind.select_option("file")
    field(page, "Memory").fill("much")
    expect(page.get_by_text("Should be a number.")).to_be_visible()
    field(page, "Memory").fill("32")
    page.get_by_role("button", name="Add Error mapping").click()
    page.get_by_label("Name of a new entry of Exit codes").fill("two")
    page.get_by_role("button", name="Add to Exit codes").click()
    expect(page.get_by_text("This name does not fit.")).to_be_visible()
    page.get_by_label("Name of a new entry of Exit codes").fill("2")
    page.get_by_role("button", name="Add to Exit codes").click()
    type_into_new(page, "unreadable-image")
    rule = group(page, "Trigger rule")
    rule.get_by_label("Type").select_option("INGEST")
    field(rule, "Input data name").fill("wrong")
    field(rule, "Workspace name").fill(WORKSPACE)
    page.get_by_role("button", name="Create").click()
    expect(group(rule, "Configuration").locator("> .fault")).to_contain_text('there is no input "wrong"')
    field(rule, "Input data name").fill("file")
    rule.get_by_role("button", name="Add Condition").click()
    field(rule, "Media type").fill("application/x-clicked")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("clicked 1.0")
    expect(page.get_by_text("Unreadable image (DATA)")).to_be_visible()
    page.get_by_role("link", name="Edit").click()
    field(page, "Command arguments").fill("-n ${file}")
    expect(page.get_by_text("It becomes revision 2.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    # What the change would reach is told before it is made.
    page.get_by_role("button", name="Save in spite of warnings").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("clicked 1.0")
    page.get_by_role("button", name="Pause…").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("paused")
    page.get_by_role("link", name="New version").click()
    field(page, "Version").fill("2.0")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("clicked 2.0")
    versions = page.locator(".panel", has_text="Versions")
    expect(versions.get_by_role("link", name="1.0")).to_be_visible()


def test_a_scan_is_made_previewed_and_processed(page: Page, lived_in: LivedIn, tmp_path: Path) -> None:
    (tmp_path / "old.clicked").write_text("old\n")
    page.goto(at(lived_in, "scans/new"))
    field(page, "Name").fill("clicked")
    field(page, "Mount").fill(str(tmp_path))
    field(page, "Expression for file names").fill(".*")
    field(page, "Workspace path").fill("clicked")
    page.get_by_role("button", name="Create").click()
    expect(field(page, "Workspace name")).to_have_attribute("aria-invalid", "true")
    field(page, "Workspace name").fill(WORKSPACE)
    page.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Preview…").click()
    page.get_by_role("dialog").get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Rule 1 takes 1 files")).to_be_visible()
    page.get_by_role("button", name="Ingest…").click()
    page.get_by_role("dialog").get_by_role("button", name="Ingest").click()
    expect(page.get_by_text("Rule 1 takes 1 files")).to_have_count(2)


def test_a_scan_that_found_nothing_is_edited_and_ingests_anew(page: Page, lived_in: LivedIn, tmp_path: Path) -> None:
    body = a_scan("unmounted")
    body["configuration"]["mount"] = str(tmp_path)
    body["configuration"]["files_to_ingest"][0] |= {"workspace_name": WORKSPACE, "filename_regex": ".*old"}
    scan = lived_in.create("/scans/", body)
    page.goto(at(lived_in, f"scans/{scan['id']}"))
    ingest = page.get_by_role("button", name="Ingest…")
    ingest.click()
    page.get_by_role("dialog").get_by_role("button", name="Ingest").click()
    expect(page.get_by_text("Rule 1 takes 0 files")).to_be_visible()
    (tmp_path / "old.note").write_text("a note that nobody has seen\n")
    ingest.click()
    expect(page.get_by_role("dialog")).to_contain_text("took no file")
    page.get_by_role("dialog").get_by_role("button", name="Back").click()
    page.get_by_role("link", name="Edit").click()
    field(page, "Expression for file names").fill(".*note")
    expect(page.get_by_text("What it has found so far is discarded.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing has been ingested.")).to_be_visible()
    ingest.click()
    page.get_by_role("dialog").get_by_role("button", name="Ingest").click()
    expect(page.get_by_text("Rule 1 takes 1 files")).to_be_visible()


def test_an_error_and_a_clock_rule_are_changed(page: Page, lived_in: LivedIn) -> None:
    page.goto(at(lived_in, "errors/new"))
    field(page, "Name").fill("clicked")
    field(page, "Category").select_option("DATA")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("clicked")
    (retention,) = [one for one in lived_in.results("/trigger-rules/", type="CLOCK") if one["name"] == "retention"]
    page.goto(at(lived_in, f"trigger-rules/{retention['id']}"))
    field(page, "Schedule").fill("PT10S")
    page.get_by_role("button", name="Save").click()
    expect(field(page, "Schedule")).to_have_attribute("aria-invalid", "true")
    field(page, "Schedule").fill("PT12H")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trigger rules")
    assert lived_in.get(f"/trigger-rules/{retention['id']}/")["configuration"]["schedule"] == "PT12H"


def test_form_and_text_are_the_same_document(page: Page, lived_in: LivedIn) -> None:
    page.goto(at(lived_in, "workspaces/new"))
    field(page, "Name").fill("both")
    page.get_by_role("button", name="JSON").click()
    text = page.get_by_label("Document as JSON")
    expect(text).to_have_value(re.compile('"name": "both"'))
    text.fill('{"name": ')
    expect(page.get_by_text("This is no JSON")).to_be_visible()
    expect(page.get_by_role("button", name="Form")).to_be_disabled()
    text.fill('{"name": "both ways", "cheese": 1, "json_config": {"broker": {"type": "host"}}}')
    expect(page.locator(".fault-list")).to_contain_text("/json_config/broker/host_path Is needed.")
    page.get_by_role("button", name="Form").click()
    expect(field(page, "Name")).to_have_value("both ways")
    expect(field(page, "Host path")).to_have_value("")


def test_what_is_unsaved_is_not_lost_by_leaving(page: Page, lived_in: LivedIn) -> None:
    page.goto(at(lived_in, "workspaces"))
    page.get_by_role("link", name="New workspace").click()
    field(page, "Name").fill("begun")
    page.get_by_role("link", name="Jobs", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Leave without saving?")
    dialog.get_by_role("button", name="Back").click()
    page.go_back()
    expect(dialog).to_contain_text("Leave without saving?")
    dialog.get_by_role("button", name="Back").click()
    expect(field(page, "Name")).to_have_value("begun")
    # The browser asks who closes the page or loads it anew; what was begun is there again then.
    page.once("dialog", lambda asked: asked.accept())
    page.reload()
    expect(page.get_by_text("What you had begun was kept.")).to_be_visible()
    expect(field(page, "Name")).to_have_value("begun")
    page.go_back()
    dialog.get_by_role("button", name="Leave, and lose it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Workspaces")
    page.get_by_role("link", name="New workspace").click()
    expect(field(page, "Name")).to_have_value("")


@pytest.fixture(scope="module")
def admin(guarded: RunningScale) -> str:
    """The name of an admin of the Scale that asks who its users are."""
    with installed(guarded.data_dir) as context:
        add_user(context, "adam", "admin", PASSWORD)
    return "adam"


def test_what_is_begun_outlives_the_session(context: BrowserContext, guarded: RunningScale, admin: str) -> None:
    page = context.new_page()
    page.goto(f"{guarded.http.base_url}ui/workspaces/new")
    sign_in(page, admin)
    field(page, "Name").fill("begun")
    page.get_by_label("Type").select_option(label="host")
    field(page, "Host path").fill("/data")
    context.clear_cookies()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Sign in to Scale")).to_be_visible()
    sign_in(page, admin)
    expect(page.get_by_text("What you had begun was kept.")).to_be_visible()
    expect(field(page, "Host path")).to_have_value("/data")


def test_who_may_not_change_it_looks_at_it(context: BrowserContext, guarded: RunningScale) -> None:
    page = context.new_page()
    page.goto(f"{guarded.http.base_url}ui/workspaces")
    sign_in(page, "vera")
    expect(page.get_by_role("heading", name="Workspaces")).to_be_visible()
    expect(page.get_by_role("link", name="New workspace")).to_have_count(0)
    page.goto(f"{guarded.http.base_url}ui/errors/1")
    expect(page.get_by_text("Only who has the role operator may change this.")).to_be_visible()
    expect(field(page, "Title")).not_to_be_editable()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
