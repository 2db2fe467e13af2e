"""trainings

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "training",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("network_group_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_training_created_by_id")),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_training_group_id")),
        sa.ForeignKeyConstraint(["network_group_id"], ["group.id"], name=op.f("fk_training_network_group_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_training_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training")),
    )
    with op.batch_alter_table("training", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_training_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_training_network_group_id"), ["network_group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_training_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "cohort",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("nominate_by", sa.Date(), nullable=False),
        sa.Column("enough", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "nominating",
                "decided",
                "running",
                "completed",
                "cancelled",
                name="cohortstate",
                native_enum=False,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("cancel_reason", sa.String(length=1000), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("places > 0", name=op.f("ck_cohort_some_places")),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_cohort_created_by_id")),
        sa.ForeignKeyConstraint(["training_id"], ["training.id"], name=op.f("fk_cohort_training_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort")),
    )
    with op.batch_alter_table("cohort", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cohort_training_id"), ["training_id"], unique=False)

    op.create_table(
        "training_authority",
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column(
            "authority",
            sa.Enum(
                "police",
                "prosecutor",
                "migration",
                "social",
                "health",
                "other",
                name="authority",
                native_enum=False,
                length=30,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["training_id"], ["training.id"], name=op.f("fk_training_authority_training_id")),
        sa.PrimaryKeyConstraint("training_id", "authority", name=op.f("pk_training_authority")),
    )
    op.create_table(
        "nomination",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column(
            "authority",
            sa.Enum(
                "police",
                "prosecutor",
                "migration",
                "social",
                "health",
                "other",
                name="authority",
                native_enum=False,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("employer", sa.String(length=200), nullable=False),
        sa.Column("county_code", sa.String(length=2), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("nominated_by_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "nominated",
                "admitted",
                "waiting",
                "declined",
                "withdrawn",
                name="nominationstate",
                native_enum=False,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("place_in_line", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("graduated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_register_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("membership_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_nomination_cohort_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_nomination_membership_id")),
        sa.ForeignKeyConstraint(["nominated_by_id"], ["person.id"], name=op.f("fk_nomination_nominated_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_nomination_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_nomination_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination")),
        sa.UniqueConstraint("cohort_id", "email", name=op.f("uq_nomination_cohort_id_email")),
    )
    with op.batch_alter_table("nomination", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nomination_county_code"), ["county_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_nomination_membership_id"), ["membership_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_nomination_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_nomination_person_id"), ["person_id"], unique=False)

    op.create_table(
        "training_occasion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("theory", "visit", "other", name="occasionkind", native_enum=False, length=30),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_training_occasion_times_in_order")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_training_occasion_cohort_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_occasion")),
    )
    with op.batch_alter_table("training_occasion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_training_occasion_cohort_id"), ["cohort_id"], unique=False)

    op.create_table(
        "training_attendance",
        sa.Column("occasion_id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("is_present", sa.Boolean(), nullable=False),
        sa.Column("noted_by_id", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_training_attendance_nomination_id")
        ),
        sa.ForeignKeyConstraint(["noted_by_id"], ["person.id"], name=op.f("fk_training_attendance_noted_by_id")),
        sa.ForeignKeyConstraint(
            ["occasion_id"], ["training_occasion.id"], name=op.f("fk_training_attendance_occasion_id")
        ),
        sa.PrimaryKeyConstraint("occasion_id", "nomination_id", name=op.f("pk_training_attendance")),
    )
    with op.batch_alter_table("training_attendance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_training_attendance_nomination_id"), ["nomination_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("training_attendance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_training_attendance_nomination_id"))

    op.drop_table("training_attendance")
    with op.batch_alter_table("training_occasion", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_training_occasion_cohort_id"))

    op.drop_table("training_occasion")
    with op.batch_alter_table("nomination", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_nomination_person_id"))
        batch_op.drop_index(batch_op.f("ix_nomination_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_nomination_membership_id"))
        batch_op.drop_index(batch_op.f("ix_nomination_county_code"))

    op.drop_table("nomination")
    op.drop_table("training_authority")
    with op.batch_alter_table("cohort", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cohort_training_id"))

    op.drop_table("cohort")
    with op.batch_alter_table("training", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_training_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_training_network_group_id"))
        batch_op.drop_index(batch_op.f("ix_training_group_id"))

    op.drop_table("training")
