"""The command line: `flask --app wsgi …`. Each command is an edge: it commits once at its end, or not at all."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from pathlib import Path

import click
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from flask import Flask, current_app
from flask.cli import AppGroup

from portal import audit, db, outbox, search, worker

database = AppGroup("db", help="The database.")
search_commands = AppGroup("search", help="The search index.")
audit_commands = AppGroup("audit", help="The audit log.")


def alembic_config() -> Config:
    """Alembic's settings for the current app."""
    made = Config()
    made.set_main_option("script_location", str(Path(current_app.root_path).parent / "migrations"))
    return made


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
@click.option(
    "--retry", is_flag=False, flag_value="all", metavar="[ID]", help="Try this job anew, or all that were given up."
)
def show_outbox(retry: str | None) -> None:
    """Show the jobs that wait after an error or were given up."""
    if retry is not None:
        if retry != "all" and not (retry.isascii() and retry.isdigit() and len(retry) < 18):
            raise click.UsageError("--retry takes the number of a job, or nothing.")
        count = outbox.retry(None if retry == "all" else int(retry))
        db.commit()
        click.echo(f"{count} jobs will be tried anew.")
        return
    db.reads_only(True)
    jobs = db.session.scalars(sa.select(outbox.Job).where(outbox.Job.error.is_not(None)).order_by(outbox.Job.id)).all()
    for job in jobs:
        state = "given up" if job.failed_at else f"next try {job.run_at:%Y-%m-%d %H:%M:%S} UTC"
        last_line = (job.error or "").strip().splitlines()[-1:]
        click.echo(f"{job.id}  {job.kind}  {job.attempts} tries, {state}: {''.join(last_line)}")
    click.echo(f"{len(jobs)} jobs with errors.")


@click.command("worker")
def run_worker() -> None:
    """Do what the outbox holds until told to stop (Ctrl-C or SIGTERM)."""
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    os.nice(5)  # where cores are few, pages and sockets go first
    logging.getLogger("portal").info("worker started")
    worker.work(f"{socket.gethostname()}-{os.getpid()}", stopped=lambda: stopping)


def init_app(app: Flask) -> None:
    """Give the app its commands."""
    for group in (database, search_commands, audit_commands, show_outbox, run_worker):
        app.cli.add_command(group)
