"""Following the leading master: its stream of events, made again whenever it ends."""

import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scale_engine_mesos.leader import Leader
from scale_engine_mesos.transport import (
    Broken,
    NotConnected,
    Redirected,
    Refused,
    Unsuitable,
    connect,
    post,
    records,
    release,
)

log = logging.getLogger(__name__)

CALL_SECONDS = 15.0
"""How long a master may take to answer a call, or to begin a stream."""

MISSED_HEARTBEATS = 3
"""After how many the link counts as cut."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 15.0
DEPOSED_PAUSE = 60.0
"""Before a framework that another scheduler has taken over is asked for again."""

PATH = "/api/v1/scheduler"
DEPOSED = "Framework failed over"


class Ended(Exception):
    """The master ended the stream with an error, or an event had us end it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A subscription: whom calls go to, and the header that they need."""

    master: str
    stream_id: str


class Subscriber(Protocol):
    """Who follows. Its methods are called by one thread."""

    def subscription(self, release: str) -> dict[str, Any]:
        """The call SUBSCRIBE for a master of that release, such as ``1.11.0``; empty: it does not tell.

        :raises Unsuitable: there is none that such a master would take.
        """

    def take(self, event: dict[str, Any]) -> None:
        """An event.

        :raises Ended: the stream is over.
        """

    def left(self) -> None:
        """The stream has ended, or could not be had."""


class Following:
    """From :meth:`start` to :meth:`stop`. May be used by any thread.

    :param headers: prove who we are.
    :param now: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        leader: Callable[[Callable[[], None]], Leader],
        tls: ssl.SSLContext | None,
        headers: Mapping[str, str],
        now: Callable[[], float],
    ) -> None:
        self._subscriber, self._tls, self._headers, self._now = subscriber, tls, dict(headers), now
        self._leader = leader(self._leader_changed)
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._stream: http.client.HTTPConnection | None = None
        self._was_subscribed = False
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="mesos", daemon=True)
        self.asked: str | None = None
        self.heard: float | None = None

    @property
    def is_linked(self) -> bool:
        """Whether there is a subscription, and the master has said so."""
        return self._link is not None and self._was_subscribed

    def link(self) -> Link:
        """The subscription.

        :raises NotConnected: there is none.
        """
        with self._lock:
            if self._link is None:
                raise NotConnected
            return self._link

    def start(self) -> None:
        """Begin to look for a master; returns at once."""
        self._leader.start()
        self._thread.start()

    def stop(self) -> None:
        """End the stream."""
        self._stopping.set()
        self._leader.stop()
        self._wake.set()
        self._cut()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(CALL_SECONDS)

    def _leader_changed(self) -> None:
        self._wake.set()
        if self._leader.is_other_than(self.asked):
            self._cut()

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            self._wake.clear()
            master = self._leader.next()
            if master is None:
                self._wake.wait(LONGEST_PAUSE)
                continue
            trouble = self._attempt(master)
            pause = FIRST_PAUSE if self._was_subscribed else min(LONGEST_PAUSE, pause * 2)
            if not self._stopping.is_set():
                log.warning("No link to the Mesos master %s: %s", master, trouble)
                self._wake.wait(DEPOSED_PAUSE if trouble == DEPOSED else pause)

    def _attempt(self, master: str) -> str:
        """Follow a master for as long as that works.

        :return: why it does not any more.
        """
        self._was_subscribed = False
        self.asked = master
        try:
            self._follow(master)
        except Redirected as error:
            self._leader.redirected(error.master)
            return str(error)
        except Exception as error:  # whatever a master, the network or an event does, the link is made again
            self._leader.failed()
            if not isinstance(error, Refused | Ended | Broken | Unsuitable | OSError | http.client.HTTPException):
                log.exception("An event of the Mesos master could not be handled")
            return str(error) or type(error).__name__
        return "the stream of events has ended"

    def _follow(self, master: str) -> None:
        """Subscribe, and pass on events until the stream ends.

        :raises Redirected: another master leads.
        :raises Refused, Ended, Broken, Unsuitable, OSError, http.client.HTTPException: there is no stream, or no more.
        """
        stream = connect(master, self._tls, CALL_SECONDS)
        try:
            call = self._subscriber.subscription(release(master, self._tls, CALL_SECONDS, self._headers))
            with self._lock:
                self._stream = stream
            answer = post(stream, PATH, call, self._headers)
            with self._lock:
                self._link = Link(master, answer.getheader("Mesos-Stream-Id") or "")
            if not self._link.stream_id:
                raise Broken("The answer to SUBSCRIBE has no Mesos-Stream-Id")
            for event in records(answer):
                if self._stopping.is_set():
                    break
                self._note(stream, event)
                self._subscriber.take(event)
        finally:
            self._leave(stream)

    def _note(self, stream: http.client.HTTPConnection, event: Mapping[str, Any]) -> None:
        self.heard = self._now()
        if event.get("type") == "SUBSCRIBED":
            self._was_subscribed = True
            if stream.sock is not None:
                interval = float(event["subscribed"].get("heartbeat_interval_seconds", 15.0))
                stream.sock.settimeout(MISSED_HEARTBEATS * interval)

    def _leave(self, stream: http.client.HTTPConnection) -> None:
        with self._lock:
            self._link = self._stream = None
        stream.close()
        self._subscriber.left()

    def _cut(self) -> None:
        """Wake the thread that reads the stream."""
        with self._lock:
            stream = self._stream
        sock = stream.sock if stream is not None else None
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("The stream was cut already")
