"""Where settings come from, and what is said of wrong ones."""

from pathlib import Path
from typing import Any

import pytest

from scale_core.settings import SettingsError, load_settings


def test_flags_count_before_variables_before_the_file_before_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "scale.toml"
    file.write_text('bind = "127.0.0.1:1"\ndata_dir = "file"\nengine = {name = "x", cpus = 2}\n')
    settings = load_settings(
        {"config": str(file), "bind": "127.0.0.1:3", "engine": None},
        {"SCALE_BIND": "127.0.0.1:2", "SCALE_DATA_DIR": "variable", "SCALE_ENGINE_MEM": "64"},
    )
    assert (settings.bind, settings.data_dir, settings.engine) == ("127.0.0.1:3", Path("variable"), "x")
    assert settings.engine_options == {"cpus": 2, "mem": "64"}
    assert settings.grace_seconds == 10.0


def test_variables_of_the_chosen_engine_are_its_options() -> None:
    environ = {"SCALE_MESOS_MASTER": "10.0.0.1:5050", "SCALE_ENGINE_ROLE": "x", "SCALE_OTHER_MASTER": "y"}
    chosen = load_settings({}, environ | {"SCALE_ENGINE": "mesos"})
    assert (chosen.engine, chosen.engine_options) == ("mesos", {"master": "10.0.0.1:5050", "role": "x"})
    assert load_settings({"engine": "mesos"}, environ).engine_options == chosen.engine_options
    assert load_settings({}, environ).engine_options == {"role": "x"}


def test_kinds_of_storage_have_options_in_tables_and_variables(tmp_path: Path) -> None:
    file = tmp_path / "scale.toml"
    file.write_text('[storage.nfs]\ntimeout = 5\ntransfers = 2\n[storage.nfs.mounts]\n"host:/a" = "/mnt/a"\n')
    environ = {"SCALE_STORAGE_NFS_TIMEOUT": "7", "SCALE_STORAGE_OTHER_SECRET_KEY": "hidden", "SCALE_STORAGE_": "x"}
    settings = load_settings({"config": str(file)}, environ)
    assert settings.storage_options == {
        "nfs": {"timeout": "7", "transfers": 2, "mounts": {"host:/a": "/mnt/a"}},
        "other": {"secret_key": "hidden"},
    }
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize("text", ["storage = 1", "[storage]\nnfs = 1"])
def test_options_of_storage_are_in_tables(tmp_path: Path, text: str) -> None:
    file = tmp_path / "scale.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"\[storage\.nfs\]"):
        load_settings({"config": str(file)}, {})


def test_how_long_waiting_counts_is_read_from_variables_and_the_file(tmp_path: Path) -> None:
    file = tmp_path / "scale.toml"
    file.write_text("long_wait_seconds = 60\nlong_wait_share = 0.1\n")
    settings = load_settings({"config": str(file)}, {"SCALE_LONG_WAIT_SHARE": "0.5"})
    assert (settings.long_wait_seconds, settings.long_wait_share) == (60.0, 0.5)


def test_the_public_url_has_no_slash_at_its_end() -> None:
    settings = load_settings({}, {"SCALE_PUBLIC_URL": "https://scale.example/api/"})
    assert settings.public_url == "https://scale.example/api"


@pytest.mark.parametrize(
    "line",
    [
        "bind = 8580",
        "data_dir = 5",
        'data_dir = ""',
        "grace_seconds = [1]",
        'grace_seconds = "nan"',
        "grace_seconds = -1",
        "long_wait_seconds = -1",
        'long_wait_seconds = "soon"',
        "long_wait_share = 0.51",
        "long_wait_share = -0.1",
        "long_wait_share = nan",
        'log_level = "LOUD"',
        "log_level = 10",
        'log_format = "xml"',
        "metrics_bind = 9",
        'public_url = "scale.example"',
        'public_url = "ftp://scale.example"',
        'public_url = "https://scale.example/?a=b"',
        "auth = 1",
        'auth = "perhaps"',
        "max_request_mib = -1",
        "node_failures = -1",
        "node_failures = 2.5",
        'node_failures = "many"',
        "node_failure_seconds = -1",
        "surprise = 1",
        "bind =",
    ],
)
def test_a_wrong_setting_is_one_error_that_names_it(tmp_path: Path, line: str) -> None:
    file = tmp_path / "scale.toml"
    file.write_text(line)
    with pytest.raises(SettingsError, match="not TOML" if line == "bind =" else line.partition(" ")[0]):
        load_settings({"config": str(file)}, {})


@pytest.mark.parametrize("bind", ["8580", "localhost", "localhost:x", "127.0.0.1:99999"])
def test_an_address_is_a_host_and_a_port(bind: str) -> None:
    given: dict[str, Any] = {"bind": bind}
    with pytest.raises(SettingsError, match="bind"):
        _ = load_settings(given, {}).address


@pytest.mark.parametrize(("text", "is_on"), [("on", True), ("TRUE", True), ("1", True), ("off", False), ("no", False)])
def test_access_control_is_switched_by_variables_too(text: str, is_on: bool) -> None:
    assert load_settings({}, {"SCALE_AUTH": text}).auth is is_on
    assert load_settings({"auth": not is_on}, {"SCALE_AUTH": text}).auth is not is_on
    assert load_settings({}, {}).auth is False


def test_where_the_scheduler_tells_how_it_is_can_be_nowhere() -> None:
    assert load_settings({}, {"SCALE_METRICS_BIND": ""}).metrics_address is None
    assert load_settings({}, {"SCALE_METRICS_BIND": "[::1]:9"}).metrics_address == ("::1", 9)
    with pytest.raises(SettingsError, match="metrics_bind"):
        _ = load_settings({"metrics_bind": "9"}, {}).metrics_address


def test_logs_are_set_up_like_everything_else(tmp_path: Path) -> None:
    file = tmp_path / "scale.toml"
    file.write_text('log_level = "error"\nlog_format = "json"\n')
    settings = load_settings({"config": str(file), "log_format": None}, {"SCALE_LOG_LEVEL": "debug"})
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")
