"""All tables, as of the first release."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from scale_core.db import types

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.create_table(
        "error",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("category", sa.String(length=50), nullable=False),
        sa.Column("is_builtin", sa.Boolean(), nullable=False),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_error"),
        sa.UniqueConstraint("name", name="uq_error_name"),
    )
    op.create_index("ix_error_last_modified", "error", ["last_modified"], unique=False)
    op.create_table(
        "node",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hostname", sa.String(length=250), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("slave_id", sa.String(length=250), nullable=False),
        sa.Column("pause_reason", sa.String(), nullable=True),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("is_paused_errors", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_connected", sa.Boolean(), nullable=False),
        sa.Column("archived", types.Utc(timezone=True), nullable=True),
        sa.Column("last_offer", types.Utc(timezone=True), nullable=True),
        sa.Column("cpus_total", sa.Double(), nullable=False),
        sa.Column("mem_total", sa.Double(), nullable=False),
        sa.Column("disk_total", sa.Double(), nullable=False),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_node"),
        sa.UniqueConstraint("slave_id", name="uq_node_slave_id"),
    )
    op.create_index("ix_node_last_modified", "node", ["last_modified"], unique=False)
    op.create_table(
        "scheduler",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("hostname", sa.String(), nullable=True),
        sa.Column("master_hostname", sa.String(), nullable=True),
        sa.Column("master_port", sa.Integer(), nullable=True),
        sa.Column("heartbeat", types.Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_scheduler"),
    )
    op.create_table(
        "trigger_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("configuration", types.Json, nullable=False),
        sa.Column("archived", types.Utc(timezone=True), nullable=True),
        sa.Column("last_fired", types.Utc(timezone=True), nullable=True),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trigger_rule"),
    )
    op.create_index("ix_trigger_rule_last_modified", "trigger_rule", ["last_modified"], unique=False)
    op.create_index("ix_trigger_rule_type", "trigger_rule", ["type"], unique=False)
    op.create_table(
        "workspace",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("base_url", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("used_size", sa.BigInteger(), nullable=True),
        sa.Column("total_size", sa.BigInteger(), nullable=True),
        sa.Column("json_config", types.Json, nullable=False),
        sa.Column("archived", types.Utc(timezone=True), nullable=True),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspace"),
        sa.UniqueConstraint("name", name="uq_workspace_name"),
    )
    op.create_index("ix_workspace_last_modified", "workspace", ["last_modified"], unique=False)
    op.create_table(
        "job_type",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("version", sa.String(length=50), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("author_name", sa.String(), nullable=True),
        sa.Column("author_url", sa.String(), nullable=True),
        sa.Column("is_system", sa.Boolean(), nullable=False),
        sa.Column("is_long_running", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_operational", sa.Boolean(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("icon_code", sa.String(), nullable=True),
        sa.Column("docker_privileged", sa.Boolean(), nullable=False),
        sa.Column("docker_image", sa.String(), nullable=True),
        sa.Column("revision_num", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("max_scheduled", sa.Integer(), nullable=True),
        sa.Column("max_tries", sa.Integer(), nullable=False),
        sa.Column("cpus_required", sa.Double(), nullable=False),
        sa.Column("mem_required", sa.Double(), nullable=False),
        sa.Column("disk_out_const_required", sa.Double(), nullable=False),
        sa.Column("disk_out_mult_required", sa.Double(), nullable=False),
        sa.Column("interface", types.Json, nullable=False),
        sa.Column("error_mapping", types.Json, nullable=False),
        sa.Column("trigger_rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("archived", types.Utc(timezone=True), nullable=True),
        sa.Column("paused", types.Utc(timezone=True), nullable=True),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["trigger_rule_id"], ["trigger_rule.id"], name="fk_job_type_trigger_rule_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job_type"),
    )
    op.create_index("ix_job_type_last_modified", "job_type", ["last_modified"], unique=False)
    op.create_index("ix_job_type_trigger_rule_id", "job_type", ["trigger_rule_id"], unique=False)
    op.create_index("uq_job_type_name_version", "job_type", ["name", "version"], unique=True)
    op.create_table(
        "recipe_type",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("version", sa.String(length=50), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("definition", types.Json, nullable=False),
        sa.Column("revision_num", sa.Integer(), nullable=False),
        sa.Column("trigger_rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("archived", types.Utc(timezone=True), nullable=True),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["trigger_rule_id"], ["trigger_rule.id"], name="fk_recipe_type_trigger_rule_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recipe_type"),
    )
    op.create_index("ix_recipe_type_last_modified", "recipe_type", ["last_modified"], unique=False)
    op.create_index("ix_recipe_type_trigger_rule_id", "recipe_type", ["trigger_rule_id"], unique=False)
    op.create_index("uq_recipe_type_name_version", "recipe_type", ["name", "version"], unique=True)
    op.create_table(
        "trigger_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("occurred", types.Utc(timezone=True), nullable=False),
        sa.Column("description", types.Json, nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["trigger_rule.id"], name="fk_trigger_event_rule_id"),
        sa.PrimaryKeyConstraint("id", name="pk_trigger_event"),
    )
    op.create_index("ix_trigger_event_occurred", "trigger_event", ["occurred"], unique=False)
    op.create_index("ix_trigger_event_rule_id_occurred", "trigger_event", ["rule_id", "occurred"], unique=False)
    op.create_table(
        "job_type_rev",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_type_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision_num", sa.Integer(), nullable=False),
        sa.Column("interface", types.Json, nullable=False),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_type_id"], ["job_type.id"], name="fk_job_type_rev_job_type_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job_type_rev"),
    )
    op.create_index(
        "uq_job_type_rev_job_type_id_revision_num", "job_type_rev", ["job_type_id", "revision_num"], unique=True
    )
    op.create_table(
        "recipe_type_rev",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recipe_type_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision_num", sa.Integer(), nullable=False),
        sa.Column("definition", types.Json, nullable=False),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["recipe_type_id"], ["recipe_type.id"], name="fk_recipe_type_rev_recipe_type_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recipe_type_rev"),
    )
    op.create_index("uq_recipe_type_rev_type_num", "recipe_type_rev", ["recipe_type_id", "revision_num"], unique=True)
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_type_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_type_rev_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("error_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("num_exes", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lost_exes", sa.Integer(), nullable=False),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("max_tries", sa.Integer(), nullable=False),
        sa.Column("cpus_required", sa.Double(), nullable=False),
        sa.Column("mem_required", sa.Double(), nullable=False),
        sa.Column("disk_in_required", sa.Double(), nullable=False),
        sa.Column("disk_out_required", sa.Double(), nullable=False),
        sa.Column("data", types.Json, nullable=False),
        sa.Column("results", types.Json, nullable=False),
        sa.Column("queued", types.Utc(timezone=True), nullable=True),
        sa.Column("started", types.Utc(timezone=True), nullable=True),
        sa.Column("ended", types.Utc(timezone=True), nullable=True),
        sa.Column("last_status_change", types.Utc(timezone=True), nullable=False),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["error_id"], ["error.id"], name="fk_job_error_id"),
        sa.ForeignKeyConstraint(["event_id"], ["trigger_event.id"], name="fk_job_event_id"),
        sa.ForeignKeyConstraint(["job_type_id"], ["job_type.id"], name="fk_job_job_type_id"),
        sa.ForeignKeyConstraint(["job_type_rev_id"], ["job_type_rev.id"], name="fk_job_job_type_rev_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index(
        "ix_job_active",
        "job",
        ["status"],
        unique=False,
        sqlite_where=sa.text("status IN ('PENDING', 'BLOCKED', 'QUEUED', 'RUNNING')"),
        postgresql_where=sa.text("status IN ('PENDING', 'BLOCKED', 'QUEUED', 'RUNNING')"),
    )
    op.create_index("ix_job_event_id", "job", ["event_id"], unique=False)
    op.create_index("ix_job_job_type_id_last_modified", "job", ["job_type_id", "last_modified"], unique=False)
    op.create_index("ix_job_last_modified", "job", ["last_modified"], unique=False)
    op.create_table(
        "recipe",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recipe_type_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recipe_type_rev_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("data", types.Json, nullable=False),
        sa.Column("completed", types.Utc(timezone=True), nullable=True),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["trigger_event.id"], name="fk_recipe_event_id"),
        sa.ForeignKeyConstraint(["recipe_type_id"], ["recipe_type.id"], name="fk_recipe_recipe_type_id"),
        sa.ForeignKeyConstraint(["recipe_type_rev_id"], ["recipe_type_rev.id"], name="fk_recipe_recipe_type_rev_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recipe"),
    )
    op.create_index("ix_recipe_last_modified", "recipe", ["last_modified"], unique=False)
    op.create_index(
        "ix_recipe_recipe_type_id_last_modified", "recipe", ["recipe_type_id", "last_modified"], unique=False
    )
    op.create_table(
        "job_exe",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_type_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("error_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("command_arguments", sa.Text(), nullable=False),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("queued", types.Utc(timezone=True), nullable=False),
        sa.Column("started", types.Utc(timezone=True), nullable=True),
        sa.Column("ended", types.Utc(timezone=True), nullable=True),
        sa.Column("pre_started", types.Utc(timezone=True), nullable=True),
        sa.Column("pre_completed", types.Utc(timezone=True), nullable=True),
        sa.Column("pre_exit_code", sa.Integer(), nullable=True),
        sa.Column("job_started", types.Utc(timezone=True), nullable=True),
        sa.Column("job_completed", types.Utc(timezone=True), nullable=True),
        sa.Column("job_exit_code", sa.Integer(), nullable=True),
        sa.Column("post_started", types.Utc(timezone=True), nullable=True),
        sa.Column("post_completed", types.Utc(timezone=True), nullable=True),
        sa.Column("post_exit_code", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("environment", types.Json, nullable=False),
        sa.Column("cpus_scheduled", sa.Double(), nullable=False),
        sa.Column("mem_scheduled", sa.Double(), nullable=False),
        sa.Column("disk_in_scheduled", sa.Double(), nullable=False),
        sa.Column("disk_out_scheduled", sa.Double(), nullable=False),
        sa.Column("disk_total_scheduled", sa.Double(), nullable=False),
        sa.Column("results", types.Json, nullable=False),
        sa.Column("results_manifest", types.Json, nullable=False),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["error_id"], ["error.id"], name="fk_job_exe_error_id"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_job_exe_job_id"),
        sa.ForeignKeyConstraint(["job_type_id"], ["job_type.id"], name="fk_job_exe_job_type_id"),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name="fk_job_exe_node_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job_exe"),
    )
    op.create_index("ix_job_exe_job_id", "job_exe", ["job_id"], unique=False)
    op.create_index("ix_job_exe_last_modified", "job_exe", ["last_modified"], unique=False)
    op.create_index("ix_job_exe_node_id_last_modified", "job_exe", ["node_id", "last_modified"], unique=False)
    op.create_index(
        "ix_job_exe_queue",
        "job_exe",
        ["status", "priority", "queued", "id"],
        unique=False,
        sqlite_where=sa.text("status IN ('QUEUED', 'RUNNING')"),
        postgresql_where=sa.text("status IN ('QUEUED', 'RUNNING')"),
    )
    op.create_table(
        "recipe_job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recipe_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_name", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_recipe_job_job_id"),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipe.id"], name="fk_recipe_job_recipe_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recipe_job"),
    )
    op.create_index("ix_recipe_job_job_id", "recipe_job", ["job_id"], unique=False)
    op.create_index("uq_recipe_job_recipe_id_job_name", "recipe_job", ["recipe_id", "job_name"], unique=True)
    op.create_table(
        "strike",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("configuration", types.Json, nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_strike_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_strike"),
        sa.UniqueConstraint("name", name="uq_strike_name"),
    )
    op.create_index("ix_strike_last_modified", "strike", ["last_modified"], unique=False)
    op.create_table(
        "scale_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_type", sa.String(length=10), nullable=False),
        sa.Column("workspace_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_path", sa.String(length=1000), nullable=False),
        sa.Column("moving_to", sa.String(length=1000), nullable=True),
        sa.Column("media_type", sa.String(length=250), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.String(length=80), nullable=True),
        sa.Column("data_type", types.Json, nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("deleted", types.Utc(timezone=True), nullable=True),
        sa.Column("uuid", sa.String(length=32), nullable=False),
        sa.Column("data_started", types.Utc(timezone=True), nullable=True),
        sa.Column("data_ended", types.Utc(timezone=True), nullable=True),
        sa.Column("geometry", types.Wkb(), nullable=True),
        sa.Column("center_point", types.Wkb(), nullable=True),
        sa.Column("west", sa.Double(), nullable=True),
        sa.Column("south", sa.Double(), nullable=True),
        sa.Column("east", sa.Double(), nullable=True),
        sa.Column("north", sa.Double(), nullable=True),
        sa.Column("meta_data", types.Json, nullable=False),
        sa.Column("countries", types.Json, nullable=False),
        sa.Column("is_parsed", sa.Boolean(), nullable=False),
        sa.Column("parsed", types.Utc(timezone=True), nullable=True),
        sa.Column("is_operational", sa.Boolean(), nullable=True),
        sa.Column("is_published", sa.Boolean(), nullable=True),
        sa.Column("published", types.Utc(timezone=True), nullable=True),
        sa.Column("unpublished", types.Utc(timezone=True), nullable=True),
        sa.Column("job_type_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("job_exe_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("job_output", sa.String(length=255), nullable=True),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_exe_id"], ["job_exe.id"], name="fk_scale_file_job_exe_id"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_scale_file_job_id"),
        sa.ForeignKeyConstraint(["job_type_id"], ["job_type.id"], name="fk_scale_file_job_type_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_scale_file_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_scale_file"),
    )
    op.create_index("ix_scale_file_bounds", "scale_file", ["west", "east", "south", "north"], unique=False)
    op.create_index("ix_scale_file_file_name", "scale_file", ["file_name"], unique=False)
    op.create_index("ix_scale_file_file_type_last_modified", "scale_file", ["file_type", "last_modified"], unique=False)
    op.create_index("ix_scale_file_job_id", "scale_file", ["job_id"], unique=False)
    op.create_index("ix_scale_file_job_type_id", "scale_file", ["job_type_id"], unique=False)
    op.create_index("ix_scale_file_last_modified", "scale_file", ["last_modified"], unique=False)
    op.create_index("ix_scale_file_uuid", "scale_file", ["uuid"], unique=False)
    op.create_index("uq_scale_file_workspace_id_file_path", "scale_file", ["workspace_id", "file_path"], unique=True)
    op.create_table(
        "file_ancestry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ancestor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("descendant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_exe_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_direct", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ancestor_id"], ["scale_file.id"], name="fk_file_ancestry_ancestor_id"),
        sa.ForeignKeyConstraint(["descendant_id"], ["scale_file.id"], name="fk_file_ancestry_descendant_id"),
        sa.ForeignKeyConstraint(["job_exe_id"], ["job_exe.id"], name="fk_file_ancestry_job_exe_id"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_file_ancestry_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_file_ancestry"),
    )
    op.create_index("ix_file_ancestry_descendant_id", "file_ancestry", ["descendant_id"], unique=False)
    op.create_index(
        "uq_file_ancestry_ancestor_descendant", "file_ancestry", ["ancestor_id", "descendant_id"], unique=True
    )
    op.create_table(
        "ingest",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("strike_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("workspace_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source_file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("bytes_transferred", sa.BigInteger(), nullable=False),
        sa.Column("transfer_started", types.Utc(timezone=True), nullable=False),
        sa.Column("transfer_ended", types.Utc(timezone=True), nullable=True),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("data_type", types.Json, nullable=False),
        sa.Column("ingest_started", types.Utc(timezone=True), nullable=True),
        sa.Column("ingest_ended", types.Utc(timezone=True), nullable=True),
        sa.Column("transfer_path", sa.Text(), nullable=False),
        sa.Column("file_path", sa.Text(), nullable=True),
        sa.Column("ingest_path", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created", types.Utc(timezone=True), nullable=False),
        sa.Column("last_modified", types.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_ingest_job_id"),
        sa.ForeignKeyConstraint(["source_file_id"], ["scale_file.id"], name="fk_ingest_source_file_id"),
        sa.ForeignKeyConstraint(["strike_id"], ["strike.id"], name="fk_ingest_strike_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_ingest_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ingest"),
    )
    op.create_index("ix_ingest_file_name", "ingest", ["file_name"], unique=False)
    op.create_index("ix_ingest_job_id", "ingest", ["job_id"], unique=False)
    op.create_index("ix_ingest_last_modified", "ingest", ["last_modified"], unique=False)
    op.create_index(
        "ix_ingest_open",
        "ingest",
        ["strike_id", "file_name"],
        unique=False,
        sqlite_where=sa.text("status IN ('TRANSFERRING', 'TRANSFERRED', 'INGESTING')"),
        postgresql_where=sa.text("status IN ('TRANSFERRING', 'TRANSFERRED', 'INGESTING')"),
    )
    op.create_index("ix_ingest_strike_id_status", "ingest", ["strike_id", "status"], unique=False)
    op.create_table(
        "job_input_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["scale_file.id"], name="fk_job_input_file_file_id"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_job_input_file_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job_input_file"),
    )
    op.create_index("ix_job_input_file_file_id", "job_input_file", ["file_id"], unique=False)
    op.create_index("ix_job_input_file_job_id", "job_input_file", ["job_id"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_job_input_file_job_id", table_name="job_input_file")
    op.drop_index("ix_job_input_file_file_id", table_name="job_input_file")
    op.drop_table("job_input_file")
    op.drop_index("ix_ingest_strike_id_status", table_name="ingest")
    op.drop_index(
        "ix_ingest_open",
        table_name="ingest",
        sqlite_where=sa.text("status IN ('TRANSFERRING', 'TRANSFERRED', 'INGESTING')"),
        postgresql_where=sa.text("status IN ('TRANSFERRING', 'TRANSFERRED', 'INGESTING')"),
    )
    op.drop_index("ix_ingest_last_modified", table_name="ingest")
    op.drop_index("ix_ingest_job_id", table_name="ingest")
    op.drop_index("ix_ingest_file_name", table_name="ingest")
    op.drop_table("ingest")
    op.drop_index("uq_file_ancestry_ancestor_descendant", table_name="file_ancestry")
    op.drop_index("ix_file_ancestry_descendant_id", table_name="file_ancestry")
    op.drop_table("file_ancestry")
    op.drop_index("uq_scale_file_workspace_id_file_path", table_name="scale_file")
    op.drop_index("ix_scale_file_uuid", table_name="scale_file")
    op.drop_index("ix_scale_file_last_modified", table_name="scale_file")
    op.drop_index("ix_scale_file_job_type_id", table_name="scale_file")
    op.drop_index("ix_scale_file_job_id", table_name="scale_file")
    op.drop_index("ix_scale_file_file_type_last_modified", table_name="scale_file")
    op.drop_index("ix_scale_file_file_name", table_name="scale_file")
    op.drop_index("ix_scale_file_bounds", table_name="scale_file")
    op.drop_table("scale_file")
    op.drop_index("ix_strike_last_modified", table_name="strike")
    op.drop_table("strike")
    op.drop_index("uq_recipe_job_recipe_id_job_name", table_name="recipe_job")
    op.drop_index("ix_recipe_job_job_id", table_name="recipe_job")
    op.drop_table("recipe_job")
    op.drop_index(
        "ix_job_exe_queue",
        table_name="job_exe",
        sqlite_where=sa.text("status IN ('QUEUED', 'RUNNING')"),
        postgresql_where=sa.text("status IN ('QUEUED', 'RUNNING')"),
    )
    op.drop_index("ix_job_exe_node_id_last_modified", table_name="job_exe")
    op.drop_index("ix_job_exe_last_modified", table_name="job_exe")
    op.drop_index("ix_job_exe_job_id", table_name="job_exe")
    op.drop_table("job_exe")
    op.drop_index("ix_recipe_recipe_type_id_last_modified", table_name="recipe")
    op.drop_index("ix_recipe_last_modified", table_name="recipe")
    op.drop_table("recipe")
    op.drop_index("ix_job_last_modified", table_name="job")
    op.drop_index("ix_job_job_type_id_last_modified", table_name="job")
    op.drop_index("ix_job_event_id", table_name="job")
    op.drop_index(
        "ix_job_active",
        table_name="job",
        sqlite_where=sa.text("status IN ('PENDING', 'BLOCKED', 'QUEUED', 'RUNNING')"),
        postgresql_where=sa.text("status IN ('PENDING', 'BLOCKED', 'QUEUED', 'RUNNING')"),
    )
    op.drop_table("job")
    op.drop_index("uq_recipe_type_rev_type_num", table_name="recipe_type_rev")
    op.drop_table("recipe_type_rev")
    op.drop_index("uq_job_type_rev_job_type_id_revision_num", table_name="job_type_rev")
    op.drop_table("job_type_rev")
    op.drop_index("ix_trigger_event_rule_id_occurred", table_name="trigger_event")
    op.drop_index("ix_trigger_event_occurred", table_name="trigger_event")
    op.drop_table("trigger_event")
    op.drop_index("uq_recipe_type_name_version", table_name="recipe_type")
    op.drop_index("ix_recipe_type_trigger_rule_id", table_name="recipe_type")
    op.drop_index("ix_recipe_type_last_modified", table_name="recipe_type")
    op.drop_table("recipe_type")
    op.drop_index("uq_job_type_name_version", table_name="job_type")
    op.drop_index("ix_job_type_trigger_rule_id", table_name="job_type")
    op.drop_index("ix_job_type_last_modified", table_name="job_type")
    op.drop_table("job_type")
    op.drop_index("ix_workspace_last_modified", table_name="workspace")
    op.drop_table("workspace")
    op.drop_index("ix_trigger_rule_type", table_name="trigger_rule")
    op.drop_index("ix_trigger_rule_last_modified", table_name="trigger_rule")
    op.drop_table("trigger_rule")
    op.drop_table("scheduler")
    op.drop_index("ix_node_last_modified", table_name="node")
    op.drop_table("node")
    op.drop_index("ix_error_last_modified", table_name="error")
    op.drop_table("error")
