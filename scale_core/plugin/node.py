"""Node agents for engines whose executors are processes of their own, on machines where Scale itself does not run."""

from dataclasses import replace

from scale_core.interfaces.engine import AgentSettings, NodeAgent
from scale_core.runner import client
from scale_core.settings import load_settings

__all__ = ["start_agent"]


def start_agent(settings: AgentSettings, tell: client.Tell) -> NodeAgent:
    """Start a node agent on this machine, which gets at storage as this machine's own settings say: the tables
    ``[storage.<type>]`` of the file that ``SCALE_CONFIG`` names, and variables. Secrets of storage are nowhere else.

    :raises SettingsError: the settings cannot be read.
    :raises OSError: the process or its folder cannot be made.
    """
    return client.start_agent(replace(settings, storage=load_settings({}).storage_options), tell)
