"""The command line: `flask --app wsgi …`. Each command is an edge: it commits once at its end, or not at all."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from flask import Flask, current_app
from flask.cli import AppGroup

from portal import audit, db, outbox, search
from portal.people.models import Person, PersonStatus
from portal.people.policy import readable_group_ids
from portal.search import snippets

database = AppGroup("db", help="The database.")
search_commands = AppGroup("search", help="The search index.")
audit_commands = AppGroup("audit", help="The audit log.")


def alembic_config() -> Config:
    """Alembic's settings for the current app."""
    made = Config()
    made.set_main_option("script_location", str(Path(current_app.root_path).parent / "migrations"))
    return made


def find_person(email: str) -> Person:
    """The one active person with this address. Ends the command with exit code 2 if there is none, or more than one."""
    people = db.session.scalars(
        sa.select(Person).where(Person.email == email.casefold(), Person.status == PersonStatus.ACTIVE)
    ).all()
    if len(people) != 1:
        raise click.UsageError(f"{len(people)} active people have the address {email}.")
    return people[0]


def upgrade_database(to: str = "head") -> None:
    """Bring the current app's database to a form, by default the newest."""
    current_app.config["SETTINGS"].data_dir.mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(), to)


@database.command("upgrade")
@click.option("--to", default="head", show_default=True)
def upgrade(to: str) -> None:
    """Bring the database to the newest form."""
    upgrade_database(to)


@database.command("downgrade")
@click.option("--to", required=True)
def downgrade(to: str) -> None:
    """Bring the database back to an older form."""
    command.downgrade(alembic_config(), to)


@search_commands.command("rebuild")
def rebuild() -> None:
    """Make the index anew from the database and swap it in."""
    db.reads_only(True)
    try:
        count = search.rebuild()
    except search.Busy:
        raise click.ClickException("The worker is writing the index. Try again in a moment.") from None
    click.echo(f"{count} documents are in the new index.")


@search_commands.command("query")
@click.argument("words")
@click.option("--as", "email", required=True, help="Whose eyes to look with.")
@click.option("--type", "type_", help="Only this type.")
@click.option("--limit", default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def query(words: str, email: str, type_: str | None, limit: int, as_json: bool) -> None:
    """Ask the search as a person would."""
    db.reads_only(True)
    person = find_person(email)
    group_ids = db.session.scalars(readable_group_ids(person)).all()
    results = search.query(words, person=person, group_ids=group_ids, type_=type_, limit=limit)
    rows: list[dict[str, Any]] = []
    for found in results.found:
        document = search.document_of(found)
        snippet = snippets.best(document.body, results.query) if document else None
        rows.append({"type": found.type, "id": found.obj.id, "title": document.title if document else "",
                     "snippet": str(snippet.html) if snippet else ""})  # fmt: skip
    if as_json:
        click.echo(
            json.dumps(
                {"total": results.total, "counts": results.counts, "more": results.more, "hits": rows},
                ensure_ascii=False,
            )
        )
        return
    click.echo(f"{results.total} hits")
    for row in rows:
        click.echo(f"{row['type']:>10}  {row['title']}")


@audit_commands.command("verify")
def verify() -> None:
    """Check the chain of the audit log; exit code 1 if a row does not fit."""
    db.reads_only(True)
    bad = audit.verify()
    if bad is not None:
        click.echo(f"Row {bad} of the audit log does not fit the row before it.", err=True)
        sys.exit(1)
    click.echo("The audit log is whole.")


@click.command("outbox")
def show_outbox() -> None:
    """Show the jobs that wait after an error or were given up."""
    db.reads_only(True)
    jobs = db.session.scalars(
        sa.select(outbox.Job).where(outbox.Job.error.is_not(None)).order_by(outbox.Job.id)
    ).all()
    for job in jobs:
        state = "given up" if job.failed_at else f"next try {job.run_at:%Y-%m-%d %H:%M:%S} UTC"
        last_line = (job.error or "").strip().splitlines()[-1:]
        click.echo(f"{job.id}  {job.kind}  {job.attempts} tries, {state}: {''.join(last_line)}")
    click.echo(f"{len(jobs)} jobs with errors.")


@click.command("worker")
def worker() -> None:
    """Do what the outbox holds until told to stop (Ctrl-C or SIGTERM)."""
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    logging.getLogger("portal").info("worker started")
    outbox.work(f"{socket.gethostname()}-{os.getpid()}", stopped=lambda: stopping)


def init_app(app: Flask) -> None:
    """Give the app its commands."""
    for group in (database, search_commands, audit_commands, show_outbox, worker):
        app.cli.add_command(group)
