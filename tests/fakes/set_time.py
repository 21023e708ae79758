"""A clock that never goes back, for what measures how long something takes."""


class SetTime:
    """A clock that is moved by hand.

    :ivar now: what it shows, in seconds.
    """

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
