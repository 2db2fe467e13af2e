"""Sign-in attempts as rows of their own; what a provider's row says of how we prove who we are, and how fresh a sign-in is

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("provider_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("next_path", sa.String(length=500), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["identity_provider.id"], name=op.f("fk_sign_in_attempt_provider_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["browser_session.id"], name=op.f("fk_sign_in_attempt_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
        sa.UniqueConstraint("state", name=op.f("uq_sign_in_attempt_state")),
    )
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_attempt_provider_id"), ["provider_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_attempt_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_attempt_started_at"), ["started_at"], unique=False)
    ways = sa.Enum(
        "client_secret_basic", "client_secret_post", "private_key_jwt", name="clientauth", native_enum=False, length=30
    )
    with op.batch_alter_table("identity_provider", schema=None) as batch_op:
        batch_op.add_column(sa.Column("client_auth", ways, nullable=False, server_default="client_secret_basic"))
        batch_op.add_column(sa.Column("max_age", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("identity_provider", schema=None) as batch_op:
        batch_op.drop_column("max_age")
        batch_op.drop_column("client_auth")
    op.drop_table("sign_in_attempt")
