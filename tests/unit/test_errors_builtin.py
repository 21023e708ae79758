"""The builtin errors."""

import pytest

from scale_core.interfaces.error import ErrorMapper, Failure
from scale_core.testing import ErrorMapperContract
from scale_core.testing.error import KINDS
from scale_errors_builtin.mapper import BuiltinErrorMapper


class TestBuiltinErrorMapper(ErrorMapperContract):
    @pytest.fixture
    def mapper(self) -> ErrorMapper:
        return BuiltinErrorMapper()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "canceled"])
def test_every_kind_of_failure_has_an_error(kind: str) -> None:
    assert BuiltinErrorMapper().map(Failure.from_document({"kind": kind, "message": "x"}), {}) is not None


def test_every_builtin_error_is_used() -> None:
    mapper = BuiltinErrorMapper()
    used = {mapper.map(Failure.from_document({"kind": kind, "message": "x"}), {}) for kind in KINDS}
    assert {error.name for error in mapper.errors()} == used - {None}


def test_a_listed_exit_code_is_the_error_that_the_job_type_says() -> None:
    failure = Failure(kind="exit-code", message="x", exit_code=1)
    assert BuiltinErrorMapper().map(failure, {1: "bad-data"}) == "bad-data"


def test_an_unlisted_exit_code_is_the_algorithms_fault() -> None:
    mapper = BuiltinErrorMapper()
    failure = Failure(kind="exit-code", message="x", exit_code=2)
    assert mapper.map(failure, {1: "bad-data"}) == "algorithm-unknown"
    assert {error.name: error.category for error in mapper.errors()}["algorithm-unknown"] == "ALGORITHM"


@pytest.mark.parametrize("kind", ["launch", "input", "output-storage", "node-lost", "engine", "unknown"])
def test_failures_of_ours_are_of_the_system(kind: str) -> None:
    mapper = BuiltinErrorMapper()
    name = mapper.map(Failure.from_document({"kind": kind, "message": "x"}), {})
    assert {error.name: error.category for error in mapper.errors()}[str(name)] == "SYSTEM"


def test_a_listed_exit_code_of_a_container_that_a_signal_ended_is_the_error_that_the_job_type_says() -> None:
    failure = Failure(kind="signal", message="x", exit_code=139, signal=11)
    assert BuiltinErrorMapper().map(failure, {139: "bad-data"}) == "bad-data"
    assert BuiltinErrorMapper().map(failure, {1: "bad-data"}) == "algorithm-killed"
