"""The frames between Scale, its agent and the agent's workers."""

from hypothesis import given
from hypothesis import strategies as st

from scale_core.runner.frames import FrameReader, Kind, frame

FRAMES = st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2**63 - 1), st.binary(max_size=200)), max_size=10)


@given(FRAMES, st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(
    frames: list[tuple[Kind, int, bytes]], sizes: list[int]
) -> None:
    stream = b"".join(frame(*each) for each in frames)
    reader = FrameReader()
    read = []
    at = number = 0
    while at < len(stream):
        size = sizes[number % len(sizes)]
        read += reader.feed(stream[at : at + size])
        at, number = at + size, number + 1
    assert [(kind, execution_id, body) for kind, execution_id, body, _ in read] == frames
    assert b"".join(raw for *_, raw in read) == stream
