"""Contract suites for plugin authors: subclass the one of your interface in your tests and give it its fixtures.

    class TestMyBroker(BrokerContract):
        @pytest.fixture
        def broker(self, tmp_path):
            return MyBroker(tmp_path)

The builtin plugins pass the same suites. They need pytest; put
``pytest.register_assert_rewrite("scale_core.testing")`` into your conftest.py to see what exactly failed.
"""

from scale_core.testing.broker import BrokerContract
from scale_core.testing.clock import ClockProcessorContract
from scale_core.testing.command import CommandContract
from scale_core.testing.engine import EngineContract
from scale_core.testing.error import ErrorMapperContract
from scale_core.testing.metric import MetricContract
from scale_core.testing.notice import NoticeContract
from scale_core.testing.trigger import TriggerTypeContract

__all__ = [
    "BrokerContract",
    "ClockProcessorContract",
    "CommandContract",
    "EngineContract",
    "ErrorMapperContract",
    "MetricContract",
    "NoticeContract",
    "TriggerTypeContract",
]
