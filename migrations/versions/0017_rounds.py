"""Rounds of situation reports

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("is_core", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_report_question_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_question")),
    )
    with op.batch_alter_table("report_question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_question_group_id"), ["group_id"], unique=False)

    op.create_table(
        "report_wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("text", "number", "choice", "scale", name="questionkind", native_enum=False, length=30),
            nullable=False,
        ),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("help", sa.String(length=1000), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_report_wording_made_by_id")),
        sa.ForeignKeyConstraint(["question_id"], ["report_question.id"], name=op.f("fk_report_wording_question_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_wording")),
        sa.UniqueConstraint("question_id", "number", name=op.f("uq_report_wording_question_id_number")),
    )
    op.create_table(
        "report_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("locks_on", sa.Date(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("resource_id", sa.Integer(), nullable=True),
        sa.Column("compiled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_report_round_group_id")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["agenda_item.id"], name=op.f("fk_report_round_item_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_report_round_made_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_report_round_organisation_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_report_round_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_round")),
    )
    with op.batch_alter_table("report_round", schema=None) as batch_op:
        batch_op.create_index("ix_report_round_group", ["group_id", "due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_report_round_item_id"), ["item_id"], unique=False)

    op.create_table(
        "report_round_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("wording_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"], ["report_question.id"], name=op.f("fk_report_round_question_question_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["report_round.id"], name=op.f("fk_report_round_question_round_id")),
        sa.ForeignKeyConstraint(
            ["wording_id"], ["report_wording.id"], name=op.f("fk_report_round_question_wording_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_round_question")),
        sa.UniqueConstraint("round_id", "question_id", name=op.f("uq_report_round_question_round_id_question_id")),
    )
    with op.batch_alter_table("report_round_question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_round_question_question_id"), ["question_id"], unique=False)

    op.create_table(
        "situation_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("county_code", sa.String(length=2), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("begun", "submitted", "returned", name="reportstate", native_enum=False, length=30),
            nullable=False,
        ),
        sa.Column("responsible_id", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resubmitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_situation_report_organisation_id")
        ),
        sa.ForeignKeyConstraint(["responsible_id"], ["person.id"], name=op.f("fk_situation_report_responsible_id")),
        sa.ForeignKeyConstraint(["round_id"], ["report_round.id"], name=op.f("fk_situation_report_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_situation_report")),
        sa.UniqueConstraint("round_id", "county_code", name=op.f("uq_situation_report_round_id_county_code")),
    )
    with op.batch_alter_table("situation_report", schema=None) as batch_op:
        batch_op.create_index("ix_situation_report_county", ["county_code"], unique=False)

    op.create_table(
        "report_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("wording_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("choice", sa.String(length=120), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["report_question.id"], name=op.f("fk_report_answer_question_id")),
        sa.ForeignKeyConstraint(["report_id"], ["situation_report.id"], name=op.f("fk_report_answer_report_id")),
        sa.ForeignKeyConstraint(["wording_id"], ["report_wording.id"], name=op.f("fk_report_answer_wording_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["person.id"], name=op.f("fk_report_answer_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_answer")),
        sa.UniqueConstraint("report_id", "question_id", name=op.f("uq_report_answer_report_id_question_id")),
    )
    with op.batch_alter_table("report_answer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_answer_question_id"), ["question_id"], unique=False)

    op.create_table(
        "report_answer_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("choice", sa.String(length=120), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["report_answer.id"], name=op.f("fk_report_answer_version_answer_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["person.id"], name=op.f("fk_report_answer_version_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_answer_version")),
        sa.UniqueConstraint("answer_id", "revision", name=op.f("uq_report_answer_version_answer_id_revision")),
    )


def downgrade() -> None:
    op.drop_table("report_answer_version")
    with op.batch_alter_table("report_answer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_answer_question_id"))

    op.drop_table("report_answer")
    with op.batch_alter_table("situation_report", schema=None) as batch_op:
        batch_op.drop_index("ix_situation_report_county")

    op.drop_table("situation_report")
    with op.batch_alter_table("report_round_question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_round_question_question_id"))

    op.drop_table("report_round_question")
    with op.batch_alter_table("report_round", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_round_item_id"))
        batch_op.drop_index("ix_report_round_group")

    op.drop_table("report_round")
    op.drop_table("report_wording")
    with op.batch_alter_table("report_question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_question_group_id"))

    op.drop_table("report_question")
