"""A living library: what a material is and for whom, who keeps it alive, sharing, topics, and the state of each version

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("folded", sa.String(length=80), nullable=False),
        sa.Column("is_controlled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("folded", name=op.f("uq_topic_folded")),
    )
    op.create_table(
        "resource_topic",
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_resource_topic_resource_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_resource_topic_topic_id")),
        sa.PrimaryKeyConstraint("resource_id", "topic_id", name=op.f("pk_resource_topic")),
    )
    op.create_index(op.f("ix_resource_topic_topic_id"), "resource_topic", ["topic_id"])
    op.create_table(
        "resource_share",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("shared_by_id", sa.Integer(), nullable=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_resource_share_group_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_resource_share_resource_id")),
        sa.ForeignKeyConstraint(["shared_by_id"], ["person.id"], name=op.f("fk_resource_share_shared_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_share")),
        sa.UniqueConstraint("resource_id", "group_id", name=op.f("uq_resource_share_resource_id_group_id")),
    )
    op.create_index(op.f("ix_resource_share_group_id"), "resource_share", ["group_id"])
    _widen_resource()
    _widen_version()


def _widen_resource() -> None:
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.add_column(sa.Column("description", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("language", sa.String(length=8), nullable=False, server_default="sv"))
        batch_op.add_column(sa.Column("licence", sa.String(length=30), nullable=False, server_default="unknown"))
        batch_op.add_column(sa.Column("audiences", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("counties", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("responsible_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reviewed_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("review_by", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("replaced_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("withdrawn_reason", sa.String(length=300), nullable=False, server_default=""))
        batch_op.create_foreign_key(op.f("fk_resource_responsible_id"), "person", ["responsible_id"], ["id"])
        batch_op.create_foreign_key(op.f("fk_resource_replaced_by_id"), "resource", ["replaced_by_id"], ["id"])
        batch_op.create_index(op.f("ix_resource_responsible_id"), ["responsible_id"])
        batch_op.create_index(op.f("ix_resource_replaced_by_id"), ["replaced_by_id"])
    op.execute("UPDATE resource SET responsible_id = created_by_id")


def _widen_version() -> None:
    with op.batch_alter_table("resource_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(length=30), nullable=False, server_default="checking"))
        batch_op.add_column(sa.Column("note", sa.String(length=300), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("is_ocr", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("properties", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("thumbnail_sha256", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("picture_sha256", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("pdf_sha256", sa.String(length=64), nullable=True))
    op.execute(
        "UPDATE resource_version SET state = (SELECT state FROM resource WHERE resource.id = resource_version.resource_id)"
    )


def downgrade() -> None:
    with op.batch_alter_table("resource_version", schema=None) as batch_op:
        for name in ("pdf_sha256", "picture_sha256", "thumbnail_sha256", "properties", "is_ocr", "note", "state"):
            batch_op.drop_column(name)
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_resource_replaced_by_id"))
        batch_op.drop_index(op.f("ix_resource_responsible_id"))
        batch_op.drop_constraint(op.f("fk_resource_replaced_by_id"), type_="foreignkey")
        batch_op.drop_constraint(op.f("fk_resource_responsible_id"), type_="foreignkey")
        for name in ("withdrawn_reason", "withdrawn_at", "replaced_by_id", "review_by", "reviewed_on", "responsible_id",
                     "counties", "audiences", "licence", "language", "description"):  # fmt: skip
            batch_op.drop_column(name)
    op.drop_table("resource_share")
    op.drop_table("resource_topic")
    op.drop_table("topic")
