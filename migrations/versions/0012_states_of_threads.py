"""Threads are pinned, closed, answered, supported and tagged; lines tell what was done to them; organisations pin an update

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OF_THREADS = ("pinned_at", "closed_at", "lifted_at", "answered_at")


def upgrade() -> None:
    with op.batch_alter_table("thread") as batch:
        batch.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
        for name in OF_THREADS:
            batch.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("answer_seq", sa.Integer(), nullable=True))
    op.execute("UPDATE thread SET lifted_at = created_at WHERE kind = 'lifted'")
    with op.batch_alter_table("thread") as batch:
        batch.alter_column("revision", server_default=None)
    with op.batch_alter_table("post") as batch:
        batch.add_column(sa.Column("line", sa.String(length=30), nullable=True))
        batch.add_column(sa.Column("line_seq", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("other_thread_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_post_other_thread_id"), "thread", ["other_thread_id"], ["id"])
    op.create_index(op.f("ix_post_other_thread_id"), "post", ["other_thread_id"])
    op.create_index("ix_post_thread_organisation", "post", ["thread_id", "organisation_id"])
    op.create_index("ix_post_organisation_kind", "post", ["organisation_id", "kind", "created_at"])
    op.create_table(
        "thread_topic",
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_thread_topic_thread_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_thread_topic_topic_id")),
        sa.PrimaryKeyConstraint("thread_id", "topic_id", name=op.f("pk_thread_topic")),
    )
    op.create_index(op.f("ix_thread_topic_topic_id"), "thread_topic", ["topic_id"])
    op.create_table(
        "thread_county",
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=2), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_thread_county_thread_id")),
        sa.PrimaryKeyConstraint("thread_id", "code", name=op.f("pk_thread_county")),
    )
    op.create_table(
        "thread_support",
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_thread_support_thread_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_thread_support_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_thread_support_person_id")),
        sa.PrimaryKeyConstraint("thread_id", "organisation_id", name=op.f("pk_thread_support")),
    )
    op.create_table(
        "pinned_update",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("pinned_by_id", sa.Integer(), nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_pinned_update_organisation_id")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_pinned_update_post_id")),
        sa.ForeignKeyConstraint(["pinned_by_id"], ["person.id"], name=op.f("fk_pinned_update_pinned_by_id")),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_pinned_update")),
    )
    op.create_index(op.f("ix_pinned_update_post_id"), "pinned_update", ["post_id"])


def downgrade() -> None:
    op.drop_table("pinned_update")
    op.drop_table("thread_support")
    op.drop_table("thread_county")
    op.drop_table("thread_topic")
    op.drop_index("ix_post_organisation_kind", "post")
    op.drop_index("ix_post_thread_organisation", "post")
    op.drop_index(op.f("ix_post_other_thread_id"), "post")
    # before there were lines, nothing could stand in a thread but what somebody wrote
    op.execute("DELETE FROM post WHERE kind = 'line'")
    with op.batch_alter_table("post") as batch:
        batch.drop_constraint(op.f("fk_post_other_thread_id"), type_="foreignkey")
        for name in ("other_thread_id", "line_seq", "line"):
            batch.drop_column(name)
    with op.batch_alter_table("thread") as batch:
        for name in ("answer_seq", *reversed(OF_THREADS), "revision"):
            batch.drop_column(name)
