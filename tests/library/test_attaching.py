"""Files of a post: taken in as material of the group, read as any file, shown as cards with where they stand."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.datastructures import FileStorage

from portal import db, files, outbox
from portal.discussions.models import Post, Thread
from portal.discussions.removal import actions as removal
from portal.errors import Conflict
from portal.library.attaching import actions
from portal.library.attaching.models import Attachment
from portal.library.intake import actions as intake
from portal.library.intake import incoming
from portal.library.models import FileState, Resource
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network, plain_render

NUMBER = "811228-9874"  # Skatteverket's published test number


@pytest.fixture
def post(network: Network) -> Post:
    thread = factories.thread(network.group, network.convener, "Om tolkar")
    made = factories.post(thread, network.member, "Se filen")
    db.commit()
    return made


def file(text: str, name: str = "Mall_för_lägesbild.txt") -> FileStorage:
    return FileStorage(io.BytesIO(text.encode()), name)


def card(client: Browser, post: Post) -> tuple[str, bool]:
    """The one card under the post, and whether it leads anywhere."""
    page = BeautifulSoup(client.get(f"/threads/{post.thread_id}").text, "lxml")
    found = page.select(f"#post-{post.id} .post-card")
    assert len(found) == 1
    return " ".join(found[0].text.split()), found[0].select_one("a") is not None


def test_a_file_is_shown_with_its_state_and_then_leads_to_the_material(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    author, other = sign_in(network.member), sign_in(network.observer)
    where = f"/posts/{post.id}/attachments"
    assert author.get(where).status_code == 200
    assert send(author, where, file=file("En mall")).headers["Location"] == f"/posts/{post.id}"
    text, is_link = card(other, post)
    assert "Mall för lägesbild" in text
    assert not is_link, "nobody has read it yet"
    before = db.session.scalar(sa.select(Thread.last_seq).where(Thread.id == post.thread_id))
    outbox.run_all()
    assert card(other, post)[1]
    resource = db.session.scalars(sa.select(Resource)).one()
    assert (resource.group_id, resource.state) == (network.group.id, FileState.READY)
    assert other.get(f"/resources/{resource.id}").status_code == 200
    assert f"post-{post.id}" in other.get(f"/threads/{post.thread_id}/posts?after={before}").text, (
        "who looks gets it anew"
    )


def test_personal_data_in_a_file_stops_it_and_the_card_says_so(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    author = sign_in(network.member)
    assert send(author, f"/posts/{post.id}/attachments", file=file(f"Om {NUMBER}")).status_code == 302
    outbox.run_all()
    text, is_link = card(sign_in(network.observer), post)
    assert not is_link
    assert NUMBER not in text
    assert db.session.scalars(sa.select(Resource.state)).all() == [FileState.STOPPED]


def test_a_file_that_came_in_pieces_is_put_to_the_post(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    author = sign_in(network.member)
    upload = intake.start_upload(file_name="bit.txt", size=4, limit=100, by=network.member)
    incoming.append(upload.token, io.BytesIO(b"Text"), offset=0, size=4)
    intake.note_arrived(upload, by=network.member)
    token = upload.token
    db.commit()
    where = f"/posts/{post.id}/attachments"
    assert send(author, where, upload=token).status_code == 422, "it has not been read yet"
    outbox.run_all()
    assert send(sign_in(network.convener), where, upload=token).status_code == 403
    form = {"csrf_token": author.csrf, "upload": token}
    answer = author.post(where, data=form, headers={"X-Fragment": "1"})
    assert answer.status_code == 200
    assert "post-card" in answer.text
    outbox.run_all()
    assert card(author, post)[1]
    again = author.post(where, data=form, headers={"X-Fragment": "1"})
    assert again.status_code == 404, "it waits no more"


def test_a_bad_file_is_refused_in_words(post: Post, network: Network, sign_in: Sign, built_front_end: object) -> None:
    author, where = sign_in(network.member), f"/posts/{post.id}/attachments"
    refused = send(author, where, file=file("text", f"{NUMBER}.txt"))
    assert refused.status_code == 422
    assert "field-error" in refused.text
    assert NUMBER not in refused.text
    form = {"csrf_token": author.csrf, "file": file("text", f"{NUMBER}.txt")}
    told = author.post(where, data=form, headers={"X-Fragment": "1"})
    assert (told.status_code, told.mimetype) == (422, "text/plain")
    assert send(author, where).status_code == 422, "no file at all"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 0
    send(author, where, file=file("MZ\x00\x01", "program.exe"))
    outbox.run_all()
    assert FileState.READY not in set(db.session.scalars(sa.select(Resource.state)))


def test_the_same_content_is_taken_once_and_a_post_has_room_for_few(post: Post, network: Network) -> None:
    there = factories.resource(network.group, network.convener, "Finns redan", "samma ord")
    stored = files.store(io.BytesIO(b"samma ord"), limit=100)
    for _twice in range(2):
        same = actions.attach_file(post, file_name="b.txt", stored=stored, by=network.member, render=plain_render)
        assert same is there
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 1
    for number in range(actions.MOST_ATTACHED - 1):
        more = files.store(io.BytesIO(f"ord {number}".encode()), limit=100)
        actions.attach_file(post, file_name=f"{number}.txt", stored=more, by=network.member, render=plain_render)
    with pytest.raises(Conflict):
        actions.attach_file(post, file_name="x.txt", stored=stored, by=network.member, render=plain_render)


def test_a_file_of_a_post_that_is_gone_or_that_not_all_may_read_is_not_shown(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    hidden = factories.resource(network.closed, network.secretary, "Hemlig fil")
    db.session.add(Attachment(post_id=post.id, resource_id=hidden.id))
    db.commit()
    client = sign_in(network.secretary)
    assert "Hemlig fil" not in client.get(f"/threads/{post.thread_id}").text
    shown = factories.resource(network.group, network.convener, "Synlig fil")
    db.session.add(Attachment(post_id=post.id, resource_id=shown.id))
    db.commit()
    assert "Synlig fil" in client.get(f"/threads/{post.thread_id}").text
    removal.delete_post(db.session.get_one(Post, post.id), by=network.member, render=plain_render)
    db.commit()
    assert "Synlig fil" not in client.get(f"/threads/{post.thread_id}").text
    assert send(sign_in(network.member), f"/posts/{post.id}/attachments", file=file("sent")).status_code == 403


def test_beside_a_thread_stand_the_files_that_can_be_opened(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    author = sign_in(network.member)

    def beside() -> list[str]:
        page = BeautifulSoup(author.get(f"/threads/{post.thread_id}").text, "lxml")
        return [" ".join(row.text.split()) for row in page.select("section[aria-labelledby=attached] li")]

    assert beside() == []
    assert send(author, f"/posts/{post.id}/attachments", file=file("En mall")).status_code == 302
    assert beside() == [], "nobody has read it yet"
    outbox.run_all()
    assert len(beside()) == 1
    assert "Mall för lägesbild" in beside()[0]
    assert "TXT" in beside()[0]
    removal.delete_post(db.session.get_one(Post, post.id), by=network.member, render=plain_render)
    db.commit()
    assert beside() == [], "its post is gone"
