"""What nodes have and executions need beside cpus, memory and disk."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.cluster import node, queued
from scale_core.domain.placement import Capacity, Demand, Policy, Reason, Standing, place
from scale_core.domain.resources import custom_of
from scale_core.interfaces.engine import OptionError, Resources, custom_amounts
from scale_core.interfaces.options import amounts
from scale_core.specs import SpecLibrary
from scale_engine_local.options import Options

SPECS = SpecLibrary.packaged()

TWO_GPUS = Resources(4, 4, 4, custom_amounts({"gpus": 2}))
ONE_GPU = Resources(1, 1, 1, custom_amounts({"gpus": 1}))
NO_GPU = Resources(4, 4, 4)


def test_what_is_taken_and_given_back_is_what_was_there() -> None:
    left = TWO_GPUS - ONE_GPU - ONE_GPU
    assert left == Resources(2, 2, 2)
    assert left + ONE_GPU + ONE_GPU == TWO_GPUS


@pytest.mark.parametrize(
    ("need", "room", "fits"),
    [
        (ONE_GPU, TWO_GPUS, True),
        (ONE_GPU, NO_GPU, False),
        (NO_GPU, TWO_GPUS, True),
        (Resources(0, 0, 0, (("licenses", 1.0),)), TWO_GPUS, False),
    ],
)
def test_a_need_fits_where_there_is_as_much_of_each(need: Resources, room: Resources, fits: bool) -> None:
    assert need.fits_in(room) is fits


def test_an_execution_is_placed_where_there_is_what_it_needs_and_the_next_one_waits_for_it() -> None:
    nodes = [node(1, NO_GPU), node(2, TWO_GPUS)]
    queue = [queued(number, ONE_GPU) for number in range(3)]
    decision = place(Demand(queue, queue[0].queued), Capacity(nodes), Policy(), Standing())
    assert [(one.execution_id, one.node_id) for one in decision.placements] == [(0, 2), (1, 2)]
    (waiting,) = decision.waiting
    assert (waiting.execution_id, waiting.reason) == (2, Reason.IN_USE)
    assert "1 MiB of disk and 1 gpus" in waiting.detail


def test_what_needs_more_than_any_node_has_is_told_of_what_and_how_much_there_is() -> None:
    queue = [queued(0, Resources(1, 1, 1, (("gpus", 3.0),)))]
    decision = place(
        Demand(queue, queue[0].queued), Capacity([node(1, NO_GPU), node(2, TWO_GPUS)]), Policy(), Standing()
    )
    assert [one.reason for one in decision.waiting] == [Reason.TOO_LARGE]
    assert "the most gpus that one has is 2" in decision.waiting[0].detail


def test_a_node_whose_gpus_are_all_in_use_can_be_kept_for_one_that_waits_long() -> None:
    nodes = [node(1, Resources(4, 4, 4), TWO_GPUS)]
    queue = [queued(0, ONE_GPU), queued(1, Resources(1, 1, 1))]
    late = queue[0].queued.replace(year=queue[0].queued.year + 1)
    decision = place(Demand(queue, late, queue[:1]), Capacity(nodes), Policy(), Standing((), 1.0))
    assert [one.execution_id for one in decision.placements] == [1]
    assert [one.execution_id for one in decision.waiting] == [0]


def test_no_document_and_an_empty_one_are_no_need() -> None:
    assert custom_of(None) == custom_of({"version": "1.0", "resources": {}}) == ()
    assert custom_of({"resources": {"licenses": 2, "gpus": 0.5}}) == (("gpus", 0.5), ("licenses", 2.0))


def test_the_local_engine_has_what_its_option_says() -> None:
    assert Options.of({"resources": "licenses:5; gpus:2"}).custom == (("gpus", 2.0), ("licenses", 5.0))
    assert Options.of({}).custom == ()


@pytest.mark.parametrize("option", ["gpus", "gpus:", "gpus:many", "gpus:-1", "cpus:4", ":2", "two words:1", 3])
def test_an_option_that_is_no_amounts_is_named(option: Any) -> None:
    with pytest.raises(OptionError, match="'resources' of the engine 'local'"):
        amounts({"resources": option}, "resources", "local")


@given(
    st.from_regex(r"[A-Za-z0-9_.-]{1,52}", fullmatch=True) | st.sampled_from(["cpus", "mem", "disk", "ports", "disks"])
)
def test_an_option_has_the_names_that_documents_have(name: str) -> None:
    document = {"version": "1.0", "resources": {name: 1}}
    is_in_documents = SPECS.problems("custom-resources", document) == []
    try:
        found = amounts({"resources": f"{name}:1"}, "resources", "local")
    except OptionError:
        found = {}
    assert (found == {name: 1.0}) == is_in_documents
