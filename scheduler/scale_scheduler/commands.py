"""The commands that run Scale: ``scale up``, ``scale scheduler``, ``scale web``."""

import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import click
from sqlalchemy.exc import OperationalError

from scale_core.api.app import create_app, create_operational_app
from scale_core.cli.application import Application, pass_application
from scale_core.db import schema
from scale_core.db.errors import DatabaseUnusable
from scale_core.db.troubles import said
from scale_core.interfaces.engine import AgentSettings, EngineEvent, NodeAgent
from scale_core.runner.client import start_agent
from scale_core.services.admission import has_admin
from scale_core.services.context import Context
from scale_core.services.engines import make_engine
from scale_core.services.installation import prepare
from scale_core.settings import SettingsError
from scale_scheduler.leadership import Leadership, leadership_of
from scale_scheduler.listener import QueueListener
from scale_scheduler.scheduler import Scheduler
from scale_scheduler.serve import (
    WebServer,
    answering,
    listen,
    require_access_control,
    share_heaps,
    spare_what_stays,
    stopping_on_signals,
    url_of,
)

log = logging.getLogger(__name__)

LOST_LEAD = 1
"""The exit code of a scheduler that another one has followed though it did not end."""

AUTH = click.option("--auth/--no-auth", default=None, help="Ask clients who they are; default: no, on loopback only.")


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Where the web server listens; default 127.0.0.1:8580.")
@click.option("--engine", metavar="NAME", help="What runs the jobs; default: local.")
@AUTH
@pass_application
def up(application: Application, bind: str | None, engine: str | None, auth: bool | None) -> None:
    """Run all of Scale in this process: scheduler, tasks and web server.

    An embedded database is made, or upgraded, first. Ends on Ctrl-C or SIGTERM.

    \b
    Example:
      scale --data-dir /var/lib/scale up --bind 127.0.0.1:8580
    """
    application.override(bind=bind, engine=engine, auth=auth)
    address = require_access_control("bind", application.settings.address, auth=application.settings.auth)
    share_heaps()
    with application.opened() as context:
        leadership = leadership_of(context)
        if context.database.is_sqlite:
            _require_lead(leadership, context)
        scheduler = _prepared_scheduler(context, upgrade=context.database.is_sqlite)
        _warn_without_admin(context)
        with listen("bind", address) as listening, _hearing_others(context):

            def ready() -> None:
                click.echo(f"Scale is up: {url_of(listening)} (data in {context.settings.data_dir.absolute()})")

            def schedule() -> None:
                scheduler.run(leadership)
                server.should_exit = True

            thread = threading.Thread(target=schedule, name="scheduler")
            server = WebServer(create_app(context, scheduler=thread), context.settings.grace_seconds, ready)
            spare_what_stays()
            thread.start()
            try:
                with stopping_on_signals(lambda: _stop(server, scheduler)):
                    server.run(sockets=[listening])
            finally:
                scheduler.stop()
                thread.join()
    click.echo("Scale has stopped.")
    _require_no_loss(scheduler)


@click.command()
@click.option("--engine", metavar="NAME", help="What runs the jobs; default: local.")
@click.option("--metrics-bind", metavar="HOST:PORT", help="Where health and metrics are answered; default: nowhere.")
@AUTH
@pass_application
def scheduler(application: Application, engine: str | None, metrics_bind: str | None, auth: bool | None) -> None:
    """Run the scheduler, and Scale's own tasks, in this process. Of several on one database one leads; another takes
    over within seconds when that one is gone. One that has lost the lead ends with exit code 1: start it again."""
    application.override(engine=engine, metrics_bind=metrics_bind, auth=auth)
    address = application.settings.metrics_address
    if address is not None:
        require_access_control("metrics_bind", address, auth=application.settings.auth)
    share_heaps()
    with application.opened() as context:
        one = _prepared_scheduler(context, upgrade=False)
        with contextlib.ExitStack() as stack:
            stack.enter_context(_hearing_others(context))
            if address is not None:
                listening = stack.enter_context(listen("metrics_bind", address))
                app = create_operational_app(context, scheduler=threading.current_thread())
                stack.enter_context(answering(app, listening))
            stack.enter_context(stopping_on_signals(one.stop))
            spare_what_stays()
            one.run(leadership_of(context))
    _require_no_loss(one)


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Where the web server listens; default 127.0.0.1:8580.")
@AUTH
@pass_application
def web(application: Application, bind: str | None, auth: bool | None) -> None:
    """Run the web server in this process."""
    application.override(bind=bind, auth=auth)
    address = require_access_control("bind", application.settings.address, auth=application.settings.auth)
    share_heaps()
    with application.opened() as context:
        schema.require_current(context.database)
        _warn_without_admin(context)
        with listen("bind", address) as listening:
            server = WebServer(
                create_app(context),
                context.settings.grace_seconds,
                lambda: click.echo(f"Scale answers at {url_of(listening)}"),
            )
            spare_what_stays()
            with stopping_on_signals(lambda: _stop(server)):
                server.run(sockets=[listening])


def _require_lead(leadership: Leadership, context: Context) -> None:
    """Refuse to run all of Scale beside another scheduler on a folder: the first thing would be to upgrade its
    database.

    :raises SettingsError: another scheduler leads.
    """
    if not leadership.take():
        folder = context.settings.data_dir.absolute()
        raise SettingsError(f"data_dir: another scheduler runs on {folder}. Stop it, or choose another folder.")


def _require_no_loss(scheduler: Scheduler) -> None:
    if scheduler.has_lost_lead:
        sys.exit(LOST_LEAD)


@contextlib.contextmanager
def _hearing_others(context: Context) -> Iterator[None]:
    """Have the scheduler woken by other processes, where the database can do that."""
    if context.database.is_sqlite:
        yield
        return
    listener = QueueListener(context.database, context.queue_changed.set)
    listener.start()
    try:
        yield
    finally:
        listener.stop()


def _stop(server: WebServer, scheduler: Scheduler | None = None) -> None:
    server.should_exit = True
    if scheduler is not None:
        scheduler.stop()


def _warn_without_admin(context: Context) -> None:
    """Say that nobody can come in, if it is so, and what to do."""
    if context.settings.auth and not context.settings.oidc_issuer:
        with context.database.read() as session:
            if not has_admin(session):
                log.warning("There is no admin who could sign in: run `scale user add NAME --role admin`.")


def _prepared_scheduler(context: Context, *, upgrade: bool) -> Scheduler:
    """A scheduler, and an installation in which nothing is left half done that the scheduler would not see.

    :raises DatabaseUnusable: the schema is not the right one, or the database cannot be written.
    """
    try:
        if upgrade:
            schema.upgrade(context.database)
        schema.require_current(context.database)
        prepare(context)
    except OperationalError as error:
        raise DatabaseUnusable(
            f"The database cannot be prepared: {said(error.orig)}. Check that it has space and can be written."
        ) from error
    return make_scheduler(context)


def make_scheduler(context: Context) -> Scheduler:
    """A scheduler with the engine that the settings name.

    :raises SettingsError: no plugin registers an engine of that name.
    """

    def start(settings: AgentSettings, tell: Callable[[Sequence[EngineEvent]], None]) -> NodeAgent:
        """Engines need not know what the installation says about storage: agents do."""
        return start_agent(replace(settings, storage=context.settings.storage_options), tell)

    return Scheduler(context, make_engine(context), start)
