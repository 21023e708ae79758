"""What operators do all day: find what failed and why, cancel, requeue, follow a log, pause."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from fakes.browser import MILLISECONDS, sign_in
from fakes.example import LivedIn, a_scan
from fakes.running import RunningScale


@pytest.fixture
def held(lived_in: LivedIn, tmp_path: Path) -> Iterator[int]:
    """A job that runs until it is canceled, or told to end by the file ``ended``."""
    job_id = lived_in.hold(tmp_path / "ended")
    lived_in.in_status(job_id, "RUNNING")
    yield job_id
    (tmp_path / "ended").touch()
    lived_in.ended(job_id)


def test_why_a_job_failed_is_two_clicks_from_the_dashboard(page: Page, lived_in: LivedIn) -> None:
    page.get_by_role("link", name="Failed, 24 h").click()
    page.get_by_role("link", name="Unreadable image").click()
    reason = page.get_by_role("region", name="Unreadable image")
    expect(reason).to_contain_text("At fault: the data")
    expect(reason).to_contain_text("The command ended with exit code 2")
    expect(reason).to_contain_text("Exit code 2 of the job is the error unreadable-image")
    expect(page.get_by_role("log")).to_contain_text("is no image that can be opened")
    assert page.url.endswith(f"/ui/jobs/{lived_in.failed_job}")


def test_a_job_is_canceled_and_requeued_by_clicking(page: Page, held: int, lived_in: LivedIn) -> None:
    page.goto(f"{page.url}jobs/{held}")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("RUNNING")
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel the job").click()
    expect(heading).to_contain_text("CANCELED")
    page.get_by_role("button", name="Requeue…").click()
    page.get_by_role("button", name="Requeue 1 job").click()
    expect(heading).to_contain_text(re.compile("QUEUED|RUNNING"))
    lived_in.in_status(held, "RUNNING")
    expect(page.get_by_text("Executions (2)")).to_be_visible()


def test_many_jobs_are_changed_once_it_is_seen_which(page: Page, held: int, lived_in: LivedIn) -> None:
    page.goto(f"{page.url}jobs?status=RUNNING&job_type_name=hold")
    page.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 hold 1.0")
    dialog.get_by_role("button", name="Back").click()
    assert lived_in.get(f"/jobs/{held}/")["status"] == "RUNNING"
    page.get_by_role("checkbox", name=f"Select job {held}").check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel 1 job").click()
    expect(page.get_by_text("No job fits")).to_be_visible()
    lived_in.in_status(held, "CANCELED")


def test_what_cannot_be_requeued_is_not(page: Page) -> None:
    page.goto(f"{page.url}jobs?status=FAILED&job_type_name=quicklook")
    page.get_by_role("button", name="Requeue…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("None of these jobs can be requeued")
    expect(dialog.get_by_role("button", name="Requeue", exact=True)).to_be_disabled()


def test_an_error_of_the_api_is_shown_in_full(page: Page) -> None:
    page.goto(f"{page.url}jobs?status=COMPLETED")
    page.get_by_role("button", name="Requeue…").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("/status")


def test_a_log_is_followed_and_searched(page: Page, lived_in: LivedIn, tmp_path: Path) -> None:
    job_id = lived_in.hold(tmp_path / "go-on")
    lived_in.in_status(job_id, "RUNNING")
    page.goto(f"{page.url}jobs/{job_id}")
    log = page.get_by_role("log")
    expect(log).to_contain_text("first line")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    (tmp_path / "go-on").touch()
    expect(log).to_contain_text("last line")
    expect(page.get_by_text("ended", exact=True)).to_be_visible()
    page.get_by_role("searchbox", name="Search the log").fill("LINE")
    expect(log.locator("mark")).to_have_text(["line", "line"])
    expect(page.get_by_text("2 found")).to_be_visible()
    lived_in.ended(job_id)


def test_a_log_is_empty_once_that_is_known(page: Page, held: int, lived_in: LivedIn) -> None:
    held_back: list[Route] = []
    page.route(re.compile(r"/job-executions/\d+/logs/\?"), lambda route: held_back.append(route))
    page.goto(f"{page.url}jobs/{held}")
    panel = page.locator(".log")
    expect(panel.locator(".spinner")).to_be_visible()
    expect(panel.get_by_text("Nothing yet.")).to_have_count(0)
    (execution, *_) = lived_in.get(f"/jobs/{held}/")["job_exes"]
    log = lived_in.get(f"/job-executions/{execution['id']}/logs/")
    nothing = {**log, "stdout": "", "stderr": "", "stdout_next_offset": 0, "stderr_next_offset": 0}
    page.route(re.compile(r"/job-executions/\d+/logs/\?"), lambda route: route.fulfill(json=nothing))
    for route in held_back:
        route.fulfill(json=nothing)
    expect(panel.get_by_text("Nothing yet.")).to_be_visible()
    expect(panel.locator(".spinner")).to_have_count(0)


def test_where_a_part_of_a_page_cannot_be_had_the_error_stands_in_its_place(page: Page, lived_in: LivedIn) -> None:
    page.route(re.compile(r"/job-executions/\d+/$|/lineage/"), lambda route: route.fulfill(status=503))
    page.goto(f"{page.url}jobs/{lived_in.failed_job}")
    expect(page.locator(".failure").get_by_role("alert")).to_contain_text("503")
    page.get_by_role("link", name="N60E010.png").click()
    lineage = page.locator(".panel", has=page.get_by_role("heading", name="Lineage"))
    expect(lineage.get_by_role("alert")).to_contain_text("503")
    expect(page.get_by_role("heading", name="N60E010.png")).to_be_visible()


def test_where_another_page_of_a_list_cannot_be_had_the_error_is_shown_and_not_the_page_before(page: Page) -> None:
    page.goto(f"{page.url}jobs")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    page.route(re.compile(r"/jobs/\?.*status=FAILED"), lambda route: route.fulfill(status=503))
    page.get_by_role("combobox", name="Status").select_option("FAILED")
    expect(page.get_by_role("alert")).to_contain_text("503")
    expect(page.locator("tbody tr")).to_have_count(0)
    expect(page.locator('[aria-busy="true"]')).to_have_count(0)


def test_why_a_job_waits_is_said_in_words(page: Page, lived_in: LivedIn) -> None:
    (blocked,) = lived_in.results("/jobs/", status="BLOCKED")
    page.goto(f"{page.url}jobs/{blocked['id']}")
    expect(page.get_by_text("It depends on 'make_geotiff'")).to_be_visible()
    page.get_by_role("link", name=f"job {lived_in.failed_job}").click()
    expect(page.get_by_role("heading", name=f"Job {lived_in.failed_job}")).to_be_visible()


def test_filters_survive_a_reload_and_the_way_back(page: Page) -> None:
    page.goto(f"{page.url}jobs")
    page.get_by_role("combobox", name="Status").select_option("COMPLETED")
    page.get_by_role("combobox", name="Job type").select_option(label="Quicklook")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.go_back()
    expect(page.get_by_role("combobox", name="Job type")).to_have_value("")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("combobox", name="Status")).to_have_value("")


def test_pages_of_a_list_are_turned_by_the_links_of_the_api(page: Page, lived_in: LivedIn) -> None:
    found = lived_in.get("/jobs/", page_size=1, order="-id")
    # The smallest page on offer is larger than what there is: the first answer is cut down to one row.
    first = {**found, "previous": None}
    page.route(re.compile(r"/jobs/\?page_size=50&order=-id$"), lambda route: route.fulfill(json=first))
    page.goto(f"{page.url}jobs?order=-id")
    page.get_by_role("button", name="Next page").click()
    expect(page).to_have_url(re.compile("cursor="))
    expect(page.get_by_role("button", name="Previous page")).to_be_enabled()
    shown = page.locator("tbody tr td:nth-child(2)").first
    expect(shown).not_to_have_text(str(found["results"][0]["id"]))


def test_the_scheduler_and_a_node_are_paused_with_a_reason_and_resumed(page: Page, lived_in: LivedIn) -> None:
    page.get_by_role("button", name="Pause the scheduler").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause the scheduler").click()
    expect(page.get_by_text("Scheduler paused")).to_be_visible()
    page.get_by_role("button", name="Resume the scheduler").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume the scheduler").click()
    expect(page.get_by_text("Scheduler online")).to_be_visible()
    page.get_by_role("link", name="Nodes", exact=True).click()
    page.get_by_role("button", name=re.compile("Pause .*")).click()
    field = page.get_by_label("Reason, for others who look")
    field.fill("loud " * 51)
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".fault")).to_contain_text("250")
    field.fill("A fan is loud")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_text("A fan is loud")).to_be_visible()
    page.get_by_role("button", name=re.compile("Resume .*")).click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_text("A fan is loud")).to_have_count(0)
    assert not lived_in.get("/scheduler/")["is_paused"]


@pytest.mark.parametrize("kind", ["trigger-rules", "strikes"])
def test_what_does_not_work_is_marked_in_the_list_and_says_why_on_its_page(
    page: Page, lived_in: LivedIn, kind: str
) -> None:
    (one, *_) = lived_in.results(f"/{kind}/")
    detailed = lived_in.get(f"/{kind}/{one['id']}/")
    trouble = {"trouble": "The plugin broke: ZeroDivisionError.", "trouble_since": "2026-01-02T03:04:05.000Z"}
    if kind == "strikes":
        del trouble["trouble_since"]
    found = {"count": 1, "next": None, "previous": None, "results": [{**one, **trouble}]}
    page.route(re.compile(rf"/{kind}/\?"), lambda route: route.fulfill(json=found))
    page.route(re.compile(rf"/{kind}/\d+/$"), lambda route: route.fulfill(json={**detailed, **trouble}))
    page.goto(f"{page.url}{kind}")
    expect(page.locator("tbody tr")).to_contain_text("trouble")
    page.locator("tbody tr a").first.click()
    shown = page.get_by_role("region", name="Trouble")
    expect(shown).to_contain_text("The plugin broke: ZeroDivisionError.")
    expect(shown.locator("time")).to_have_count(len(trouble) - 1)


def test_a_rule_of_the_clock_says_its_trouble_where_it_is_edited(page: Page, lived_in: LivedIn) -> None:
    (one, *_) = lived_in.results("/trigger-rules/", type="CLOCK")
    trouble = {"trouble": "The plugin broke.", "trouble_since": "2026-01-02T03:04:05.000Z"}
    answer = {**lived_in.get(f"/trigger-rules/{one['id']}/"), **trouble}
    page.route(re.compile(r"/trigger-rules/\d+/$"), lambda route: route.fulfill(json=answer))
    page.goto(f"{page.url}trigger-rules/{one['id']}")
    expect(page.get_by_role("region", name="Trouble")).to_contain_text("The plugin broke.")


def test_a_scan_tells_how_many_of_its_ingests_were_canceled(page: Page, lived_in: LivedIn) -> None:
    made = lived_in.create("/scans/", a_scan("canceled"))
    answer = {**made, "ingests": [{"status": "TRANSFERRED", "count": 5}], "ingests_canceled": 3}
    page.route(re.compile(r"/scans/\d+/$"), lambda route: route.fulfill(json=answer))
    found = {"count": 1, "next": None, "previous": None, "results": [{**made, "ingests_canceled": 3}]}
    page.route(re.compile(r"/scans/\?"), lambda route: route.fulfill(json=found))
    page.goto(f"{page.url}scans")
    expect(page.locator("tbody tr")).to_contain_text("3 files canceled")
    page.locator("tbody tr a").first.click()
    expect(page.get_by_text("3 of TRANSFERRED")).to_be_visible()


def test_ingests_that_a_scan_made_are_canceled_after_it_has_seen_everything(page: Page, lived_in: LivedIn) -> None:
    made = lived_in.create("/scans/", a_scan("done"))
    moment = made["created"]
    counts = dict.fromkeys(("files_seen", "files_known", "files_unmatched", "files_refused", "bytes_seen"), 0)
    progress = {**counts, "started": moment, "ended": moment, "at": "c", "folders": 1, "files_taken": 3}
    progress |= {"bytes_taken": 3, "rules": [], "refused": []}
    done = {**made, "progress": progress, "ingests": [{"status": "TRANSFERRED", "count": 3}], "ingests_waiting": 2}
    answers = [done]
    page.route(re.compile(r"/scans/\d+/$"), lambda route: route.fulfill(json=answers[-1]))

    def cancel(route: Route) -> None:
        answers.append({**done, "ingests_waiting": 0, "ingests_canceled": 2})
        route.fulfill(json=answers[-1])

    page.route(re.compile(r"/scans/\d+/cancel/$"), cancel)
    page.goto(f"{page.url}scans/{made['id']}")
    buttons = page.get_by_role("button")
    expect(buttons.filter(has_text="Preview…")).to_be_visible()
    expect(buttons.filter(has_text="Ingest…")).to_have_count(0)
    buttons.filter(has_text="Cancel…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 ingests that it made and that have not begun are canceled")
    expect(dialog).not_to_contain_text("The job that looks through the files")
    dialog.get_by_role("button", name="Cancel the Scan").click()
    expect(buttons.filter(has_text="Cancel…")).to_have_count(0)
    buttons.filter(has_text="Ingest…").click()
    expect(dialog).to_contain_text("takes up the 2 files whose ingests were canceled")


def test_who_uses_it_signs_in_and_out(context: BrowserContext, guarded: RunningScale) -> None:
    page = context.new_page()
    page.goto(f"{guarded.http.base_url}ui/jobs?status=FAILED")
    sign_in(page, "olga", "something else")
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    sign_in(page, "olga")
    expect(page.get_by_text("olga (operator)")).to_be_visible()
    # What was wanted is shown, and changes show the token of the session.
    expect(page.get_by_text("No job fits")).to_be_visible()
    page.goto(f"{guarded.http.base_url}ui/")
    page.get_by_role("button", name="Pause the scheduler").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause the scheduler").click()
    expect(page.get_by_role("button", name="Resume the scheduler")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Scale")).to_be_visible()


def test_who_may_only_look_is_offered_nothing_else(browser: Browser, guarded: RunningScale) -> None:
    page = browser.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.goto(f"{guarded.http.base_url}ui/jobs")
    sign_in(page, "vera")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel…")).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    page.close()


def test_a_session_that_has_ended_is_asked_for_again(context: BrowserContext, guarded: RunningScale) -> None:
    page = context.new_page()
    page.goto(f"{guarded.http.base_url}ui/jobs")
    sign_in(page, "vera")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    context.clear_cookies()
    expect(page.get_by_role("heading", name="Sign in to Scale")).to_be_visible()
