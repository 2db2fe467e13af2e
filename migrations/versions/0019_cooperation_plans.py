"""Regional cooperation plans

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_plan_template_group_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_plan_template_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_template")),
        sa.UniqueConstraint("group_id", "number", name=op.f("uq_plan_template_group_id_number")),
    )
    op.create_table(
        "cooperation_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("county_code", sa.String(length=2), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "in_review", "adopted", name="planstate", native_enum=False, length=30),
            nullable=False,
        ),
        sa.Column("return_reason", sa.String(length=1000), nullable=False),
        sa.Column("adopted_on", sa.Date(), nullable=True),
        sa.Column("revise_by", sa.Date(), nullable=True),
        sa.Column("resource_id", sa.Integer(), nullable=True),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_cooperation_plan_group_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_cooperation_plan_made_by_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_cooperation_plan_resource_id")),
        sa.ForeignKeyConstraint(["template_id"], ["plan_template.id"], name=op.f("fk_cooperation_plan_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cooperation_plan")),
        sa.UniqueConstraint("group_id", "county_code", name=op.f("uq_cooperation_plan_group_id_county_code")),
    )
    with op.batch_alter_table("cooperation_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cooperation_plan_resource_id"), ["resource_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cooperation_plan_revise_by"), ["revise_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_cooperation_plan_template_id"), ["template_id"], unique=False)

    op.create_table(
        "plan_template_section",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("heading", sa.String(length=160), nullable=False),
        sa.Column("guidance", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["plan_template.id"], name=op.f("fk_plan_template_section_template_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_template_section")),
        sa.UniqueConstraint("template_id", "key", name=op.f("uq_plan_template_section_template_id_key")),
    )
    op.create_table(
        "plan_edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("adopted_on", sa.Date(), nullable=False),
        sa.Column("revise_by", sa.Date(), nullable=False),
        sa.Column("adopted_by_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["adopted_by_id"], ["person.id"], name=op.f("fk_plan_edition_adopted_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_plan_edition_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["cooperation_plan.id"], name=op.f("fk_plan_edition_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_edition")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_plan_edition_plan_id_number")),
    )
    op.create_table(
        "plan_participant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("added_by_id", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["added_by_id"], ["person.id"], name=op.f("fk_plan_participant_added_by_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_plan_participant_organisation_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["cooperation_plan.id"], name=op.f("fk_plan_participant_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_participant")),
        sa.UniqueConstraint("plan_id", "organisation_id", name=op.f("uq_plan_participant_plan_id_organisation_id")),
    )
    with op.batch_alter_table("plan_participant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_participant_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "plan_section",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("heading", sa.String(length=160), nullable=False),
        sa.Column("guidance", sa.Text(), nullable=False),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["cooperation_plan.id"], name=op.f("fk_plan_section_plan_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["person.id"], name=op.f("fk_plan_section_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_section")),
        sa.UniqueConstraint("plan_id", "key", name=op.f("uq_plan_section_plan_id_key")),
    )
    op.create_table(
        "plan_section_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("section_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["section_id"], ["plan_section.id"], name=op.f("fk_plan_section_version_section_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["person.id"], name=op.f("fk_plan_section_version_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_section_version")),
        sa.UniqueConstraint("section_id", "revision", name=op.f("uq_plan_section_version_section_id_revision")),
    )


def downgrade() -> None:
    op.drop_table("plan_section_version")
    op.drop_table("plan_section")
    with op.batch_alter_table("plan_participant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_participant_organisation_id"))

    op.drop_table("plan_participant")
    op.drop_table("plan_edition")
    op.drop_table("plan_template_section")
    with op.batch_alter_table("cooperation_plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cooperation_plan_template_id"))
        batch_op.drop_index(batch_op.f("ix_cooperation_plan_revise_by"))
        batch_op.drop_index(batch_op.f("ix_cooperation_plan_resource_id"))

    op.drop_table("cooperation_plan")
    op.drop_table("plan_template")
