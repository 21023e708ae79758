"""What a start leaves out, for it would take time and memory that nobody has asked for."""

import subprocess
import sys

from alembic.config import Config
from alembic.script import ScriptDirectory
from connexion.spec import OpenAPISpecification

from scale_core.api.document import served_contract
from scale_core.db import schema

UNNEEDED = {
    "httpx",
    "requests",
    "flask",
    "starlette.testclient",
    "cryptography",
    "alembic",
    "websockets",
    "shapely",
    "docker",
}


def _imported(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_commands_that_serve_are_imported_without_what_few_need() -> None:
    assert _imported(f"import scale_scheduler.commands, sys; print({UNNEEDED!r} & set(sys.modules))") == "set()"


def test_others_get_the_real_thing_where_connexion_got_a_stand_in() -> None:
    code = "import scale_core.api, httpx, requests, starlette.testclient as test; "
    assert _imported(f"{code}print(httpx.Client.__name__, requests.get.__name__, test.TestClient.__name__)") == (
        "Client get TestClient"
    )


def test_connexion_gets_the_real_thing_once_it_asks() -> None:
    assert _imported("import scale_core.api, connexion.json_schema as one; print(one.requests.get.__name__)") == "get"


def test_what_is_not_validated_at_each_start_is_valid() -> None:
    OpenAPISpecification(served_contract(responses=True))


def test_the_revisions_are_those_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", "scale_core:db/migrations")
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert schema.revisions() == [one.revision for one in reversed(list(scripts.walk_revisions()))]
    assert schema.revisions()[-1] == scripts.get_current_head()


def test_a_node_agent_and_its_workers_are_without_dockers_client_until_they_run_a_container() -> None:
    code = "import scale_core.runner.agent, scale_engine_local.engine, sys; print('docker' in sys.modules)"
    assert _imported(code) == "False"
