"""Every operation of the document, asked what nobody here thought of: schemathesis makes the requests out of the
schemas and follows the links, and checks the answers."""

import json
from importlib import resources
from typing import Any, Final

import hypothesis
import schemathesis
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.generation.case import Case
from schemathesis.specs.openapi import checks

from fakes.databases import on_postgres
from fakes.examples import examples

EXAMPLES: Final = examples(5)
"""Requests to each operation beside those that try each limit of each schema."""
SEQUENCES: Final = 4 * EXAMPLES
"""Sequences of linked requests."""
STEPS: Final = 10


@schemathesis.check
def an_error_says_where(ctx: schemathesis.CheckContext, response: Response, case: Case[Any]) -> None:
    """A 400 names each place that is wrong; one to what is no HTTP at all comes from the server below us, as text."""
    if response.status_code == 400 and "json" in response.headers["content-type"][0]:
        assert response.json().get("errors"), "a 400 without the places that are wrong"


CHECKS: Final = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.allow_header_conformance,
    an_error_says_where,
]
"""Not among them: that data which keeps the schema is accepted. What a schema cannot say is checked by the services,
and answered 400."""

SETTINGS: Final = hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
)

DOCUMENT: Final[dict[str, Any]] = json.loads((resources.files("scale_generated") / "openapi.json").read_bytes())
SCHEMA: Final = schemathesis.openapi.from_dict(DOCUMENT)
if on_postgres():  # what breaks the document is refused before there is a database, and is tried on SQLite
    SCHEMA.config.generation.update(modes=[schemathesis.GenerationMode.POSITIVE])


@SCHEMA.parametrize()
@SETTINGS
def test_an_operation_answers_what_the_document_says(case: Case[Any], own_seeded_url: str) -> None:
    case.call_and_validate(base_url=own_seeded_url, checks=CHECKS)


def test_linked_operations_answer_what_the_document_says(own_seeded_url: str) -> None:
    # A runner of its own: what hypothesis would repeat to make a failure smaller has changed the database already.
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.config.update(base_url=own_seeded_url)
    schema.config.generation.update(max_examples=SEQUENCES, deterministic=True, no_shrink=True, database="none")
    schema.config.checks.update(included_check_names=[check.__name__ for check in CHECKS])
    phases = schema.config.phases
    phases.examples.enabled = phases.coverage.enabled = phases.fuzzing.enabled = False
    phases.stateful.max_steps = STEPS

    faults, followed = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            faults.append(str(event))
        elif isinstance(event, events.ScenarioFinished):
            checked = [check for checks_of_case in event.recorder.checks.values() for check in checks_of_case]
            faults += [str(check.failure_info) for check in checked if check.failure_info is not None]
            followed += sum(case.transition is not None for case in event.recorder.cases.values())
    assert faults == []
    assert followed, "no link was followed"
