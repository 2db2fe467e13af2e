"""What became of each notice, addresses that do not work, and devices that are pushed to

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    states = ("queued", "withheld", "sent", "seen", "dropped", "blocked", "refused", "bounced")
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("via", sa.Enum("mail", "push", name="via", native_enum=False, length=30), nullable=False),
        sa.Column("state", sa.Enum(*states, name="state", native_enum=False, length=30), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("letter", sa.String(length=20), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_delivery_person_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_delivery_notice_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_delivery_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_notice", "delivery", ["notice_id", "via"])
    op.create_index("ix_delivery_person", "delivery", ["person_id", "letter"])
    op.create_index("ix_delivery_state", "delivery", ["state", "changed_at"])
    op.create_table(
        "address_trouble",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("soft_count", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_address_trouble_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_address_trouble")),
    )
    op.create_table(
        "push_device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("endpoint", sa.String(length=1000), nullable=False),
        sa.Column("endpoint_hash", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("auth", sa.String(length=40), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_push_device_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_device")),
        sa.UniqueConstraint("endpoint_hash", name=op.f("uq_push_device_endpoint_hash")),
    )
    op.create_index(op.f("ix_push_device_person_id"), "push_device", ["person_id"])
    op.create_table(
        "push_choice",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("sort", sa.String(length=70), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_push_choice_person_id")),
        sa.PrimaryKeyConstraint("person_id", "sort", name=op.f("pk_push_choice")),
    )


def downgrade() -> None:
    op.drop_table("push_choice")
    op.drop_table("push_device")
    op.drop_table("address_trouble")
    op.drop_table("delivery")
