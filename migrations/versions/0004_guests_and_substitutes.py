"""Languages of guests, since when somebody is called, who was called only as a substitute, and since when a poll has a time

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("guest_language", sa.String(length=2), nullable=False, server_default="sv"))
        batch_op.add_column(sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("is_only_substitute", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("poll_invitee", schema=None) as batch_op:
        batch_op.add_column(sa.Column("guest_language", sa.String(length=2), nullable=False, server_default="sv"))
    with op.batch_alter_table("poll_option", schema=None) as batch_op:
        batch_op.add_column(sa.Column("added_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE poll_option SET added_at = (SELECT created_at FROM date_poll WHERE date_poll.id = poll_option.poll_id)"
    )
    with op.batch_alter_table("poll_option", schema=None) as batch_op:
        batch_op.alter_column("added_at", existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("poll_option", schema=None) as batch_op:
        batch_op.drop_column("added_at")
    with op.batch_alter_table("poll_invitee", schema=None) as batch_op:
        batch_op.drop_column("guest_language")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_column("is_only_substitute")
        batch_op.drop_column("invited_at")
        batch_op.drop_column("guest_language")
