"""pymesos' driver, on a link that lasts.

pymesos knows what calls and events look like. What carries them is ours (:mod:`scale_engine_mesos.following`): pymesos'
own has no TLS, cannot see that heartbeats stay away, takes whole processes down when a master asks who it is, and asks
a hundred times a second where a framework was removed (decision 0037).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymesos import MesosSchedulerDriver

from scale_engine_mesos.agents import ask_for_agents
from scale_engine_mesos.following import CALL_SECONDS, PATH, Ended, Following
from scale_engine_mesos.leader import Leader
from scale_engine_mesos.options import Options
from scale_engine_mesos.pipeline import Pipelines
from scale_engine_mesos.registration import explained, framework_info, understood
from scale_engine_mesos.transport import Refused, connect, post

if TYPE_CHECKING:
    import http.client

ACKNOWLEDGED = ("agent_id", "task_id", "uuid")
REMOVED = "Framework has been removed"


class Driver(MesosSchedulerDriver):
    """Calls to the leading master, and its events, from :meth:`start` to :meth:`stop`.

    :param events: is called as ``pymesos.Scheduler`` is, by one thread.
    :param now: seconds of a clock that never goes back.
    :param removed: is called when the master has removed the framework: nothing runs of it any more.
    """

    def __init__(
        self,
        events: object,
        options: Options,
        framework_id: str | None,
        removed: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        framework = framework_info(options)
        if framework_id is not None:
            framework["id"] = {"value": framework_id}
        super().__init__(
            events,
            framework,
            options.zookeeper or ",".join(options.masters),
            implicit_acknowledgements=False,
            principal=options.principal or None,
            secret=options.secret(),
            failover=True,
        )
        self._options = options
        self._removed = removed
        self._tls = options.tls()
        self._credential = {"Authorization": self._basic_credential} if self._basic_credential else {}
        self._conn: http.client.HTTPConnection | None = None
        self._pipelines = Pipelines(self._tls, CALL_SECONDS)
        self.following = Following(
            self,
            lambda changed: Leader(options.masters, options.zookeeper, changed),
            self._tls,
            self._credential,
            now,
        )

    @property
    def framework(self) -> dict[str, Any]:
        """What the framework tells of itself, as far as this master's release understands it."""
        return understood(super().framework, self.version, self._options)

    @property
    def connected(self) -> bool:
        """True: a call without a link should fail, where pymesos would drop it without a word."""
        return True

    def start(self) -> None:
        """Begin to look for a master; returns at once."""
        self._started = True
        self.following.start()

    def stop(self, failover: bool = True) -> None:
        """Cut the link; what runs goes on for as long as the failover timeout says."""
        self._started = False
        self.following.stop()
        self._pipelines.close()

    def reconcile(self, tasks: list[dict[str, Any]]) -> None:
        """Ask for the states of tasks; of all, where none is named. pymesos' own leaves out where they are, without
        which a master that has not heard of an agent yet would call its tasks unknown."""
        self._call("RECONCILE", {"reconcile": {"tasks": tasks}})

    def acknowledge(self, statuses: Sequence[Mapping[str, Any]]) -> None:
        """Acknowledge updates, by one thread.

        :raises NotConnected: there is no link.
        :raises Refused: the master does not want one of them.
        :raises OSError, http.client.HTTPException: how many arrived is not known.
        """
        link = self.following.link()
        common = {"type": "ACKNOWLEDGE", "framework_id": {"value": self.framework_id}}
        calls = [common | {"acknowledge": {name: one[name] for name in ACKNOWLEDGED}} for one in statuses]
        self._pipelines.post(link.master, PATH, calls, {"Mesos-Stream-Id": link.stream_id} | self._credential)

    def agents(self) -> list[dict[str, Any]]:
        """The agents that the master has, as ``GET_AGENTS`` of its operator API tells them.

        :raises NotConnected: there is no link.
        :raises OSError, http.client.HTTPException, Refused, Redirected: there is no answer.
        :raises Broken: it is not understood.
        """
        connection = connect(self.following.link().master, self._tls, CALL_SECONDS)
        try:
            return ask_for_agents(connection, self._credential)
        finally:
            connection.close()

    # What follows asks of us.

    def subscription(self, release: str) -> dict[str, Any]:
        """The call SUBSCRIBE; see :class:`~scale_engine_mesos.following.Subscriber`."""
        self.version = release
        call: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": {"framework_info": self.framework}}
        if "id" in self._framework:
            call["framework_id"] = self._framework["id"]
        return call

    def take(self, event: dict[str, Any]) -> None:
        """Pass on an event."""
        if event.get("type") == "SUBSCRIBED":
            self._master = self.following.link().master  # pymesos tells it with the registration
        self.process_event(event)

    def left(self) -> None:
        """The link is cut."""
        with self._lock:
            self._close()
        self.sched.disconnected(self)

    def on_error(self, event: Mapping[str, Any]) -> None:
        """End the stream: the master does, too."""
        if event["message"] == REMOVED:
            self._framework.pop("id", None)
            self._removed()
        raise Ended(explained(event["message"], self._options))

    def _call(self, kind: str, content: dict[str, Any]) -> None:
        self._send({"type": kind, "framework_id": {"value": self.framework_id}} | content)

    def _send(
        self,
        body: object,
        path: str = PATH,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send a call on the connection that is kept for them.

        :raises NotConnected: there is no link.
        :raises Refused: the master does not want it.
        :raises OSError, http.client.HTTPException, Redirected: whether it arrived is not known.
        """
        with self._lock:
            link = self.following.link()
            if self._conn is None:
                self._conn = connect(link.master, self._tls, CALL_SECONDS)
            try:
                answer = post(self._conn, path, body, {"Mesos-Stream-Id": link.stream_id} | self._credential)
                answer.read()
            except Refused:
                raise
            except Exception:
                self._close()
                raise
        return {}
