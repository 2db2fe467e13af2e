"""The search on the command line, through somebody's eyes."""

from __future__ import annotations

import json
from typing import Any

import click

from portal import db, search
from portal.cli import search_commands
from portal.people.cli import find_person
from portal.people.policy import readable_group_ids


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
    try:
        results = search.query(words, person=person, group_ids=group_ids, type_=type_, limit=limit)
    except search.SearchDown:
        raise click.ClickException("The index cannot be read. Make it anew: search rebuild.") from None
    rows: list[dict[str, Any]] = []
    for found in results.found:
        document = search.document_of(found)
        snippet = next(iter(found.passages), None)
        rows.append({"type": found.type, "id": found.obj.id, "title": document.title if document else "",
                     "snippet": str(snippet.html) if snippet else ""})  # fmt: skip
    if as_json:
        click.echo(
            json.dumps(
                {
                    "total": results.total,
                    "counts": dict(results.counts),
                    "is_loose": results.is_loose,
                    "meant": results.meant,
                    "hits": rows,
                },
                ensure_ascii=False,
            )
        )
        return
    click.echo(f"{results.total} hits")
    for row in rows:
        click.echo(f"{row['type']:>10}  {row['title']}")
