"""Posts that are deleted or hidden, reactions to them, whom they name, their files, and official statements

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("post", schema=None) as batch_op:
        gone = sa.Enum("deleted", "hidden", name="gone", native_enum=False, length=30)
        batch_op.add_column(sa.Column("gone", gone, nullable=True))
        batch_op.add_column(sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("gone_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("gone_reason", sa.String(length=500), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("is_statement", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_foreign_key(op.f("fk_post_gone_by_id"), "person", ["gone_by_id"], ["id"])
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_speaker", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "reaction",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("thumb", "thanks", "seen", "agree", "wonder", name="reactionkind", native_enum=False, length=30),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_reaction_post_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reaction_person_id")),
        sa.PrimaryKeyConstraint("post_id", "person_id", "kind", name=op.f("pk_reaction")),
    )
    op.create_table(
        "mention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_mention_post_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mention_person_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_mention_organisation_id")),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_mention_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mention")),
    )
    op.create_index(op.f("ix_mention_post_id"), "mention", ["post_id"])
    op.create_table(
        "attachment",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_attachment_post_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_attachment_resource_id")),
        sa.PrimaryKeyConstraint("post_id", "resource_id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_resource_id"), "attachment", ["resource_id"])


def downgrade() -> None:
    op.drop_table("attachment")
    op.drop_table("mention")
    op.drop_table("reaction")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_column("is_speaker")
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_post_gone_by_id"), type_="foreignkey")
        for column in ("is_statement", "gone_reason", "gone_by_id", "gone_at", "gone"):
            batch_op.drop_column(column)
