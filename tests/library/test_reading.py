"""Personal identity numbers stop a file wherever they stand in it; contact details are listed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from portal import files, guard
from portal.library import actions
from portal.library.models import ResourceKind
from portal.library.reading import PersonalData, read_file
from portal.web import Edge
from tests.factories import Network

NUMBER = "811228-9874"  # Skatteverket's published test number


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", f"Numret är {NUMBER}."),
        ("a.txt", "namn;nummer\nx;8112289874\n"),
        ("a.txt", "811228\t9874"),
        ("a.html", f"<html><body>hej <!-- {NUMBER} --></body></html>"),
        ("a.html", f'<html><body><p data-id="{NUMBER}">hej</p></body></html>'),
        ("a.md", f"Hej\n\n[//]: # ({NUMBER})\n"),
    ],
)
def test_s33_a_number_stops_the_file(app: Edge, tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PersonalData) as stopped:
        read_file(path, name)
    assert "9874" not in "".join(place.masked for place in stopped.value.places)


def test_contact_details_are_listed(app: Edge, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Ring 08-465 004 12 eller skriv till stod@myndigheten.example.", encoding="utf-8")
    reading = read_file(path, "a.txt")
    assert [(place.kind, place.page) for place in reading.listed] == [("phone", 1), ("email", 1)]


@pytest.mark.parametrize("name", [f"{NUMBER}.txt", "lista-8112289874.txt"])
def test_s33_a_number_in_the_name_stops_an_imported_file(network: Network, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("Bara ord, ring 08-465 004 12.", encoding="utf-8")
    with pytest.raises(guard.Stopped):
        actions.import_file(network.group, path, kind=ResourceKind.OTHER, limit=1_000, by=network.member)
    stored = hashlib.sha256(path.read_bytes()).hexdigest()
    assert not files.path_of(stored).exists()
