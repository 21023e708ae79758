"""Recipe types are drawn: by clicking alone, by dragging, as text; and their revisions compared."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from fakes.example import LivedIn

MAKER, DETECTOR = "geotiff-maker", "point-detector"


@pytest.fixture
def chain(lived_in: LivedIn, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """A recipe type of one job; archived when the test is done."""
    given = {"recipe_input": "image", "job_input": "image"}
    jobs = [{"name": "one", "job_type": {"name": MAKER, "version": "1.0.0"}, "recipe_inputs": [given]}]
    inputs = [{"name": "image", "type": "file", "media_types": ["image/png"]}]
    definition = {"version": "1.0", "input_data": inputs, "jobs": jobs}
    body = {"name": request.node.name[-50:], "version": "1.0", "definition": definition}
    made = lived_in.create("/recipe-types/", body)
    yield made
    lived_in.change(f"/recipe-types/{made['id']}/", {"is_active": False})


def job(page: Page, name: str) -> Any:
    """What a job of the recipe is given."""
    return page.locator(".recipe-job", has=page.get_by_role("heading", name=name, exact=True))


def test_a_recipe_type_of_two_jobs_is_made_by_clicking_alone(page: Page, lived_in: LivedIn) -> None:
    page.get_by_role("link", name="Recipe types", exact=True).click()
    page.get_by_role("link", name="New recipe type").click()
    page.get_by_label("Name", exact=True).fill("drawn")
    page.get_by_role("combobox", name="Job type").select_option(label="GeoTIFF Maker 1.0.0")
    page.get_by_role("button", name="Add a job").click()
    page.get_by_role("combobox", name="Job type").select_option(label="Point Detector 1.0.0")
    page.get_by_role("button", name="Add a job").click()
    expect(job(page, DETECTOR)).to_contain_text("nothing is connected to the required input")
    page.get_by_label(f"Input image of {MAKER}").select_option(label="a new recipe input")
    image = page.get_by_label(f"Input image of {DETECTOR}")
    # The recipe's input is a PNG, which the detector does not take.
    expect(image.locator("option")).to_have_text(["nothing", f"{MAKER}: geo_image", "a new recipe input"])
    image.select_option(label=f"{MAKER}: geo_image")
    expect(page.get_by_text("right", exact=True)).to_be_visible()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("drawn")
    expect(page.get_by_role("group", name="Graph of the recipe").locator(".edge")).to_have_count(2)

    (made,) = [one for one in lived_in.results("/recipe-types/") if one["name"] == "drawn"]
    first, second = made["definition"]["jobs"]
    assert first["recipe_inputs"] == [{"recipe_input": "image", "job_input": "image"}]
    assert second["dependencies"] == [{"name": MAKER, "connections": [{"output": "geo_image", "input": "image"}]}]
    lived_in.change(f"/recipe-types/{made['id']}/", {"is_active": False})


def test_an_output_is_dragged_to_an_input_and_the_revisions_are_compared(
    page: Page, lived_in: LivedIn, chain: dict[str, Any]
) -> None:
    page.goto(f"{page.url}recipe-types/{chain['id']}/edit")
    page.get_by_role("combobox", name="Job type").select_option(label="Point Detector 1.0.0")
    page.get_by_role("button", name="Add a job").click()
    graph = page.get_by_role("group", name="Graph of the recipe")
    target = graph.locator(f'[data-job="{DETECTOR}"][data-input="image"] circle')
    expect(target).to_be_visible()
    graph.locator('[data-output="geo_image"] circle').hover()
    page.mouse.down()
    target.hover()
    expect(graph.locator(".takes")).to_have_count(1)
    page.mouse.up()
    expect(page.get_by_label(f"Input image of {DETECTOR}")).to_have_value('["one","geo_image"]')
    name = job(page, "one").get_by_label("Name of the job")
    name.fill("first")
    name.press("Enter")
    expect(page.get_by_text("right", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save as revision 2").click()
    expect(page.get_by_role("heading", name="Graph of revision 2")).to_be_visible()

    changed = page.get_by_role("group", name="What changed from revision 1 to 2")
    expect(changed.locator(".node.good")).to_have_text([re.compile("^first"), re.compile(f"^{DETECTOR}")])
    expect(changed.locator(".node.bad")).to_contain_text("one")
    text = page.get_by_role("region", name="What changed, as text")
    expect(text.locator("del").filter(has_text='"name": "one"')).to_have_count(1)
    expect(text.locator("ins").filter(has_text='"name": "first"')).not_to_have_count(0)
    assert lived_in.get(f"/recipe-types/{chain['id']}/revisions/")["count"] == 2


TYPED_AT_ONCE = """new MutationObserver((_, watching) => {
  const input = document.querySelector(".recipe-job input");
  if (!input) return;
  watching.disconnect();
  input.value = "at-once";
  input.dispatchEvent(new Event("input", { bubbles: true }));
}).observe(document, { childList: true, subtree: true })"""


def test_what_is_typed_as_soon_as_a_field_is_there_stays(page: Page, chain: dict[str, Any]) -> None:
    page.add_init_script(TYPED_AT_ONCE)
    page.goto(f"{page.url}recipe-types/{chain['id']}/edit")
    name = job(page, "one").get_by_label("Name of the job")
    expect(name).to_have_value("at-once")
    name.press("End")
    name.press("!")
    expect(name).to_have_value("at-once!")


def test_text_and_drawing_are_the_same_definition(page: Page, chain: dict[str, Any]) -> None:
    page.goto(f"{page.url}recipe-types/{chain['id']}/edit")
    page.get_by_role("button", name="JSON").click()
    text = page.get_by_label("Definition as JSON")
    text.fill(text.input_value().replace('"one"', '"typed"'))
    page.get_by_role("button", name="Drawing").click()
    expect(page.get_by_role("group", name="Graph of the recipe")).to_contain_text("typed")
    page.get_by_role("button", name="JSON").click()
    text.fill("{")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(job(page, "typed")).to_be_visible()


def test_what_is_begun_outlives_a_reload_until_it_is_saved_or_discarded(page: Page, chain: dict[str, Any]) -> None:
    page.once("dialog", lambda asked: asked.accept())
    page.goto(f"{page.url}recipe-types/{chain['id']}/edit")
    name = job(page, "one").get_by_label("Name of the job")
    name.fill("first")
    name.press("Enter")
    expect(job(page, "first")).to_be_visible()
    page.reload()
    expect(page.get_by_text("What you had begun was kept.")).to_be_visible()
    expect(job(page, "first")).to_be_visible()
    page.get_by_role("button", name="Discard it").click()
    expect(job(page, "one")).to_be_visible()
    page.reload()
    expect(job(page, "one")).to_be_visible()
    expect(page.get_by_text("What you had begun was kept.")).to_have_count(0)

    page.get_by_label("Title").fill("Saved")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Saved")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Title")).to_have_value("Saved")
    expect(page.get_by_text("What you had begun was kept.")).to_have_count(0)


def test_what_is_begun_says_that_others_have_changed_it_meanwhile(
    page: Page, lived_in: LivedIn, chain: dict[str, Any]
) -> None:
    page.once("dialog", lambda asked: asked.accept())
    page.goto(f"{page.url}recipe-types/{chain['id']}/edit")
    page.get_by_label("Title").fill("Mine")
    lived_in.change(f"/recipe-types/{chain['id']}/", {"description": "Theirs"})
    page.reload()
    expect(page.get_by_text("Meanwhile it has been changed elsewhere.")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Mine")
    page.get_by_role("button", name="Begin anew with that").click()
    expect(page.get_by_label("Description")).to_have_value("Theirs")
    expect(page.get_by_label("Title")).to_have_value("")


def test_a_change_is_told_about_before_it_is_saved(page: Page, lived_in: LivedIn) -> None:
    (lights,) = [one for one in lived_in.results("/recipe-types/") if one["name"] == "night-lights"]
    page.goto(f"{page.url}recipe-types/{lights['id']}/edit")
    expect(page.get_by_text("Nothing is wrong, nothing is to be warned of.")).to_be_visible()
    page.get_by_role("combobox", name="Job type").select_option(label="GeoTIFF Maker 1.0.0")
    page.get_by_role("button", name="Add a job").click()
    page.get_by_label(f"Input image of {MAKER}").select_option(label="recipe input image")
    expect(page.get_by_role("heading", name="What the change reaches")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text(
        "waiting jobs in recipes of the recipe type 'night-lights'", ignore_case=True
    )
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Back").click()
    expect(page.get_by_role("button", name=re.compile("Save as revision"))).to_be_enabled()
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_role("button", name="Leave, and lose it").click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    assert lived_in.get(f"/recipe-types/{lights['id']}/")["revision_num"] == lights["revision_num"]
