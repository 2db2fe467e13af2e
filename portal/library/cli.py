"""The library on the command line."""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import AppGroup
from flask_babel import force_locale

from portal import db
from portal.errors import Invalid
from portal.library import actions, policy
from portal.library.bulk.actions import describe
from portal.library.bulk.bags import is_package
from portal.library.bulk.facts import BadTable, Facts, read_table
from portal.library.models import ResourceKind
from portal.people.cli import find_person
from portal.people.models import Group, Person

library = AppGroup("library", help="The library.")
P = ParamSpec("P")


def in_english(command: Callable[P, None]) -> Callable[P, None]:
    """The command with what the portal says in English too: the command line speaks one language."""

    @wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> None:
        with force_locale("en"):
            command(*args, **options)

    return run


@library.command("import")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--group", "slug", required=True, help="The group that the material belongs to.")
@click.option("--by", "email", required=True, help="Who adds it: a member of the group who may write.")
@click.option("--kind", type=click.Choice([kind.value for kind in ResourceKind]), default="other", show_default=True)
@click.option(
    "--metadata",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV (UTF-8) with a row for each file: file, title, kind, publisher, published_on, description, language, licence, "
    "audiences, counties, topics, review_by.",
)
@in_english
def import_folder(folder: Path, slug: str, email: str, kind: str, metadata: Path | None) -> None:
    """Take every file below FOLDER into the library of a group.

    Can be run again: files whose content is there already are skipped. Each file is stored for itself, so a crash loses
    nothing. Ends with 1 if a file could not be read or was stopped, and says which and why. If a line of the CSV is wrong,
    nothing is taken in.
    """  # fmt: skip
    if is_package(folder):
        raise click.UsageError(f"{folder} is a package of the portal. Take it in with: library import-package")
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is no folder.")
    person = find_person(email)
    group = db.session.scalar(sa.select(Group).where(Group.slug == slug))
    if group is None or not policy.can_add_material(person, group):
        raise click.UsageError(f"{email} may not add material to a group called {slug}.")
    ids = group.id, person.id
    db.pause()
    table = _read_table(metadata)
    everything = sorted(folder.rglob("*"))
    for link in filter(Path.is_symlink, everything):
        click.echo(f"{link.relative_to(folder)}: a symbolic link, not followed", err=True)
    paths = [path for path in everything if path.is_file() and not path.is_symlink()]
    paths = [path for path in paths if metadata is None or not path.samefile(metadata)]
    counts: Counter[str] = Counter()
    refused: list[tuple[Path, str]] = []
    with click.progressbar(paths, label="Importing", file=sys.stderr, show_pos=True) as bar:
        for path in bar:
            facts = table.pop(_name(path, folder), Facts())
            reason = _import_one(path, *ids, ResourceKind(kind), facts, counts)
            if reason:
                refused.append((path.relative_to(folder), reason))
    refused += [(Path(name), f"line {facts.line} of the CSV: there is no such file") for name, facts in table.items()]
    for relative, reason in refused:
        click.echo(f"{relative}: {reason}", err=True)
    click.echo(f"{counts['new']} imported, {counts['same']} already there, {len(refused)} refused.")
    sys.exit(1 if refused else 0)


def _read_table(metadata: Path | None) -> dict[str, Facts]:
    """What the CSV says of each file. Ends the command with exit code 2 and every line that is wrong."""
    try:
        return read_table(metadata) if metadata is not None else {}
    except BadTable as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        click.echo(f"{len(error.problems)} lines of the CSV are wrong. Nothing has been imported.", err=True)
        sys.exit(2)


def _name(path: Path, folder: Path) -> str:
    return unicodedata.normalize("NFC", path.relative_to(folder).as_posix())


def _import_one(
    path: Path, group_id: int, person_id: int, kind: ResourceKind, facts: Facts, counts: Counter[str]
) -> str:
    """Take in one file and store it; answers the reason why it was refused, or nothing."""
    limit = current_app.config["SETTINGS"].max_upload_bytes
    group, person = db.session.get_one(Group, group_id), db.session.get_one(Person, person_id)
    try:
        made = actions.import_file(group, path, kind=kind, limit=limit, by=person)
        if made is not None and facts.line:
            describe(made, facts, by=person)
        db.commit()
    except Invalid as error:
        db.rollback()
        return error.message
    except OSError as error:  # a file that cannot be opened, or a full disk
        db.rollback()
        return error.strerror or type(error).__name__
    counts["same" if made is None else "new"] += 1
    return ""
