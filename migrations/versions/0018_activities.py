"""Activities and their sectors

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SECTORS = ("Taxi", "Hotell", "Restaurang", "Bygg", "Nagelvård", "Städ", "Jordbruk")  # to begin with


def upgrade() -> None:
    sector = op.create_table(
        "sector",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("folded", sa.String(length=80), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sector")),
        sa.UniqueConstraint("folded", name=op.f("uq_sector_folded")),
    )
    op.bulk_insert(sector, [{"name": name, "folded": name.casefold()} for name in SECTORS])
    op.create_table(
        "activity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "campaign", "training", "material", "inspection", name="activitykind", native_enum=False, length=30
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("people_reached", sa.Integer(), nullable=True),
        sa.Column("occasions", sa.Integer(), nullable=True),
        sa.Column("places_visited", sa.Integer(), nullable=True),
        sa.Column("result_revision", sa.Integer(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(length=1000), nullable=False),
        sa.Column("copied_from_id", sa.Integer(), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_activity_days_in_order")),
        sa.ForeignKeyConstraint(["copied_from_id"], ["activity.id"], name=op.f("fk_activity_copied_from_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_activity_created_by_id")),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_activity_group_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_activity_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.create_index("ix_activity_group_days", ["group_id", "starts_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_activity_copied_from_id"), ["copied_from_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_activity_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "activity_county",
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=2), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_activity_county_activity_id")),
        sa.PrimaryKeyConstraint("activity_id", "code", name=op.f("pk_activity_county")),
    )
    with op.batch_alter_table("activity_county", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activity_county_code"), ["code"], unique=False)

    for name, column, target in (
        ("sector", "sector_id", "sector.id"),
        ("contact", "person_id", "person.id"),
        ("material", "resource_id", "resource.id"),
    ):
        table = f"activity_{name}"
        op.create_table(
            table,
            sa.Column("activity_id", sa.Integer(), nullable=False),
            sa.Column(column, sa.Integer(), nullable=False),
            sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f(f"fk_{table}_activity_id")),
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}")),
            sa.PrimaryKeyConstraint("activity_id", column, name=op.f(f"pk_{table}")),
        )
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)

    op.create_table(
        "activity_joiner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("joined_by_id", sa.Integer(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_activity_joiner_activity_id")),
        sa.ForeignKeyConstraint(["joined_by_id"], ["person.id"], name=op.f("fk_activity_joiner_joined_by_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_activity_joiner_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_joiner")),
        sa.UniqueConstraint(
            "activity_id", "organisation_id", name=op.f("uq_activity_joiner_activity_id_organisation_id")
        ),
    )
    with op.batch_alter_table("activity_joiner", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activity_joiner_organisation_id"), ["organisation_id"], unique=False)


def downgrade() -> None:
    for table in (
        "activity_joiner", "activity_material", "activity_contact", "activity_sector", "activity_county", "activity", "sector",
    ):  # fmt: skip
        op.drop_table(table)
