"""A thread as a file: every post with its organisation, the class on it, and nothing of what others may read."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from portal import db
from portal.audit import AuditEntry
from portal.discussions.export import taking
from portal.discussions.export.documents import Said, in_markdown
from portal.discussions.models import Post
from portal.discussions.policy import visible_posts
from portal.discussions.states import actions as states
from portal.library.attaching.models import Attachment
from portal.people.models import Group
from portal.web import Edge
from tests import commands, factories
from tests.conftest import Sign
from tests.factories import Network, plain_render


def written(network: Network, group: Group) -> int:
    thread = factories.thread(group, network.convener, "Om tolkar", "Frågan med **fetstil**")
    factories.post(thread, network.secretary, '# Rubrik\n\n- punkt\n\n#panic("x") 漢字')
    states.close_thread(thread, by=network.convener, render=plain_render)
    db.commit()
    return thread.id


def test_markdown_names_the_organisation_of_each_post(network: Network, sign_in: Sign, built_front_end: object) -> None:
    where = f"/threads/{written(network, network.group)}/export.md"
    answer = sign_in(network.member).get(where)
    assert answer.mimetype == "text/markdown"
    assert answer.text.startswith("# Om tolkar\n\nNätverket. ")
    for words in (
        "## Sam Mankallande, Myndigheten, ",
        "## Sek Reterare, Lansstyrelsen, ",
        "Frågan med **fetstil**",
        "- punkt",
    ):
        assert words in answer.text
    own = sign_in(network.secretary).get(f"{where}?own=1").text
    assert "punkt" in own
    assert "Frågan" not in own
    assert sign_in(network.outsider).get(where).status_code == 404


def test_files_that_came_with_posts_are_named(network: Network, sign_in: Sign, built_front_end: object) -> None:
    number = written(network, network.group)
    post = db.session.scalars(sa.select(Post).where(Post.thread_id == number, Post.seq == 1)).one()
    for group, title in ((network.group, "Synlig fil"), (network.closed, "Hemlig fil")):
        material = factories.resource(group, network.secretary, title, title)
        db.session.add(Attachment(post_id=post.id, resource_id=material.id))
    db.commit()
    client = sign_in(network.secretary)
    text = client.get(f"/threads/{number}/export.md").text
    pages = PdfReader(io.BytesIO(client.get(f"/threads/{number}/export.pdf").data)).pages
    for said in (text, "".join(page.extract_text() for page in pages)):
        assert said.count("Synlig fil") == 1
        assert "Hemlig fil" not in said
    assert "Synlig fil" not in client.get(f"/threads/{number}/export.md?own=1").text


def test_the_pdf_can_be_archived_and_says_how_it_is_to_be_handled(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    number = written(network, network.closed)
    answer = sign_in(network.secretary).get(f"/threads/{number}/export.pdf")
    assert answer.mimetype == "application/pdf"
    assert f"trad-{number}-" in answer.headers["Content-Disposition"]
    reader = PdfReader(io.BytesIO(answer.data))
    text = "".join(page.extract_text() for page in reader.pages)
    for words in ("Om tolkar", "Sam Mankallande, Myndigheten", "punkt", '#panic("x")', "Slutna gruppen"):
        assert words in text, words
    assert text.count("Sek Reterare") == 3, "as the author, as who took it out, and at the foot of the page"
    metadata = reader.xmp_metadata
    assert metadata is not None
    noted = db.session.query(AuditEntry).filter_by(action="thread_exported", object_id=number).count()
    assert noted == 1


def test_a_thread_of_thousands_can_be_taken_out(network: Network, sign_in: Sign, built_front_end: object) -> None:
    number = written(network, network.group)
    factories.many_posts(number, network.member, 2_000)
    db.commit()
    answer = sign_in(network.member).get(f"/threads/{number}/export.md")
    assert answer.text.count("## Med Lem, Foreningen, ") == 2_000


def test_what_is_cut_says_so_in_the_file_and_beside_the_link(
    network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch, built_front_end: object
) -> None:
    monkeypatch.setattr(taking, "A_PIECE", 2)
    number = written(network, network.group)
    factories.many_posts(number, network.member, 5)
    db.commit()
    client, words = sign_in(network.member), "de 4 första av 7 inlägg"
    assert words not in client.get(f"/threads/{number}").text
    for name in ("MARKDOWN", "PDF"):
        monkeypatch.setattr(taking, name, replace(getattr(taking, name), most_posts=4))
    text = client.get(f"/threads/{number}/export.md").text
    pages = PdfReader(io.BytesIO(client.get(f"/threads/{number}/export.pdf").data)).pages
    for said in (text, "".join(page.extract_text() for page in pages)):
        assert f"bara {words}" in " ".join(said.split())
        assert "Inlägg 5" in said, "the line that says that the thread was closed is no post"
        assert "Inlägg 6" not in said
    assert client.get(f"/threads/{number}").text.count(words) == 2
    own = client.get(f"/threads/{number}/export.md?own=1").text
    assert "de 4 första av 5 inlägg" in own


def test_a_file_cannot_grow_beyond_what_its_maker_can_hold(
    network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch, built_front_end: object
) -> None:
    number = written(network, network.group)
    factories.many_posts(number, network.member, 100)
    db.commit()
    monkeypatch.setattr(taking, "MARKDOWN", replace(taking.MARKDOWN, most_bytes=2_000))
    text = sign_in(network.member).get(f"/threads/{number}/export.md").text
    shown = text.count("\n## ")
    assert 10 < shown < 100
    assert f"bara de {shown} första av 102 inlägg" in text


def test_others_are_served_while_a_long_thread_is_written() -> None:
    code = """
from gevent import monkey; monkey.patch_all()
import gevent, tempfile
from pathlib import Path
from portal import db
from tests import factories
from tests.conftest import make_portal, signed_in
app = make_portal(Path(tempfile.mkdtemp()))
with app.app_context():
    db.Base.metadata.create_all(db.engine())
    network = factories.Network()
    network.make()
    thread = factories.thread(network.group, network.convener)
    factories.many_posts(thread.id, network.member, 1_000)
    db.commit()
    where = thread.path
    taker, reader = signed_in(app, network.member), signed_in(app, network.secretary)
served = []
def ask(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    served.append((path, len(answer.data)))
asked = [gevent.spawn(ask, taker, f"{where}/export.md"), gevent.spawn(ask, reader, f"{where}/posts?after=990")]
gevent.joinall(asked, raise_error=True)
assert [path for path, _size in served] == [f"{where}/posts?after=990", f"{where}/export.md"], served
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=commands.ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_file_says_that_it_is_cut_when_posts_go_while_it_is_written(app: Edge, network: Network) -> None:
    number = written(network, network.group)
    factories.many_posts(number, network.member, 70)
    elsewhere = factories.thread(network.group, network.convener, "En annan tråd").id
    db.commit()

    def write(words: Sequence[Said]) -> list[bytes]:
        with app.app_context():  # as another request does it meanwhile
            later = sa.update(Post).where(Post.thread_id == number, Post.seq > 60)
            db.session.execute(later.values(thread_id=elsewhere).execution_options(synchronize_session=False))
            db.commit()
        return in_markdown(words)

    posts = visible_posts(network.member).where(Post.thread_id == number)
    made = taking.write_posts(posts, taking.Form(write, most_posts=1_000, most_bytes=10**7))
    assert made.number == len([part for part in made.parts if part]) - 1, "the line of the thread's closing is no post"
    assert made.number < made.total == 72
