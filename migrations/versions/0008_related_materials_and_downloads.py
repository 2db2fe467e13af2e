"""Materials that belong together, and how often organisations fetched a material, by day

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "related_resource",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["other_id"], ["resource.id"], name=op.f("fk_related_resource_other_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_related_resource_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_related_resource")),
        sa.UniqueConstraint("resource_id", "other_id", name=op.f("uq_related_resource_resource_id_other_id")),
    )
    op.create_index(op.f("ix_related_resource_other_id"), "related_resource", ["other_id"])
    op.create_table(
        "resource_download",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_resource_download_organisation_id")
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_resource_download_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_download")),
        sa.UniqueConstraint(
            "resource_id", "organisation_id", "on", name=op.f("uq_resource_download_resource_id_organisation_id_on")
        ),
    )
    op.create_index(op.f("ix_resource_download_organisation_id"), "resource_download", ["organisation_id"])


def downgrade() -> None:
    op.drop_table("resource_download")
    op.drop_table("related_resource")
