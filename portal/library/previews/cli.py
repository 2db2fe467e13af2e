"""Pictures of material on the command line."""

from __future__ import annotations

import click

from portal import db
from portal.library.cli import library
from portal.library.previews.making import ask_for_missing


@library.command("previews")
@click.option("--again", is_flag=True, help="Make all of them anew, as after LibreOffice was installed.")
def previews(again: bool) -> None:
    """Let the worker make the pictures of material that has none."""
    number = ask_for_missing(limit=1_000_000, again=again)
    db.commit()
    click.echo(f"{number} versions wait for their pictures.")
