"""The engine that the settings name."""

from scale_core.interfaces.engine import Engine, EngineSettings, OptionError
from scale_core.services.context import Context
from scale_core.services.engine_memory import EngineMemoryService
from scale_core.settings import SettingsError


def make_engine(context: Context) -> Engine:
    """An engine, not started.

    :raises SettingsError: no plugin registers an engine of that name, or one of its options is wrong.
    """
    engines, settings = context.registry.engines, context.settings
    if settings.engine not in engines:
        there = ", ".join(engines) or "none"
        raise SettingsError(f"engine: no plugin has an engine {settings.engine!r}; there is: {there}.")
    try:
        memory = EngineMemoryService(context, settings.engine)
        return engines[settings.engine](EngineSettings(settings.data_dir.absolute(), settings.engine_options, memory))
    except OptionError as error:
        raise SettingsError(f"engine: {error}") from error
