"""The library on the command line."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import AppGroup

from portal import db
from portal.errors import Invalid
from portal.library import actions, policy
from portal.library.models import ResourceKind
from portal.people.cli import find_person
from portal.people.models import Group, Person

library = AppGroup("library", help="The library.")


@library.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--group", "slug", required=True, help="The group that the material belongs to.")
@click.option("--by", "email", required=True, help="Who adds it: a member of the group who may write.")
@click.option("--kind", type=click.Choice([kind.value for kind in ResourceKind]), default="other", show_default=True)
def import_folder(folder: Path, slug: str, email: str, kind: str) -> None:
    """Take every file below FOLDER into the library of a group.

    Can be run again: files whose content is there already are skipped. Each file is stored for itself, so a crash loses
    nothing. Ends with 1 if a file could not be read or was stopped, and says which and why.
    """
    person = find_person(email)
    group = db.session.scalar(sa.select(Group).where(Group.slug == slug))
    if group is None or not policy.can_add_material(person, group):
        raise click.UsageError(f"{email} may not add material to a group called {slug}.")
    ids = group.id, person.id
    db.pause()
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    counts: Counter[str] = Counter()
    refused: list[tuple[Path, str]] = []
    with click.progressbar(paths, label="Importing", file=sys.stderr, show_pos=True) as bar:
        for path in bar:
            reason = _import_one(path, *ids, ResourceKind(kind), counts)
            if reason:
                refused.append((path.relative_to(folder), reason))
    for relative, reason in refused:
        click.echo(f"{relative}: {reason}", err=True)
    click.echo(f"{counts['new']} imported, {counts['same']} already there, {len(refused)} refused.")
    sys.exit(1 if refused else 0)


def _import_one(path: Path, group_id: int, person_id: int, kind: ResourceKind, counts: Counter[str]) -> str:
    """Take in one file and store it; answers the reason why it was refused, or nothing."""
    limit = current_app.config["SETTINGS"].max_upload_bytes
    group, person = db.session.get_one(Group, group_id), db.session.get_one(Person, person_id)
    try:
        made = actions.import_file(group, path, kind=kind, limit=limit, by=person)
        db.commit()
    except Invalid as error:
        db.rollback()
        return error.message
    except OSError as error:  # a file that cannot be opened, or a full disk
        db.rollback()
        return error.strerror or type(error).__name__
    counts["same" if made is None else "new"] += 1
    return ""
