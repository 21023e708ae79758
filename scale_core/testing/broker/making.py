"""Brokers are made from documents."""

from collections.abc import Callable, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from scale_core.interfaces.broker import Broker, StorageUsage
from scale_core.testing.broker.fixtures import BrokerFixtures


class MakingContract(BrokerFixtures):
    """Types, documents, and what is told about the whole."""

    def test_its_type_and_schema_are_usable(self, broker: Broker, configuration: Mapping[str, Any]) -> None:
        assert type(broker).type_name
        assert configuration["type"] == type(broker).type_name
        Draft202012Validator.check_schema(type(broker).configuration_schema)
        Draft202012Validator(type(broker).configuration_schema).validate(configuration)

    def test_the_schema_refuses_another_type(self, broker: Broker, configuration: Mapping[str, Any]) -> None:
        validator = Draft202012Validator(type(broker).configuration_schema)
        assert not validator.is_valid({**configuration, "type": "another"})
        assert not validator.is_valid({})

    def test_it_is_made_from_a_configuration(
        self, broker: Broker, configuration: Mapping[str, Any], options: Mapping[str, Any]
    ) -> None:
        assert isinstance(type(broker).from_settings(configuration, options), type(broker))

    def test_check_accepts_a_usable_workspace(self, broker: Broker) -> None:
        broker.check()
        broker.check()

    def test_a_probe_accepts_a_usable_workspace(self, broker: Broker) -> None:
        broker.probe()
        broker.check()
        broker.probe()

    def test_it_works_on_after_it_was_closed(self, broker: Broker, put: Callable[[str, bytes], None]) -> None:
        put("x", b"content")
        broker.close()
        broker.close()
        assert broker.stat("x") == 7

    def test_usage_is_sensible(self, broker: Broker) -> None:
        usage = broker.usage()
        assert isinstance(usage, StorageUsage)
        assert usage.total is None or usage.total > 0
        assert usage.used is None or usage.used >= 0
        assert usage.used is None or usage.total is None or usage.used <= usage.total

    def test_urls_are_absolute_or_none(self, broker: Broker) -> None:
        assert broker.url("a/b.txt", None) is None or "://" in str(broker.url("a/b.txt", None))
        url = broker.url("a/b.txt", "http://host.com/rs")
        assert url is None or url.startswith(("http://", "https://"))
