"""What people follow, when they wish to be written to, and what a notice is about

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _follow(thing: str) -> None:
    table = f"{thing}_follow"
    level = sa.Enum("all", "mentions", "none", name="level", native_enum=False, length=30)
    op.create_table(
        table,
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(f"{thing}_id", sa.Integer(), nullable=False),
        sa.Column("level", level, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"fk_{table}_person_id")),
        sa.ForeignKeyConstraint([f"{thing}_id"], [f"{thing}.id"], name=op.f(f"fk_{table}_{thing}_id")),
        sa.PrimaryKeyConstraint("person_id", f"{thing}_id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_{thing}_id"), table, [f"{thing}_id"])


def upgrade() -> None:
    _follow("group")
    _follow("thread")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("about", sa.String(length=60), nullable=True))
        batch_op.add_column(sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_notice_about", ["person_id", "about"])
    op.execute(sa.text("UPDATE notice SET due_at = created_at WHERE in_daily"))
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_daily")
        batch_op.drop_column("in_daily")
        batch_op.create_index("ix_notice_due", ["due_at", "person_id"])
    _delivery()


def _delivery() -> None:
    op.create_table(
        "group_preference",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("mail", "hourly", "daily", "weekly", "portal", name="channel", native_enum=False, length=30),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_group_preference_person_id")),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_group_preference_group_id")),
        sa.PrimaryKeyConstraint("person_id", "group_id", name=op.f("pk_group_preference")),
    )
    op.create_index(op.f("ix_group_preference_group_id"), "group_preference", ["group_id"])
    op.create_table(
        "notification_habit",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_notification_habit_hour")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_notification_habit_weekday")),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name=op.f("ck_notification_habit_quiet")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notification_habit_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_notification_habit")),
    )


def downgrade() -> None:
    op.drop_table("notification_habit")
    op.drop_table("group_preference")
    op.execute("UPDATE notification_preference SET channel = 'daily' WHERE channel IN ('hourly', 'weekly')")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_due")
        batch_op.add_column(sa.Column("in_daily", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(sa.text("UPDATE notice SET in_daily = true WHERE due_at IS NOT NULL"))
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_column("due_at")
        batch_op.create_index("ix_notice_daily", ["in_daily", "person_id"])
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_about")
        batch_op.drop_column("about")
    op.drop_table("thread_follow")
    op.drop_table("group_follow")
