"""What of a group of launches fits into what is offered of its node."""

from collections.abc import Sequence

from scale_core.interfaces.engine import Launch, Resources, needs_of


def fit(room: Resources, launches: Sequence[Launch]) -> tuple[list[Launch], list[Launch]]:
    """Divide launches, in their order, into those that fit and those that do not.

    :param room: what is offered, without what the executor takes.
    """
    fitting, lost = [], []
    for launch in launches:
        need = needs_of(launch.plan)
        if need.fits_in(room):
            fitting.append(launch)
            room = room - need
        else:
            lost.append(launch)
    return fitting, lost
