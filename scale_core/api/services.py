"""The services behind the handlers, made once for an application."""

from scale_core.services.audit import AuditService
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.configuration import ConfigurationService
from scale_core.services.context import Context
from scale_core.services.credentials import Passwords
from scale_core.services.daily_metric_reads import MetricService
from scale_core.services.document_schemas import DocumentSchemaService
from scale_core.services.dry_runs import DryRunService
from scale_core.services.engines import make_engine
from scale_core.services.errors import ErrorService
from scale_core.services.execution_reads import JobExecutionService
from scale_core.services.file_content import ContentService
from scale_core.services.file_reads import FileService
from scale_core.services.ingests import IngestService
from scale_core.services.job_load import JobLoadService
from scale_core.services.job_reads import JobService
from scale_core.services.job_types import JobTypeService
from scale_core.services.lineages import LineageService
from scale_core.services.node_admin import NodeAdmin, SchedulerAdmin
from scale_core.services.oidc import OidcService
from scale_core.services.plugins import PluginService
from scale_core.services.queue import QueueService
from scale_core.services.recipe_reads import RecipeService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.retention_preview import RetentionPreviewService
from scale_core.services.scans import ScanService
from scale_core.services.sessions import SessionService
from scale_core.services.stac import StacService
from scale_core.services.strikes import StrikeService
from scale_core.services.system_failures import SystemFailureService
from scale_core.services.tokens import TokenService
from scale_core.services.trigger_rules import TriggerRuleService
from scale_core.services.updates import UpdateService
from scale_core.services.users import UserService
from scale_core.services.workspaces import WorkspaceService


class Services:
    """One of each service, on one context."""

    def __init__(self, context: Context) -> None:
        # The engine is only asked for logs here, so it is not started.
        engine = make_engine(context)
        self.bulk_changes = BulkChanges(context)
        passwords = Passwords()
        self.audit = AuditService(context)
        self.configuration = ConfigurationService(context)
        self.contents = ContentService(context)
        self.document_schemas = DocumentSchemaService(context)
        self.dry_runs = DryRunService(context)
        self.errors = ErrorService(context)
        self.files = FileService(context)
        self.ingests = IngestService(context)
        self.job_executions = JobExecutionService(context, engine)
        self.job_load = JobLoadService(context)
        self.job_types = JobTypeService(context)
        self.jobs = JobService(context)
        self.lineages = LineageService(context)
        self.metrics = MetricService(context)
        self.nodes = NodeAdmin(context)
        self.plugins = PluginService(context)
        self.queue = QueueService(context)
        self.recipe_types = RecipeTypeService(context)
        self.recipes = RecipeService(context)
        self.retention_previews = RetentionPreviewService(context, engine)
        self.scans = ScanService(context)
        self.scheduler = SchedulerAdmin(context)
        self.sessions = SessionService(context, passwords)
        self.oidc = OidcService(context, self.sessions)
        self.stac = StacService(context)
        self.strikes = StrikeService(context)
        self.system_failures = SystemFailureService(context)
        self.tokens = TokenService(context)
        self.trigger_rules = TriggerRuleService(context)
        self.updates = UpdateService(context)
        self.users = UserService(context, passwords)
        self.workspaces = WorkspaceService(context)
