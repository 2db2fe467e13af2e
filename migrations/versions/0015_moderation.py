"""Reports of posts, the log of what leaders do, suspensions, slow mode, and drafts

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ACTS = ("dismissed", "hidden", "deleted", "shown", "warned", "closed", "slowed", "hastened", "suspended", "released")
REASONS = ("personal_data", "unkind", "wrong_place", "untrue", "other")


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    at = sa.DateTime(timezone=True)
    op.create_table(
        "moderation_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum(*ACTS, name="actkind", native_enum=False, length=30), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", at, nullable=False),
        _to("moderation_act", "group_id", "group"),
        _to("moderation_act", "thread_id", "thread"),
        _to("moderation_act", "post_id", "post"),
        _to("moderation_act", "person_id", "person"),
        _to("moderation_act", "by_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_act")),
    )
    op.create_index("ix_moderation_act_group", "moderation_act", ["group_id", "id"])
    for column in ("thread_id", "post_id", "person_id"):
        op.create_index(op.f(f"ix_moderation_act_{column}"), "moderation_act", [column])
    op.create_table(
        "post_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("reporter_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Enum(*REASONS, name="reportreason", native_enum=False, length=30), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("created_at", at, nullable=False),
        sa.Column("act_id", sa.Integer(), nullable=True),
        _to("post_report", "post_id", "post"),
        _to("post_report", "reporter_id", "person"),
        _to("post_report", "act_id", "moderation_act"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_report")),
        sa.UniqueConstraint("post_id", "reporter_id", name=op.f("uq_post_report_post_id_reporter_id")),
    )
    for column in ("reporter_id", "act_id"):
        op.create_index(op.f(f"ix_post_report_{column}"), "post_report", [column])
    op.create_table(
        "suspension",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        _to("suspension", "person_id", "person"),
        _to("suspension", "group_id", "group"),
        _to("suspension", "by_id", "person"),
        sa.PrimaryKeyConstraint("person_id", "group_id", name=op.f("pk_suspension")),
    )
    op.create_index(op.f("ix_suspension_group_id"), "suspension", ["group_id"])
    for thing in ("group", "thread"):
        table = f"{thing}_pace"
        op.create_table(
            table,
            sa.Column(f"{thing}_id", sa.Integer(), nullable=False),
            sa.Column("seconds", sa.Integer(), nullable=False),
            _to(table, f"{thing}_id", thing),
            sa.PrimaryKeyConstraint(f"{thing}_id", name=op.f(f"pk_{table}")),
        )
    op.create_table(
        "thread_draft",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", at, nullable=False),
        _to("thread_draft", "person_id", "person"),
        _to("thread_draft", "thread_id", "thread"),
        sa.PrimaryKeyConstraint("person_id", "thread_id", name=op.f("pk_thread_draft")),
    )
    for column in ("thread_id", "changed_at"):
        op.create_index(op.f(f"ix_thread_draft_{column}"), "thread_draft", [column])


def downgrade() -> None:
    for table in ("thread_draft", "thread_pace", "group_pace", "suspension", "post_report", "moderation_act"):
        op.drop_table(table)
