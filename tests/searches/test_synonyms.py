"""The coordinator's words that mean the same."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portal import audit, db, search
from portal.people.policy import readable_group_ids
from portal.search.synonyms import Synonyms
from portal.searches import synonym_actions as actions
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network

PAGE = "/synonyms"


def words() -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Synonyms.words).order_by(Synonyms.id)))


def found(network: Network, text: str) -> int:
    groups = db.session.scalars(readable_group_ids(network.member)).all()
    return search.query(text, person=network.member, group_ids=groups).total


def test_a_row_works_from_the_next_search_on(network: Network, sign_in: Sign, built_front_end: object) -> None:
    factories.thread(network.group, network.convener, "Nationella metodstödsteamet", "x")
    db.commit()
    search.mend()
    client = sign_in(network.admin)
    assert found(network, "NMT") == 0
    assert send(client, PAGE, words=" NMT ,, Nationella   metodstödsteamet, NMT").status_code == 302
    assert words() == ["NMT, Nationella metodstödsteamet"]
    assert found(network, "NMT") == 1
    row = db.session.scalars(sa.select(Synonyms)).one()
    assert (row.changed_by_id, "NMT, Nationella" in client.get(PAGE).text) == (network.admin.id, True)
    where = f"{PAGE}/{row.id}/edit"
    assert 'name="was" type="hidden" value="NMT, Nationella metodstödsteamet"' in client.get(where).text
    assert send(client, where, words="NMT, kompass", was=row.words).status_code == 302
    assert (words(), found(network, "NMT")) == (["NMT, kompass"], 0)
    assert send(client, f"{PAGE}/{row.id}/deletion", was="NMT, kompass").status_code == 302
    assert words() == []
    noted = db.session.scalars(
        sa.select(audit.AuditEntry.action)
        .where(audit.AuditEntry.action.startswith("synonyms"))
        .order_by(audit.AuditEntry.id)
    )
    assert list(noted) == ["synonyms_added", "synonyms_changed", "synonyms_removed"]


@pytest.mark.parametrize(
    "typed",
    ["stödet, stöd", "och, eller", "stöd, och", "", " ", ",,,", "NMT", "NMT,", "NMT, nmt", "människohandel, människohandeln", "NMT, !!!", "lampan, LAMP", "x, " + "y" * 600, "å" * 5000,
     ",".join(f"ord{number}" for number in range(21)), "Karin 811228-9874, ord", "ring 08-123 45 67, ord"],
)  # fmt: skip
def test_what_is_no_row_is_said_and_nothing_is_lost(
    network: Network, sign_in: Sign, built_front_end: object, typed: str
) -> None:
    actions.add_synonyms("LAMP, länsstyrelsernas arbetsgrupp", by=network.admin)
    db.commit()
    client = sign_in(network.admin)
    answer = send(client, PAGE, words=typed)
    assert answer.status_code == 422
    assert "field-error" in answer.text or "guard" in answer.text
    assert " ".join(typed.split())[:20] in answer.text
    assert len(words()) == 1
    if typed == "lampan, LAMP":
        assert "LAMP, länsstyrelsernas arbetsgrupp" in answer.text, "which row has it"


def test_somebody_else_was_first(network: Network, sign_in: Sign, built_front_end: object) -> None:
    row = actions.add_synonyms("LAMP, arbetsgrupp", by=network.admin)
    db.commit()
    client, where, seen = sign_in(network.admin), f"{PAGE}/{row.id}", row.words
    actions.change_synonyms(row, "LAMP, länsgrupp", was=seen, by=network.admin)
    db.commit()
    answer = send(client, f"{where}/edit", words="LAMP, länens grupp", was=seen)
    assert answer.status_code == 409
    assert "LAMP, länens grupp" in answer.text
    assert "LAMP, länsgrupp" in answer.text
    assert send(client, f"{where}/deletion", was=seen).status_code == 302
    assert words() == ["LAMP, länsgrupp"]
    assert send(client, f"{where}/edit", words="LAMP, länens grupp", was="LAMP, länsgrupp").status_code == 302
    assert words() == ["LAMP, länens grupp"]
    assert send(client, f"{PAGE}/999999/edit", words="a, b", was="").status_code == 404


def test_there_is_an_end_to_rows(
    network: Network, sign_in: Sign, built_front_end: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_ROWS", 1)
    actions.add_synonyms("LAMP, arbetsgrupp", by=network.admin)
    db.commit()
    answer = send(sign_in(network.admin), PAGE, words="NMT, metodstödsteam")
    assert answer.status_code == 409
    assert "NMT, metodstödsteam" in answer.text
    assert len(words()) == 1
