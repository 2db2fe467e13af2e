"""A thread as Markdown and as PDF/A, for an organisation's own records."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request
from flask.typing import ResponseReturnValue

from portal import audit, db, pdf, web
from portal.discussions.export import taking
from portal.discussions.export.documents import Extract, markdown_head, pdf_data
from portal.discussions.export.taking import Form
from portal.discussions.models import Post, Thread
from portal.discussions.policy import visible_posts, visible_threads
from portal.discussions.views import bp
from portal.times import local


def _taken(thread_id: int, form: Form) -> tuple[Extract, list[bytes]]:
    """The posts of a thread; with `?own=1` only those of one's own organisation. That it was taken out is noted."""
    person, at = web.current_person(), db.now()
    thread = web.find(visible_threads(person).where(Thread.id == thread_id))
    is_own = request.args.get("own") == "1"
    posts = visible_posts(person).where(Post.thread_id == thread.id)
    if is_own:
        posts = posts.where(Post.organisation_id == person.organisation_id)
    audit.record_read("thread_exported", by=person, on=thread)
    written = taking.write_posts(posts, form)
    return Extract(thread, is_own, person, at, written.number, written.total), written.parts


def _file(content: bytes | Sequence[bytes], mimetype: str, taken: Extract, ending: str) -> Response:
    name = f"trad-{taken.thread.id}-{local(taken.at):%Y-%m-%d}{ending}"
    return Response(content, mimetype=mimetype, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@bp.get("/threads/<int:thread_id>/export.md")
def export_markdown(thread_id: int) -> ResponseReturnValue:
    """The thread as Markdown."""
    taken, parts = _taken(thread_id, taking.MARKDOWN)
    return _file([markdown_head(taken), *parts], "text/markdown", taken, ".md")


@bp.get("/threads/<int:thread_id>/export.pdf")
def export_pdf(thread_id: int) -> ResponseReturnValue:
    """The thread as PDF/A, made in a process of its own."""
    taken, parts = _taken(thread_id, taking.PDF)
    data, answer = pdf_data(taken, parts), _file(b"", "application/pdf", taken, ".pdf")
    db.pause()  # nobody waits for the database while the PDF is made
    answer.set_data(pdf.compile_pdf("thread.typ", data))
    return answer
