"""What a change of a job type's settings means for jobs that are there already, beside what the code reads when."""

import pytest

from scale_core.db.prepared import Kept
from scale_core.domain.reach import COPIED_SETTINGS, REACHES, Reach, by_reach
from scale_core.services import ending_group, execution_queries
from scale_generated.models import JobTypeEdit

FOR_NEW_JOBS = {"is_active"}
"""What keeps new jobs from being made, and nothing else."""
FOR_PEOPLE = {"title", "description", "category", "author_name", "author_url", "icon_code"}
NAMES = {"id", "name", "version", "is_system"}
"""What of a job type no edit changes."""
STATEMENTS = {
    name: kept.statement("sqlite")
    for module in (execution_queries, ending_group)
    for name, kept in vars(module).items()
    if isinstance(kept, Kept)
}


def test_every_setting_that_can_be_edited_is_for_people_or_reaches_jobs_in_a_known_way() -> None:
    assert set(JobTypeEdit.__annotations__) - {"trigger_rule"} == FOR_PEOPLE | FOR_NEW_JOBS | set(REACHES)


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_the_scheduler_reads_of_a_job_type_is_known_to_reach_what_waits(name: str) -> None:
    text = str(STATEMENTS[name])
    read = {word.rpartition(".")[2].strip(",()") for word in text.split() if "job_type." in word}
    assert read - NAMES <= {setting for setting, reach in REACHES.items() if reach in (Reach.STARTED, Reach.ENDED)}


def test_settings_are_grouped_by_how_they_reach_jobs() -> None:
    assert by_reach(["title", "docker_image", "timeout", "priority"]) == {
        Reach.MADE: ["priority", "timeout"],
        Reach.STARTED: ["docker_image"],
    }
    assert "interface" not in COPIED_SETTINGS
