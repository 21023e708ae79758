"""A master: frameworks, offers, tasks. Everything in it happens under one lock."""

import itertools
import threading
import time
import uuid
from collections.abc import Callable

from fakes.mesos.agent import FakeAgent, is_terminal
from fakes.mesos.allocating import allocate, free_of
from fakes.mesos.amounts import Amounts, amounts, plus
from fakes.mesos.answering import ANSWERS
from fakes.mesos.faults import Fault
from fakes.mesos.framework import FrameworkRecord, Message, Stream, TaskRecord
from fakes.mesos.reconciling import tell
from fakes.mesos.registering import check_release, trouble_with_roles


class FakeMaster:
    """One master, from its election on. ``heartbeat``: seconds between heartbeats."""

    def __init__(self, address: str, heartbeat: float, release: str, now: Callable[[], float] = time.monotonic) -> None:
        self.master_id = str(uuid.uuid4())
        self.address, self.heartbeat, self.release, self._now = address, heartbeat, release, now
        self.lock = threading.RLock()
        self.agents: dict[str, FakeAgent] = {}
        self.recovering: set[str] = set()
        self.frameworks: dict[str, FrameworkRecord] = {}
        self.removed: set[str] = set()
        self.calls: list[Message] = []
        self.lost_calls: set[str] = set()
        self.lost_updates = 0
        self.known_roles: set[str] | None = None
        self._offer_numbers, self._framework_numbers = itertools.count(), itertools.count()

    def subscribe(self, call: Message) -> Stream:
        """Take a framework in, or again.

        :raises Fault: the call cannot be read.
        """
        stream = Stream()
        info = call["subscribe"]["framework_info"]
        framework_id = call.get("framework_id", {}).get("value")
        check_release(info, self.release)
        with self.lock:
            self.calls.append(call)
            trouble = trouble_with_roles(info, self.known_roles)
            if framework_id in self.removed:
                trouble = "Framework has been removed"
            if trouble:
                stream.send("ERROR", {"message": trouble})
                stream.end()
                return stream
            if framework_id is None:
                framework_id = f"{self.master_id}-{next(self._framework_numbers):04d}"
            record = self.frameworks.setdefault(framework_id, FrameworkRecord(framework_id, info))
            if record.stream is not None:
                record.stream.send("ERROR", {"message": "Framework failed over"})
                record.stream.end()
            record.info, record.stream, record.left_at = info, stream, None
            record.offers.clear()
            record.filters.clear()
            record.suppressed = set(call["subscribe"].get("suppressed_roles", []))
            self._learn_tasks(record)
            stream.send("SUBSCRIBED", self._subscribed(framework_id))
            stream.send("HEARTBEAT")
            for agent in self.agents.values():
                agent.resend_all()
        return stream

    def unsubscribe(self, stream: Stream) -> None:
        """The connection is gone."""
        with self.lock:
            for record in self.frameworks.values():
                if record.stream is stream:
                    record.stream, record.left_at = None, self._now()
                    record.offers.clear()

    def call(self, call: Message, stream_id: str | None) -> None:
        """Any call but SUBSCRIBE.

        :raises Fault: the master does not take it.
        """
        with self.lock:
            record = self.frameworks.get(call.get("framework_id", {}).get("value", ""))
            if record is None:
                raise Fault(400, "Framework cannot be found")
            if record.stream is None:
                raise Fault(403, "Framework is not subscribed")
            if stream_id is None:
                raise Fault(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header")
            if stream_id != record.stream.stream_id:
                raise Fault(400, f"The stream ID '{stream_id}' included in this request didn't match the stream ID "
                            f"currently associated with framework ID '{record.framework_id}'")  # fmt: skip
            self.calls.append(call)
            if call["type"] not in self.lost_calls:
                ANSWERS[call["type"]](self, record, call)

    def free(self, agent_id: str) -> Amounts:
        """What of an agent is neither used nor offered."""
        free = free_of(self.agents[agent_id])
        for record in self.frameworks.values():
            for offer in record.offers.values():
                if offer.agent_id == agent_id:
                    free = plus(free, offer.resources, -1)
        return free

    def allocate(self) -> None:
        """Offer what is free."""
        with self.lock:
            allocate(self)

    def next_offer_id(self) -> str:
        """Another one."""
        return f"{self.master_id}-O{next(self._offer_numbers)}"

    def beat(self) -> None:
        """Send heartbeats; remove frameworks that stay away."""
        with self.lock:
            for record in list(self.frameworks.values()):
                if record.stream is not None:
                    record.stream.send("HEARTBEAT")
                elif record.left_at is not None:
                    timeout = float(record.info.get("failover_timeout", 0.0))
                    if self._now() - record.left_at >= timeout:
                        self.remove(record)

    def register(self, agent: FakeAgent) -> None:
        """An agent is there, or there again, with what runs on it."""
        with self.lock:
            is_back = agent.agent_id in self.recovering
            self.agents[agent.agent_id] = agent
            self.recovering.discard(agent.agent_id)
            agent.deliver, agent.pass_on = self.deliver, self.pass_on
            for record in self.frameworks.values():
                if record.stream is None:
                    continue
                before = set(record.tasks)
                self._learn_tasks(record)
                for task in record.tasks.values():
                    known = task.task_id in before and task.state == "TASK_UNREACHABLE"
                    if task.agent_id == agent.agent_id and known:
                        task.state = "TASK_RUNNING"
                        tell(record, task, "TASK_RUNNING", "REASON_AGENT_REREGISTERED", "Agent is back")
            if not is_back:
                agent.resend_all()
        agent.resend_all()

    def lose(self, agent_id: str) -> None:
        """An agent does not answer any more."""
        with self.lock:
            agent = self.agents.pop(agent_id)
            agent.deliver, agent.pass_on = lambda *_given: False, lambda *_given: None
            for record in self.frameworks.values():
                self.rescind(record, agent_id)
                for task in [one for one in record.tasks.values() if one.agent_id == agent_id]:
                    if is_terminal(task.state):
                        continue
                    is_aware = record.has("PARTITION_AWARE")
                    task.state = "TASK_UNREACHABLE" if is_aware else "TASK_LOST"
                    tell(record, task, task.state, "REASON_AGENT_REMOVED", "Agent is unreachable")
                if record.stream is not None:
                    record.stream.send("FAILURE", {"agent_id": {"value": agent_id}})

    def rescind(self, record: FrameworkRecord, agent_id: str) -> None:
        """Take offers of an agent back."""
        for offer in [one for one in record.offers.values() if one.agent_id == agent_id]:
            del record.offers[offer.offer_id]
            if record.stream is not None:
                record.stream.send("RESCIND", {"offer_id": {"value": offer.offer_id}})

    def pass_on(self, agent: FakeAgent, framework_id: str, executor_id: str, data: str) -> None:
        """Pass on what an executor says to its framework; nobody is told where it is not there."""
        with self.lock:
            record = self.frameworks.get(framework_id)
            if record is not None and record.stream is not None:
                message = {
                    "agent_id": {"value": agent.agent_id},
                    "executor_id": {"value": executor_id},
                    "data": data,
                }
                record.stream.send("MESSAGE", message)

    def deliver(self, agent: FakeAgent, framework_id: str, status: Message) -> bool:
        """Pass on an update of an agent's."""
        with self.lock:
            record = self.frameworks.get(framework_id)
            if record is None:
                return False
            task = record.tasks.get(status["task_id"]["value"])
            if task is not None:
                task.state = status["state"]
            if record.stream is None:
                return False
            if self.lost_updates > 0:
                self.lost_updates -= 1
                return False
            record.stream.send("UPDATE", {"status": status})
            return True

    def executor_failed(self, agent: FakeAgent, framework_id: str, executor_id: str, status: int) -> None:
        """An executor has ended by itself, with a wait status."""
        with self.lock:
            record = self.frameworks.get(framework_id)
            if record is not None and record.stream is not None:
                failure = {
                    "agent_id": {"value": agent.agent_id},
                    "executor_id": {"value": executor_id},
                    "status": status,
                }
                record.stream.send("FAILURE", failure)
        agent.executor_ended(framework_id, executor_id)

    def maintain(self, agent_id: str, start: float) -> str:
        """Ask every framework to leave an agent before ``start``; the inverse offer's id."""
        offer_id = self.next_offer_id()
        inverse = {
            "id": {"value": offer_id},
            "framework_id": {},
            "agent_id": {"value": agent_id},
            "unavailability": {"start": {"nanoseconds": int(start * 1e9)}},
        }
        with self.lock:
            for record in self.frameworks.values():
                if record.stream is not None:
                    one = inverse | {"framework_id": {"value": record.framework_id}}
                    record.stream.send("INVERSE_OFFERS", {"inverse_offers": [one]})
        return offer_id

    def remove(self, record: FrameworkRecord) -> None:
        """End a framework and all that runs of it."""
        del self.frameworks[record.framework_id]
        self.removed.add(record.framework_id)
        for agent in self.agents.values():
            agent.shut_down(record.framework_id)
        if record.stream is not None:
            record.stream.end()

    def _learn_tasks(self, record: FrameworkRecord) -> None:
        for agent in self.agents.values():
            for (framework_id, task_id), task in list(agent.tasks.items()):
                if framework_id == record.framework_id and task_id not in record.tasks:
                    needs = amounts(task.info["resources"])
                    record.tasks[task_id] = TaskRecord(task_id, agent.agent_id, needs, task.executor_id, task.state)

    def _subscribed(self, framework_id: str) -> Message:
        host, port = self.address.split(":")
        return {
            "framework_id": {"value": framework_id},
            "heartbeat_interval_seconds": self.heartbeat,
            "master_info": {
                "id": self.master_id,
                "ip": 16777343,
                "port": int(port),
                "pid": f"master@{self.address}",
                "hostname": host,
                "version": self.release,
                "address": {"hostname": host, "ip": host, "port": int(port)},
                "capabilities": [{"type": "AGENT_UPDATE"}, {"type": "AGENT_DRAINING"}, {"type": "QUOTA_V2"}],
            },
        }
