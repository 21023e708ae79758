"""Brokers that are kept for the next who needs them."""

import gc
import weakref

from scale_broker_host.broker import HostBroker
from scale_core.interfaces.broker import Broker
from scale_core.services.broker_cache import KEEP_SECONDS, BrokerCache


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(brokers: BrokerCache, name: str) -> Broker:
    configuration = {"type": "host", "host_path": f"/{name}"}
    return brokers.get(configuration, lambda: HostBroker.from_configuration(configuration))


def test_who_asks_for_the_same_workspace_gets_the_same_broker() -> None:
    brokers = BrokerCache(Clock())
    assert ask(brokers, "a") is ask(brokers, "a")
    assert ask(brokers, "a") is not ask(brokers, "b")


def test_the_order_of_what_a_configuration_says_does_not_matter() -> None:
    brokers = BrokerCache(Clock())
    made = brokers.get({"type": "host", "host_path": "/a"}, lambda: HostBroker.from_configuration({"host_path": "/a"}))
    assert ask(brokers, "a") is made


def test_a_broker_that_nobody_asks_for_ends_when_the_last_who_uses_it_is_done() -> None:
    clock = Clock()
    brokers = BrokerCache(clock)
    used = ask(brokers, "used")
    there = weakref.ref(used)
    clock.now = KEEP_SECONDS
    kept = weakref.ref(ask(brokers, "kept"))
    clock.now += 1
    ask(brokers, "other")
    gc.collect()
    assert there() is used
    assert kept() is not None
    del used
    gc.collect()
    assert there() is None
