"""Many materials at once: a folder with a CSV, and packages that another instance takes in without loss."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bagit
import pytest
import sqlalchemy as sa
from click.testing import Result

from portal import db, files
from portal.audit import AuditEntry
from portal.library.bulk.actions import import_collection
from portal.library.bulk.facts import COLUMNS, BadTable, Facts, read_table, write_table
from portal.library.bulk.records import FORMAT, CollectionRecord
from portal.library.collections import actions as collections
from portal.library.collections.models import Collection
from portal.library.material.actions import relate
from portal.library.material.models import RelatedResource
from portal.library.models import (
    Audience,
    FileState,
    Licence,
    Resource,
    ResourceKind,
    ResourceShare,
    ResourceVersion,
)
from portal.library.reading import read_file
from portal.people.models import Group, Person
from portal.topics.models import Topic
from portal.web import Edge
from tests import commands, factories
from tests.conftest import make_portal
from tests.factories import Network

NUMBER = "811228-9874"  # Skatteverket's published test number

# --- the table ----------------------------------------------------------------------------------------------------------


def table(folder: Path, text: str | bytes) -> Path:
    path = folder / "facts.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(BadTable) as caught:
        read_table(path)
    return caught.value.problems


ROW = ["a.txt", "Titeln", "manual", "Utgivaren", "2026-03-01", "Om; allt, ”här”", "sv-easy", "cc_by", "police|ngo",
       "T|AB", "Taxi|Hotell, restaurang", "2027-03-01"]  # fmt: skip


@pytest.mark.parametrize("mark", ["", "\N{BYTE ORDER MARK}"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_what_a_row_says(app: Edge, tmp_path: Path, mark: str, delimiter: str, end: str) -> None:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter, lineterminator=end).writerows([COLUMNS, [], ROW])
    found = read_table(table(tmp_path, mark + target.getvalue()))
    assert found == {
        "a.txt": Facts(
            3, "Titeln", ResourceKind.MANUAL, "Utgivaren", date(2026, 3, 1), "Om; allt, ”här”", "sv-easy", Licence.CC_BY,
            ["police", "ngo"], ["AB", "T"], ["Taxi", "Hotell, restaurang"], date(2027, 3, 1),
        )
    }  # fmt: skip


def test_columns_may_be_few_and_in_any_order(app: Edge, tmp_path: Path) -> None:
    found = read_table(table(tmp_path, "Title;FILE\nEtt;a.txt\n;b/c.txt\n"))
    assert found == {"a.txt": Facts(2, "Ett"), "b/c.txt": Facts(3)}


WRONG: dict[str, tuple[str | bytes, list[str]]] = {
    "empty": ("", ["1"]),
    "no file column": ("title\nx\n", ["1"]),
    "unknown column": ("file;titel\na;b\n", ["1", "titel"]),
    "column twice": ("file;title;title\na;b;c\n", ["1"]),
    "unknown kind": ("file;kind\na;manual\nb;bok\n", ["3", "bok"]),
    "unknown licence": ("file;licence\na;gpl\n", ["2", "gpl"]),
    "unknown language": ("file;language\na;svenska\n", ["2", "svenska"]),
    "unknown audience": ("file;audiences\na;police|alla\n", ["2", "alla"]),
    "unknown county": ("file;counties\na;AB|QQ\n", ["2", "QQ"]),
    "no day": ("file;review_by\na;2026-02-30\n", ["2", "2026-02-30"]),
    "a day in words": ("file;published_on\na;1 mars\n", ["2", "1 mars"]),
    "a week": ("file;published_on\na;2026-W10-1\n", ["2"]),
    "too long": (f"file;title\na;{'x' * 301}\n", ["2", "title"]),
    "too many cells": ("file;title\na;b;c\n", ["2"]),
    "no file": ("file;title\n;b\n", ["2"]),
    "the same file twice": ("file\na\n./a\n", ["3"]),
    "out of the folder": ("file\n../a\n", ["2"]),
    "from the root": ("file\n/etc/passwd\n", ["2"]),
    "from a drive": ("file\nC:\\a\n", ["2"]),
    "quotes": ('file;title\na;"b\nc;d\n', ["2"]),
    "not UTF-8": (b"file;title\na;b\nc;" + "ö".encode("cp1252"), ["3", "UTF-8"]),
    "UTF-16": ("file;title\na;b\n".encode("utf-16"), ["1", "UTF-8"]),
    "a number": (f"file;title\na;b\nc;Om {NUMBER}\n", ["3"]),
    "many topics": (f"file;topics\na;{'|'.join(f'ord{n}' for n in range(21))}\n", ["2"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_line(app: Edge, tmp_path: Path, case: str) -> None:
    text, words = WRONG[case]
    (problem,) = problems(table(tmp_path, text))
    assert all(word in problem for word in words), problem
    assert "9874" not in problem


def test_all_that_is_wrong_is_said_at_once(app: Edge, tmp_path: Path) -> None:
    found = problems(table(tmp_path, "file;kind\na;x\nb;manual\nc;y\n\n\nd;z\n"))
    assert [problem.split(":")[0].split()[-1] for problem in found] == ["2", "4", "7"]


@pytest.mark.parametrize(
    "title", ["=1+1", "+x", "-x", "@x", "'=x", "'x", "＝1+1", "＠x", "a;b", 'a"b', "å\N{NO-BREAK SPACE}ö"]
)
def test_what_is_written_is_read_the_same(app: Edge, tmp_path: Path, title: str) -> None:
    facts = Facts(title=title, topics=["a, b"], description="två\nrader")
    text = write_table([("filer/å.txt", facts)])
    (read,) = read_table(table(tmp_path, text)).values()
    assert (read.topics, read.description) == (["a, b"], "två\nrader")
    assert read.title == " ".join(title.split())
    cells = next(iter(list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))[1:]))
    assert not any(cell.startswith(("=", "+", "-", "@", "＝", "＠")) for cell in cells), (
        "no spreadsheet program counts it"
    )


# --- a folder with its table ----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    (made / "under").mkdir(parents=True)
    (made / "a.txt").write_text("Om människohandel")
    (made / "under" / "b.txt").write_text("Om taxi")
    return made


def run_import(app: Edge, network: Network, folder: Path, text: str) -> Result:
    path = table(folder, text)
    return commands.run(
        app,
        "library",
        "import",
        str(folder),
        "--group",
        "natverket",
        "--by",
        network.member.email,
        "--metadata",
        str(path),
    )


def test_a_folder_comes_in_with_what_its_table_says(app: Edge, network: Network, folder: Path) -> None:
    db.session.add(Topic(name="Taxi", folded="taxi", is_controlled=True))
    db.commit()
    result = run_import(
        app, network, folder,
        "file;title;kind;publisher;topics;counties;licence;review_by\n"
        "under/b.txt;Tecken;checklist;Länsstyrelsen;TAXI|Hotell;AB;cc0;2030-01-01\n",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    found = {one.current.file_name: one for one in db.session.scalars(sa.select(Resource))}
    assert set(found) == {"a.txt", "b.txt"}, "the table itself is no material"
    said = found["b.txt"]
    assert (said.title, said.kind, said.publisher) == ("Tecken", ResourceKind.CHECKLIST, "Länsstyrelsen")
    assert (said.counties, said.licence, said.review_by) == (["AB"], Licence.CC0, date(2030, 1, 1))
    assert [topic.name for topic in said.topics] == ["Hotell", "Taxi"], "the one that was there is used"
    assert found["a.txt"].kind is ResourceKind.OTHER
    assert "0 imported, 2 already there" in run_import(app, network, folder, "file\n").output


def test_a_wrong_table_takes_nothing_in(app: Edge, network: Network, folder: Path) -> None:
    result = run_import(app, network, folder, "file;kind\na.txt;manual\nunder/b.txt;bok\n")
    assert result.exit_code == 2
    assert "3" in result.output
    assert db.session.scalar(sa.select(sa.func.count(Resource.id))) == 0
    assert "Traceback" not in result.output


def test_rows_without_a_file_are_said_and_the_others_go_in(app: Edge, network: Network, folder: Path) -> None:
    result = run_import(app, network, folder, "file;title\na.txt;Ett\nborta.txt;Två\n")
    assert result.exit_code == 1
    assert "borta.txt: line 3 of the CSV" in result.output
    assert db.session.scalar(sa.select(sa.func.count(Resource.id))) == 2


def test_names_with_marks_of_their_own_are_found(app: Edge, network: Network, folder: Path) -> None:
    (folder / "o\N{COMBINING DIAERESIS}vning.txt").write_text("Övning")  # as macOS writes them
    result = run_import(app, network, folder, "file;title\növning.txt;Den här\n")
    assert result.exit_code == 0, result.output
    assert db.session.scalar(sa.select(sa.func.count(Resource.id)).where(Resource.title == "Den här")) == 1


# --- packages -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def library(network: Network) -> Resource:
    """Material with all that can be said of it, in two groups, and a collection."""
    rich = factories.resource(network.group, network.member, "Manual: =1+1", "version två", "manual.txt")
    rich.kind, rich.publisher, rich.published_on = ResourceKind.MANUAL, "Utgivaren", date(2026, 1, 2)
    rich.description, rich.language, rich.licence = "För alla\nsom möter", "en", Licence.CC_BY_SA
    rich.audiences, rich.counties = [Audience.POLICE.value, Audience.NGO.value], ["AB", "T"]
    rich.reviewed_on, rich.review_by = date(2026, 2, 3), date(2027, 2, 3)
    rich.topics = [Topic(name="Taxi", folded="taxi", is_controlled=True), Topic(name="Eget, ord", folded="eget, ord")]
    first = files.store(io.BytesIO(b"version ett"), limit=100)
    rich.versions[0].number, rich.versions[0].note = 2, "Nya nummer"
    older = ResourceVersion(
        resource_id=rich.id, number=1, sha256=first.sha256, size=first.size, file_name="manual.txt", state=FileState.READY,
        media_type="text/plain", page_count=1, added_by=network.convener, note="Den första",
    )  # fmt: skip
    db.session.add(older)
    rich.shares.append(ResourceShare(group=network.open, shared_by_id=network.convener.id))
    old = factories.resource(network.group, network.convener, "Gammal", "gammal", "MANUAL.txt")
    old.replaced_by, old.withdrawn_at, old.withdrawn_reason = rich, db.now(), "Inaktuell"
    factories.resource(network.open, network.convener, "Öppen", "öppen", "å: ö?.txt")
    made = factories.collection(network.group, network.convener, "Kampanjen", of=(old, rich))
    plan = collections.CollectionPlan("Kampanjen", "Taxi och hotell", cover_id=rich.id)
    collections.change_collection(made, plan, based_on=1, by=network.convener)
    db.commit()
    db.session.expire_all()
    return rich


def export(app: Edge, target: Path, email: str, *more: str) -> Result:
    return commands.run(app, "library", "export", str(target), "--by", email, *more)


def take_in(app: Edge, package: Path, email: str, *more: str) -> Result:
    return commands.run(app, "library", "import-package", str(package), "--by", email, *more)


@pytest.fixture
def package(app: Edge, network: Network, library: Resource, tmp_path: Path) -> Path:
    """The convener's library as a folder."""
    result = export(app, tmp_path / "ut", network.convener.email)
    assert result.exit_code == 0, result.output
    return tmp_path / "ut"


@dataclass(frozen=True)
class There:
    """Another instance with the same groups, on a database and files of its own."""

    app: Edge
    convener: str
    outsider: str
    open_id: int
    authority_id: int


@pytest.fixture
def there(app: Edge, tmp_path: Path) -> Iterator[There]:
    (tmp_path / "other").mkdir()
    other = make_portal(tmp_path / "other")
    with other.app_context():
        db.Base.metadata.create_all(db.engine())
        network = Network()
        network.make()
        db.session.flush()
        found = There(other, network.convener.email, network.outsider.email, network.open.id, network.authority.id)
        db.commit()
    yield found
    with other.app_context():
        db.engine().dispose()


def records(package: Path) -> Any:
    return json.loads((package / "data/metadata.json").read_text(encoding="utf-8"))


def test_a_package_is_a_bag_that_others_understand(package: Path, library: Resource) -> None:
    assert bagit.Bag(str(package)).validate()
    assert (package / "bagit.txt").read_text().startswith("BagIt-Version: ")
    names = sorted(path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file())
    assert names == [
        "bag-info.txt", "bagit.txt", "data/earlier/manual.txt", "data/files/MANUAL (2).txt", "data/files/manual.txt",
        "data/files/å_ ö_.txt", "data/metadata.csv", "data/metadata.json", "manifest-sha256.txt", "tagmanifest-sha256.txt",
    ]  # fmt: skip
    assert (package / "data/earlier/manual.txt").read_text() == "version ett"
    facts = read_table(package / "data/metadata.csv")
    assert {one.title for one in facts.values()} == {"Manual: =1+1", "Gammal", "Öppen"}
    assert {f"data/files/{name}" for name in facts} <= set(names)


def test_people_are_not_named(package: Path, network: Network) -> None:
    text = "".join(
        path.read_text(encoding="utf-8") for path in package.rglob("*.*") if path.suffix in {".json", ".csv", ".txt"}
    )
    for person in (network.convener, network.member):
        assert person.name not in text
        assert person.email not in text


def test_round_trip_without_loss(app: Edge, package: Path, there: There, tmp_path: Path) -> None:
    with there.app.app_context():
        email = there.convener
        result = take_in(there.app, package, email)
        assert result.exit_code == 0, result.output
        assert "3 materials imported" in result.output
        assert "1 collections imported" in result.output
        assert export(there.app, tmp_path / "igen", email).exit_code == 0
    assert records(tmp_path / "igen") == records(package)
    payloads = [bagit.Bag(str(path)).payload_entries() for path in (package, tmp_path / "igen")]
    assert payloads[0] == payloads[1], "the same files with the same checksums"
    with there.app.app_context():
        again = take_in(there.app, package, email)
        assert "0 materials imported, 3 already there" in again.output
        assert "0 collections imported" in again.output
        assert (
            db.session.scalar(sa.select(sa.func.count(Resource.id))),
            db.session.scalar(sa.select(sa.func.count(Collection.id))),
        ) == (3, 1)


def test_a_zip_goes_the_same_way(app: Edge, network: Network, library: Resource, there: There, tmp_path: Path) -> None:
    assert export(app, tmp_path / "ut.zip", network.convener.email).exit_code == 0
    with there.app.app_context():
        email = there.convener
        result = take_in(there.app, tmp_path / "ut.zip", email)
        assert "3 materials imported" in result.output, result.output
        data_dir: Path = there.app.config["SETTINGS"].data_dir
        assert list((data_dir / "packages").iterdir()) == [], "what was unpacked is gone"


def test_only_what_the_person_may_read_is_in_it(app: Edge, network: Network, library: Resource, tmp_path: Path) -> None:
    factories.resource(network.closed, network.convener, "Hemligt", "hemligt")
    library.shares.append(ResourceShare(group=network.closed, shared_by_id=network.convener.id))
    db.commit()
    assert export(app, tmp_path / "hennes", network.member.email).exit_code == 0
    text = (tmp_path / "hennes/data/metadata.json").read_text(encoding="utf-8")
    assert "Hemligt" not in text
    assert "slutna" not in text, "a group that she may not read is not named"
    assert export(app, tmp_path / "alla", network.convener.email).exit_code == 0
    assert "slutna" in (tmp_path / "alla/data/metadata.json").read_text(encoding="utf-8")
    noted = sa.select(sa.func.count()).where(AuditEntry.action == "resource_downloaded")
    assert db.session.scalar(noted) == 1, "the sensitive one that was taken out"
    wrong = export(app, tmp_path / "nej", network.member.email, "--group", "slutna")
    assert wrong.exit_code == 2
    assert not (tmp_path / "nej").exists()


def test_one_group_can_be_taken_out(app: Edge, network: Network, library: Resource, tmp_path: Path) -> None:
    result = export(app, tmp_path / "en", network.convener.email, "--group", "oppna")
    assert result.exit_code == 0
    assert [one["title"] for one in records(tmp_path / "en")["materials"]] == ["Öppen"]


def test_an_export_into_no_folder_says_so(app: Edge, network: Network, tmp_path: Path) -> None:
    result = export(app, tmp_path / "finns" / "inte" / "ut.zip", network.convener.email)
    assert result.exit_code == 2
    assert f"There is no folder {tmp_path / 'finns' / 'inte'}" in result.output


def test_the_command_line_speaks_english(app: Edge, network: Network, tmp_path: Path) -> None:
    folder = tmp_path / "mapp"
    folder.mkdir()
    (folder / "a.txt").write_text(f"Född {NUMBER}")
    (folder / "länk.txt").symlink_to("/etc/passwd")
    words = ("library", "import", str(folder), "--group", "natverket", "--by", network.convener.email)
    result = commands.run(app, *words)
    assert "a.txt: The file holds a personal identity number" in result.output
    assert "länk.txt: a symbolic link, not followed" in result.output
    assert "0 imported, 0 already there, 1 refused." in result.output
    wrong = commands.run(app, *words, "--metadata", str(table(tmp_path, "file;kind\na.txt;hund\n")))
    assert wrong.exit_code == 2
    assert "Line 2: kind: ”hund” is none of" in wrong.output
    assert export(app, tmp_path / "ut", network.convener.email).exit_code == 0
    assert "There is something called ut already" in export(app, tmp_path / "ut", network.convener.email).output


def test_an_export_overwrites_nothing_and_leaves_nothing_half_done(
    app: Edge, network: Network, library: Resource, tmp_path: Path
) -> None:
    (tmp_path / "finns").mkdir()
    assert export(app, tmp_path / "finns", network.convener.email).exit_code == 1
    files.path_of(library.current.sha256).unlink()
    result = export(app, tmp_path / "ut", network.convener.email)
    assert result.exit_code == 1
    assert "gone" in result.output
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith((".export", "ut"))) == []


def test_names_as_long_as_the_portal_takes_them_go_out_and_in(
    app: Edge, network: Network, there: There, tmp_path: Path
) -> None:
    name = "å" * 190 + ".txt"  # 384 bytes: no file system takes it
    for word in ("ett", "två"):
        factories.resource(network.group, network.convener, word, word, name)
    db.commit()
    result = export(app, tmp_path / "ut", network.convener.email)
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "ut/data/files").glob("å*.txt"))) == 2
    with there.app.app_context():
        assert take_in(there.app, tmp_path / "ut", there.convener).exit_code == 0
        assert set(db.session.scalars(sa.select(ResourceVersion.file_name))) == {name}


def test_what_was_put_beside_stays_beside(
    app: Edge, library: Resource, network: Network, there: There, tmp_path: Path
) -> None:
    other = factories.resource(network.group, network.convener, "Bredvid", "bredvid")
    relate(library, other, by=network.convener)
    db.commit()
    assert export(app, tmp_path / "ut", network.convener.email).exit_code == 0
    with there.app.app_context():
        for _time in range(2):
            assert take_in(there.app, tmp_path / "ut", there.convener).exit_code == 0
            titles = {one.id: one.title for one in db.session.scalars(sa.select(Resource))}
            pairs = [
                {titles[one.resource_id], titles[one.other_id]}
                for one in db.session.scalars(sa.select(RelatedResource))
            ]
            assert pairs == [{"Bredvid", "Manual: =1+1"}]
        assert export(there.app, tmp_path / "igen", there.convener).exit_code == 0
    assert records(tmp_path / "igen") == records(tmp_path / "ut")


@pytest.mark.parametrize("way", ["folder", "around it", "zip"])
def test_a_package_is_not_taken_for_a_folder_of_files(
    app: Edge, network: Network, package: Path, tmp_path: Path, way: str
) -> None:
    where = zipped(package) if way == "zip" else package
    if way == "around it":
        (tmp_path / "around").mkdir()
        where = package.rename(tmp_path / "around" / "ut").parent
    before = db.session.scalar(sa.select(sa.func.count(Resource.id)))
    result = commands.run(app, "library", "import", str(where), "--group", "natverket", "--by", network.member.email)
    assert result.exit_code == 2
    assert "import-package" in result.output
    assert db.session.scalar(sa.select(sa.func.count(Resource.id))) == before
    plain = tmp_path / "plain.txt"
    plain.write_text("x")
    result = commands.run(app, "library", "import", str(plain), "--group", "natverket", "--by", network.member.email)
    assert (result.exit_code, "import-package" in result.output) == (2, False)


# --- bad twins of packages --------------------------------------------------------------------------------------------------


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder) + "-zip", "zip", folder))


def resealed(package: Path) -> None:
    """Make the checksums right again: what is wrong is in the content itself."""
    bag = bagit.Bag(str(package))
    bag.save(manifests=True)


def tamper(package: Path) -> None:
    (package / "data/files/manual.txt").write_text("något annat!")


def lose(package: Path) -> None:
    (package / "data/files/manual.txt").unlink()


def add_one(package: Path) -> None:
    (package / "data/files/smuggel.txt").write_text("x")


def climb(package: Path) -> None:
    manifest = package / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text() + f"{'0' * 64}  data/../../../etc/passwd\n")


def link(package: Path) -> None:
    (package / "data/files/manual.txt").unlink()
    (package / "data/files/manual.txt").symlink_to("/etc/hostname")


def fetch(package: Path) -> None:
    (package / "fetch.txt").write_text("http://127.0.0.1/x 1 data/x\n")


def no_bag(package: Path) -> None:
    (package / "bagit.txt").unlink()


def no_sums(package: Path) -> None:
    (package / "manifest-sha256.txt").rename(package / "manifest-md5.txt")


def change(edit: Callable[[Any], object]) -> Callable[[Path], None]:
    def apply(package: Path) -> None:
        found = records(package)
        edit(found)
        (package / "data/metadata.json").write_text(json.dumps(found), encoding="utf-8")
        resealed(package)

    return apply


def written(text: str) -> Callable[[Path], None]:
    def apply(package: Path) -> None:
        (package / "data/metadata.json").write_text(text)
        resealed(package)

    return apply


def no_metadata(package: Path) -> None:
    (package / "data/metadata.json").unlink()
    resealed(package)


BAD: dict[str, Callable[[Path], None]] = {
    "tampered": tamper,
    "a file is missing": lose,
    "a file too many": add_one,
    "the manifest climbs out": climb,
    "a link": link,
    "files elsewhere": fetch,
    "no bag": no_bag,
    "no checksums": no_sums,
    "no metadata": no_metadata,
    "metadata names a file outside": change(
        lambda r: r["materials"][0]["versions"][0].update(file="../../../etc/passwd")
    ),
    "metadata names its own": change(lambda r: r["materials"][0]["versions"][0].update(file="/etc/passwd")),
    "metadata of a newer form": change(lambda r: r.update(format=99)),
    "metadata with more": change(lambda r: r["materials"][0].update(created_by_id=1)),
    "metadata without a title": change(lambda r: r["materials"][0].update(title=" ")),
    "metadata of another kind": change(lambda r: r["materials"][0].update(kind="virus")),
    "a key twice": change(lambda r: r["materials"][1].update(key=r["materials"][0]["key"])),
    "no version": change(lambda r: r["materials"][0].update(versions=[])),
    "a day before time": change(lambda r: r["materials"][0].update(created_at="0001-01-01T00:00:00+14:00")),
    "changed in days to come": change(lambda r: r["materials"][0].update(changed_at="2999-01-01T00:00:00Z")),
    "a group with a null in its name": change(lambda r: r["materials"][0].update(group="a\0b")),
    "an organisation with a null in its name": change(lambda r: r["collections"][0].update(organisation="a\0b")),
    "a ring of what replaces what": change(
        lambda r: [one.update(replaced_by=r["materials"][at - 1]["key"]) for at, one in enumerate(r["materials"])]
    ),
    "a list": written("[]"),
    "no JSON": written("{"),
}


@pytest.mark.parametrize("case", [*BAD, "tampered as zip", "a file is missing as zip"])
def test_a_bad_package_takes_nothing_in(app: Edge, network: Network, package: Path, there: There, case: str) -> None:
    BAD[case.removesuffix(" as zip")](package)
    with there.app.app_context():
        result = take_in(there.app, zipped(package) if case.endswith("zip") else package, there.convener)
        assert result.exit_code == 1, result.output
        assert result.output.startswith("Error: ")
        assert "Traceback" not in result.output
        assert db.session.scalar(sa.select(sa.func.count(Resource.id))) == 0
        assert not list((there.app.config["SETTINGS"].data_dir / "files").rglob("*")), "nothing of it is kept"


def test_a_package_of_a_newer_form_says_so(app: Edge, package: Path, there: There) -> None:
    change(lambda r: (r.update(format=FORMAT + 1), r["materials"][0].update(colour="blue")))(package)
    with there.app.app_context():
        result = take_in(there.app, package, there.convener)
    assert result.output == "Error: The package comes from a newer version of the portal.\n"


def zip_with(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            made.writestr(name, content)
    return path


def linked_entry() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("bag/data/link")
    entry.external_attr = 0o120777 << 16
    return entry


def lying(path: Path) -> Path:
    """A zip whose entry unpacks to more than it says."""
    zip_with(path, ("bag/bagit.txt", b"x" * 5_000))
    content = path.read_bytes()
    path.write_bytes(content.replace((5_000).to_bytes(4, "little"), (50).to_bytes(4, "little")))
    return path


BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
SUMS = ("bag/manifest-sha256.txt", b"")


def broken(path: Path, method: int) -> Path:
    """A zip whose packed bytes are damaged; its directory is whole."""
    content = bytes(range(256)) * 40
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr("bag/bagit.txt", content)
    damaged = bytearray(path.read_bytes())
    damaged[60:90] = b"\xff" * 30
    path.write_bytes(damaged)
    return path


BAD_ZIPS: dict[str, Callable[[Path], Path]] = {
    "a bomb": lambda path: zip_with(path, ("bag/bagit.txt", bytes(40_000_000))),
    "climbs out": lambda path: zip_with(path, ("../evil.txt", b"x")),
    "climbs out in its middle": lambda path: zip_with(path, ("bag/../../evil.txt", b"x")),
    "from the root": lambda path: zip_with(path, ("/tmp/evil.txt", b"x")),
    "as Windows writes it": lambda path: zip_with(path, ("..\\evil.txt", b"x")),
    "a link": lambda path: zip_with(path, (linked_entry(), b"/etc/passwd")),
    "says too little": lying,
    "the same name twice": lambda path: zip_with(path, ("bag/x", b"x"), ("bag//x", b"y")),
    "cut off": lambda path: (zip_with(path, ("bag/x", b"x" * 999)), path.write_bytes(path.read_bytes()[:-30]), path)[2],
    "no zip": lambda path: (path.write_bytes(b"hej"), path)[1],
    "empty": lambda path: (path.write_bytes(b""), path)[1],
    "an empty zip": lambda path: zip_with(path),
    "a name too long": lambda path: zip_with(path, ("bag/" + "x" * 300, b"x")),
    "a file that is a folder too": lambda path: zip_with(path, ("bag/x", b"x"), ("bag/x/y", b"y")),
    "broken LZMA": lambda path: broken(path, zipfile.ZIP_LZMA),
    "broken bzip2": lambda path: broken(path, zipfile.ZIP_BZIP2),
    "its mark twice": lambda path: zip_with(path, ("bag/bagit.txt", BAGIT + b"BagIt-Version: 1.0\n"), SUMS),
    "an encoding twice": lambda path: zip_with(path, ("bag/bagit.txt", BAGIT + BAGIT.splitlines()[1]), SUMS),
    "an encoding of no text": lambda path: zip_with(path, ("bag/bagit.txt", BAGIT.replace(b"UTF-8", b"base64")), SUMS),
    "sums of no known kind": lambda path: zip_with(
        path, ("bag/bagit.txt", BAGIT), SUMS, ("bag/data/x", b"x"), ("bag/manifest-none.txt", b"0 data/x\n")
    ),
}


@pytest.mark.parametrize("case", BAD_ZIPS)
def test_a_bad_zip_is_refused_and_leaves_nothing(app: Edge, network: Network, tmp_path: Path, case: str) -> None:
    path, around = BAD_ZIPS[case](tmp_path / "bad.zip"), sorted(tmp_path.iterdir())
    result = take_in(app, path, network.convener.email)
    assert result.exit_code == 1, result.output
    assert result.output.startswith("Error: ")
    assert sorted(tmp_path.iterdir()) == around
    assert not list(app.config["SETTINGS"].data_dir.glob("packages/*"))
    assert not Path("/tmp/evil.txt").exists()


def test_what_a_killed_import_left_behind_is_swept(app: Edge, network: Network, tmp_path: Path) -> None:
    workshop = app.config["SETTINGS"].data_dir / "packages"
    for name, age in (("import-old", 90_000), ("import-now", 0)):
        (workshop / name).mkdir(parents=True)
        (workshop / name / "x").write_text("x")
        os.utime(workshop / name, (time.time() - age,) * 2)
    take_in(app, zip_with(tmp_path / "any.zip", ("x", b"x")), network.convener.email)
    assert [path.name for path in workshop.iterdir()] == ["import-now"]
    shutil.rmtree(workshop)


def test_a_zip_that_would_fill_the_disk_is_not_unpacked(
    app: Edge, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.library.bulk.bags.shutil.disk_usage", lambda _path: SimpleNamespace(free=0))
    path = zip_with(tmp_path / "bad.zip", ("bag/bagit.txt", b"x"))
    result = take_in(app, path, network.convener.email)
    assert result.exit_code == 1


# --- half-way -----------------------------------------------------------------------------------------------------------------


def test_a_file_with_personal_data_is_refused_and_the_others_go_in(
    app: Edge, network: Network, library: Resource, there: There, tmp_path: Path
) -> None:
    content = f"Född {NUMBER}".encode()
    bad = factories.resource(network.group, network.convener, "Med nummer", "x", "nummer.txt")
    stored = files.store(io.BytesIO(content), limit=100)
    bad.current.sha256, bad.current.size = stored.sha256, stored.size
    db.commit()
    assert export(app, tmp_path / "ut", network.convener.email).exit_code == 0
    with there.app.app_context():
        result = take_in(there.app, tmp_path / "ut", there.convener)
        assert result.exit_code == 1
        assert "Med nummer: " in result.output
        assert "9874" not in result.output
        assert "3 materials imported, 0 already there, 1 refused" in result.output
        assert not files.path_of(stored.sha256).exists(), "its content is not kept"


def test_words_with_personal_data_are_refused_too(app: Edge, package: Path, there: There) -> None:
    change(lambda r: r["materials"][0]["versions"][0].update(note=f"Om {NUMBER}"))(package)
    change(lambda r: r["collections"][0]["items"][0].update(text=f"Om {NUMBER}"))(package)
    with there.app.app_context():
        result = take_in(there.app, package, there.convener)
        assert "2 materials imported, 0 already there, 2 refused; 0 collections" in result.output


def test_after_a_crash_half_way_the_next_run_makes_it_whole(
    app: Edge, package: Path, there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with there.app.app_context():
        email, real, calls = there.convener, read_file, iter(range(99))

        def dies(path: Path, name: str) -> Any:
            if next(calls) == 2:
                raise KeyboardInterrupt
            return real(path, name)

        monkeypatch.setattr("portal.library.bulk.actions.read_file", dies)
        take_in(there.app, package, email)
        assert 0 < (db.session.scalar(sa.select(sa.func.count(Resource.id))) or 0) < 3
        assert take_in(there.app, package, email).exit_code == 0
        assert export(there.app, tmp_path / "igen", email).exit_code == 0
    assert records(tmp_path / "igen") == records(package)


def test_two_who_take_in_the_same_collection_at_once_make_one(app: Edge, network: Network) -> None:
    day = "2026-01-01T00:00:00Z"
    record = CollectionRecord.model_validate(
        {
            "group": "x",
            "organisation": "x",
            "title": "Samling",
            "created_at": day,
            "changed_at": day,
            "items": [{"text": "Rad"}],
        }
    )
    group_id, person_id = network.group.id, network.convener.id
    db.commit()
    db.pause()
    together, made = threading.Barrier(2), []

    def take_one_in() -> None:
        with app.app_context():
            together.wait()
            group, person = db.session.get_one(Group, group_id), db.session.get_one(Person, person_id)
            made.append(import_collection(group, record, {}, by=person) is not None)
            time.sleep(0.3)  # the other has looked meanwhile
            db.commit()

    both = [threading.Thread(target=take_one_in) for _number in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(made) == [False, True]
    assert db.session.scalar(sa.select(sa.func.count(Collection.id))) == 1


def test_where_it_may_not_go_is_said(app: Edge, package: Path, there: There) -> None:
    with there.app.app_context():
        assert take_in(there.app, package, there.convener, "--group", "finns-inte").exit_code == 2
        result = take_in(there.app, package, there.outsider)
        assert result.exit_code == 1
        assert "0 materials imported" in result.output
        assert "natverket" in result.output
        one = take_in(there.app, package, there.convener, "--group", "oppna")
        assert one.exit_code == 0, one.output
        assert set(db.session.scalars(sa.select(Resource.group_id))) == {there.open_id}


def test_an_organisation_that_is_not_known_here_leaves_it_to_who_takes_it_in(
    app: Edge, package: Path, there: There
) -> None:
    change(lambda r: [one.update(organisation="okand") for one in r["materials"]])(package)
    with there.app.app_context():
        assert take_in(there.app, package, there.convener).exit_code == 0
        assert set(db.session.scalars(sa.select(Resource.organisation_id))) == {there.authority_id}


def test_groups_that_are_not_here_are_not_shared_with(app: Edge, package: Path, there: There) -> None:
    change(lambda r: [one.update(shares=["annan"]) for one in r["materials"][:1]])(package)
    with there.app.app_context():
        result = take_in(there.app, package, there.convener)
        assert result.exit_code == 1
        assert "annan" in result.output
        assert "3 materials imported" in result.output


def test_another_programs_package_is_refused_politely(app: Edge, network: Network, tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/a.txt").write_text("x")
    bagit.make_bag(str(tmp_path / "foreign"), checksums=["sha256"])
    result = take_in(app, tmp_path / "foreign", network.convener.email)
    assert result.exit_code == 1
    assert "metadata.json" in result.output
