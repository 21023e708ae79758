"""The tables. Field names are those of the reference's resources."""

from scale_core.db.base import Base
from scale_core.db.models.access import AuditRecord, SignInFailure, Token, User, UserSession
from scale_core.db.models.archives import Archive, ArchivedExecution
from scale_core.db.models.files import FileAncestry, ScaleFile, Workspace
from scale_core.db.models.history import JobLoad, MetricEntry, MetricProgress, WorkspaceUsage
from scale_core.db.models.ingests import Ingest, Scan, Strike, WatchedFile
from scale_core.db.models.jobs import Error, Job, JobExecution, JobInputFile, JobType, JobTypeRevision
from scale_core.db.models.logs import StoredLog
from scale_core.db.models.nodes import EngineNote, Node, Scheduler
from scale_core.db.models.recipes import Recipe, RecipeJob, RecipeType, RecipeTypeRevision
from scale_core.db.models.tallies import TALLIES
from scale_core.db.models.triggers import TriggerEvent, TriggerRule

__all__ = [
    "TALLIES",
    "Archive",
    "ArchivedExecution",
    "AuditRecord",
    "Base",
    "EngineNote",
    "Error",
    "FileAncestry",
    "Ingest",
    "Job",
    "JobExecution",
    "JobInputFile",
    "JobLoad",
    "JobType",
    "JobTypeRevision",
    "MetricEntry",
    "MetricProgress",
    "Node",
    "Recipe",
    "RecipeJob",
    "RecipeType",
    "RecipeTypeRevision",
    "ScaleFile",
    "Scan",
    "Scheduler",
    "SignInFailure",
    "StoredLog",
    "Strike",
    "Token",
    "TriggerEvent",
    "TriggerRule",
    "User",
    "UserSession",
    "WatchedFile",
    "Workspace",
    "WorkspaceUsage",
]
