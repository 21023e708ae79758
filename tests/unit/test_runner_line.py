"""What a worker of a node agent makes of the agent's end."""

import socket

import pytest

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
