"""What every error mapper keeps to."""

from typing import get_args, get_type_hints

import pytest

from scale_core.interfaces.error import ErrorMapper, Failure
from scale_generated.enums import ErrorCategory

KINDS: tuple[str, ...] = get_args(get_type_hints(Failure)["kind"])


class ErrorMapperContract:
    """Subclass it and give ``mapper``."""

    @pytest.fixture
    def mapper(self) -> ErrorMapper:
        """An instance of the mapper."""
        pytest.fail("The subclass must give the fixture `mapper`")

    @pytest.fixture(params=KINDS)
    def failure(self, request: pytest.FixtureRequest) -> Failure:
        """A failure of each kind."""
        return Failure.from_document(
            {
                "kind": request.param,
                "message": "It failed.",
                "exit_code": 3 if request.param == "exit-code" else None,
                "signal": 11 if request.param == "signal" else None,
            }
        )

    def test_it_can_be_made_without_arguments(self, mapper: ErrorMapper) -> None:
        assert isinstance(type(mapper)(), ErrorMapper)

    def test_its_errors_have_names_of_their_own(self, mapper: ErrorMapper) -> None:
        names = [error.name for error in mapper.errors()]
        assert len(names) == len(set(names))
        assert all(name and not name.isdigit() for name in names)

    def test_its_errors_are_described_for_people(self, mapper: ErrorMapper) -> None:
        for error in mapper.errors():
            assert error.title
            assert error.description
            assert error.category in set(ErrorCategory)

    def test_it_names_only_errors_that_exist(self, mapper: ErrorMapper, failure: Failure) -> None:
        name = mapper.map(failure, {})
        assert name is None or name in {error.name for error in mapper.errors()}

    def test_the_job_types_mapping_of_exit_codes_stands_over_its_own(self, mapper: ErrorMapper) -> None:
        failure = Failure(kind="exit-code", message="It failed.", exit_code=3)
        assert mapper.map(failure, {3: "mapped"}) in ("mapped", None)

    def test_an_exit_code_mapping_concerns_exit_codes_only(self, mapper: ErrorMapper, failure: Failure) -> None:
        if failure.kind != "exit-code":
            assert mapper.map(failure, {3: "mapped", 11: "mapped"}) == mapper.map(failure, {})

    def test_a_cancel_is_no_error(self, mapper: ErrorMapper) -> None:
        assert mapper.map(Failure(kind="canceled", message="Canceled."), {}) is None

    def test_the_same_failure_is_the_same_error(self, mapper: ErrorMapper, failure: Failure) -> None:
        assert mapper.map(failure, {}) == type(mapper)().map(failure, {})
