"""What a composer asks for while somebody writes. Nothing is stored."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue

from portal import markup, web
from portal.discussions.actions import note_read
from portal.discussions.forms import PreviewForm
from portal.discussions.models import Post
from portal.discussions.policy import visible_posts
from portal.discussions.views import bp
from portal.discussions.writing.quoting import quote_of


@bp.post("/posts/preview")
def preview() -> ResponseReturnValue:
    """A text as it will be shown, made by what shows posts."""
    web.check(web.current_person().is_active)
    form = PreviewForm()
    if not form.validate():
        return Response("\n".join(str(error) for error in form.body.errors or ()), status=422, mimetype="text/plain")
    return Response(str(markup.render(form.body.data)), mimetype="text/html")


@bp.get("/posts/<int:post_id>/quote")
def quote(post_id: int) -> ResponseReturnValue:
    """A post as a quote in Markdown."""
    person = web.current_person()
    post = web.find(visible_posts(person).where(Post.id == post_id, Post.gone.is_(None), Post.line.is_(None)))
    note_read(post.thread, by=person)
    return Response(quote_of(post), mimetype="text/plain")
