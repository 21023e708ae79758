"""The ASGI application: connexion on the generated document, with our handlers behind it."""

import threading
from urllib.parse import urlsplit

from connexion.middleware import ConnexionMiddleware, MiddlewarePosition
from connexion.middleware.response_validation import ResponseValidationMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from scale_core.api.access import AccessMiddleware
from scale_core.api.compression import CompressionMiddleware
from scale_core.api.content_response import Contents
from scale_core.api.contract import ContractMiddleware
from scale_core.api.counting import CountingMiddleware
from scale_core.api.document import DOCS_PATH, DOCUMENT_PATH, DocumentMiddleware, served_contract
from scale_core.api.endpoints import Endpoints
from scale_core.api.etags import EtagMiddleware
from scale_core.api.handlers import (
    access,
    configuration,
    definitions,
    dry_run,
    errors,
    files,
    ingests,
    jobs,
    metrics,
    retention,
    scans,
    schemas,
    stac,
    system,
    workspaces,
)
from scale_core.api.headers import SecurityHeadersMiddleware
from scale_core.api.interface import InterfaceMiddleware, built_files
from scale_core.api.limits import BodyLimitMiddleware
from scale_core.api.operational import OperationalEndpoints
from scale_core.api.paths import PathMiddleware
from scale_core.api.problems import add_error_handlers
from scale_core.api.public import PublicUrlMiddleware
from scale_core.api.responses import endpoint
from scale_core.api.services import Services
from scale_core.api.storage_urls import StorageUrlMiddleware
from scale_core.api.validators import validator_map
from scale_core.services.admission import Admission
from scale_core.services.context import Context
from scale_core.services.health import Health
from scale_core.services.storage_urls import StorageUrls
from scale_core.settings import Settings
from scale_generated.routes import OPERATIONS, HandlerTable, check_handlers, resolve

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]


def create_app(
    context: Context, *, validate_responses: bool = False, scheduler: threading.Thread | None = None
) -> ASGIApp:
    """The web application.

    :param scheduler: the scheduler's thread, where this process has it.
    :param validate_responses: also check every response against the document; for tests.
    :raises MissingHandler: an operation of the document is handled by nobody.
    """
    admission = Admission(context)
    contract = served_contract(responses=validate_responses)
    table = handler_table(Services(context), context.settings)
    check_handlers(table)
    endpoints = {
        operation.operation_id: endpoint(operation, resolve(table, operation), context.now) for operation in OPERATIONS
    }
    # Ours needs the role of an operation, which the security of OpenAPI 3.0 cannot say.
    left_out = {SecurityMiddleware} if validate_responses else {SecurityMiddleware, ResponseValidationMiddleware}
    app = ContractMiddleware(
        Endpoints(endpoints),
        import_name="scale_core.api",
        middlewares=[one for one in ConnexionMiddleware.default_middlewares if one not in left_out],
        resolver=Resolver(endpoints.__getitem__),
        strict_validation=True,
        validate_responses=validate_responses,
        validator_map=validator_map(),
        swagger_ui_options=SwaggerUIOptions(serve_spec=False, swagger_ui_path=DOCS_PATH, spec_path=DOCUMENT_PATH),
    )
    app.add_contract(contract)
    add_error_handlers(app.add_error_handler)
    schemes = contract["components"]["securitySchemes"]
    app.add_middleware(
        AccessMiddleware,
        position=MiddlewarePosition.BEFORE_VALIDATION,
        admission=admission,
        operations=OPERATIONS,
        schemes=schemes,
    )
    app.add_middleware(
        BodyLimitMiddleware, position=MiddlewarePosition.BEFORE_VALIDATION, most_mib=context.settings.max_request_mib
    )
    # The first one added comes first: the path is put right, then the document and the pages are looked for.
    app.add_middleware(PathMiddleware, position=MiddlewarePosition.BEFORE_SWAGGER, operations=OPERATIONS)
    app.add_middleware(DocumentMiddleware, position=MiddlewarePosition.BEFORE_SWAGGER)
    app.add_middleware(InterfaceMiddleware, position=MiddlewarePosition.BEFORE_SWAGGER, files=built_files())
    answered = StorageUrlMiddleware(CompressionMiddleware(EtagMiddleware(app)), StorageUrls(context))
    counted = CountingMiddleware(answered, context.telemetry, OPERATIONS)
    return _guarded(OperationalEndpoints(counted, context, Health(context, scheduler)), context, admission)


def create_operational_app(context: Context, scheduler: threading.Thread | None) -> ASGIApp:
    """The web application of a process that serves nothing but health and metrics."""
    return _guarded(
        OperationalEndpoints(_nothing_else, context, Health(context, scheduler)), context, Admission(context)
    )


async def _nothing_else(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await PlainTextResponse("There are only /-/healthy, /-/ready and /-/metrics.", 404)(scope, receive, send)


def _guarded(app: ASGIApp, context: Context, admission: Admission) -> ASGIApp:
    # Where nobody is asked who they are, a page of another site must not reach us under a name that it controls (DNS
    # rebinding). Where they are, such a page has no cookie of ours, and we have the names that our operators give us.
    public_url = context.settings.public_url
    hosts = [*LOOPBACK_HOSTS, urlsplit(public_url).hostname or ""] if public_url else LOOPBACK_HOSTS
    guarded = app if admission.is_controlled else TrustedHostMiddleware(app, hosts, www_redirect=False)
    guarded = SecurityHeadersMiddleware(guarded)
    return PublicUrlMiddleware(guarded, public_url) if public_url else guarded


def handler_table(services: Services, settings: Settings) -> HandlerTable:
    """The handlers of every tag; mypy proves that none is missing."""
    return HandlerTable(
        audit=access.Audit(services.audit),
        configuration=configuration.Configuration(services.configuration),
        dry_run=dry_run.DryRun(services.dry_runs),
        errors=errors.Errors(services.errors),
        files=files.Files(services.files, services.lineages, Contents(services.contents, settings.content_seconds)),
        ingests=ingests.Ingests(services.ingests),
        job_executions=jobs.JobExecutions(services.job_executions),
        job_types=definitions.JobTypes(services.job_types, services.system_failures),
        jobs=jobs.Jobs(services.jobs, services.updates),
        metrics=metrics.Metrics(services.metrics),
        nodes=system.Nodes(services.nodes),
        products=files.Products(services.files, services.updates),
        queue=jobs.Queue(services.queue, services.job_load, services.bulk_changes),
        recipe_types=definitions.RecipeTypes(services.recipe_types),
        recipes=jobs.Recipes(services.recipes),
        scheduler=system.Scheduler(services.scheduler),
        schemas=schemas.Schemas(services.document_schemas),
        session=access.Session(services.sessions, services.oidc),
        sources=files.Sources(services.files, services.updates),
        stac=stac.Stac(services.stac),
        status=system.Status(services.scheduler, services.plugins),
        scans=scans.Scans(services.scans),
        strikes=ingests.Strikes(services.strikes),
        tokens=access.Tokens(services.tokens),
        retention=retention.Retention(services.retention_previews),
        trigger_rules=definitions.TriggerRules(services.trigger_rules),
        users=access.Users(services.users),
        workspaces=workspaces.Workspaces(services.workspaces),
    )
