"""What a worker of a node agent makes of the agent's end."""

import socket

import orjson
import pytest

from scale_core.runner.frames import SECONDS, FrameReader, Kind, frame
from scale_core.runner.line import AgentGone, AgentLine


@pytest.mark.parametrize("is_read", [True, False], ids=["after it heard all", "with something unread"])
def test_an_agent_that_died_is_gone_and_no_failure_of_the_execution(is_read: bool) -> None:
    theirs, ours = socket.socketpair()
    with ours:
        agent = AgentLine(ours, 5.0)
        agent.step_started("pre")
        if is_read:
            theirs.recv(1000)
        theirs.close()
        assert agent.canceled()
        assert agent.gone
        with pytest.raises(AgentGone):
            agent.next_launch()


@pytest.mark.parametrize("begun", [True, False], ids=["while the first one runs", "before the first one began"])
def test_what_follows_the_first_is_given_back_and_the_first_is_run(begun: bool) -> None:
    """For the agent the first one runs from when it was told, however late a worker on a busy machine hears of it."""
    theirs, ours = socket.socketpair()
    with theirs, ours:
        agent = AgentLine(ours, 5.0)
        launches = [frame(Kind.LAUNCH, execution_id) for execution_id in (1, 2, 3)]
        theirs.sendall(b"".join(launches))
        if begun:
            assert agent.next_launch().execution_id == 1
        theirs.sendall(frame(Kind.RETURN) + frame(Kind.LAUNCH, 4))
        if not begun:
            assert agent.next_launch().execution_id == 1
        assert not agent.canceled()
        (told,) = FrameReader().feed(theirs.recv(1000))
        assert (told.kind, orjson.loads(told.body)) == (Kind.RETURNED, [2, 3])
        assert agent.next_launch().execution_id == 4


def test_what_runs_asks_and_hears_the_answers_to_itself_alone() -> None:
    theirs, ours = socket.socketpair()
    with theirs, ours:
        agent = AgentLine(ours, 5.0)
        theirs.sendall(frame(Kind.LAUNCH, 7))
        agent.next_launch()
        agent.ask(b"what?")
        (told,) = FrameReader().feed(theirs.recv(1000))
        assert (told.kind, told.execution_id, told.body) == (Kind.ASKED, 7, b"what?")
        theirs.sendall(
            frame(Kind.ANSWER, 6, b"another's") + frame(Kind.ANSWER, 7, b"this") + frame(Kind.ANSWER, 7, b"that")
        )
        assert [agent.answer(10), agent.answer(10), agent.answer(0)] == [b"this", b"that", None]
        theirs.sendall(frame(Kind.ANSWER, 7, b"too late") + frame(Kind.KILL, 7, SECONDS.pack(1.0)))
        assert agent.answer(10) is None
        assert agent.canceled()
