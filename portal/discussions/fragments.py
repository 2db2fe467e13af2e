"""Posts as fragments: what a page shows, what goes out live, and what a browser asks for are made here."""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template
from flask_babel import force_locale

from portal.discussions.cards import cards_of
from portal.discussions.models import Post
from portal.i18n import LANGUAGES


def render_posts(posts: Sequence[Post]) -> str:
    """The fragments of posts: the same for every reader of the language (house rule 6)."""
    cards = cards_of(posts)
    return "".join(
        render_template("discussions/_line.html" if post.line else "discussions/_post.html", post=post, cards=cards)
        for post in posts
    )


def render_post(post: Post) -> str:
    """The fragment of one post."""
    return render_posts([post])


def render_for_all(post: Post) -> dict[str, str]:
    """The fragment of one post in each language."""
    fragments = {}
    for language in LANGUAGES:
        with force_locale(language):
            fragments[language] = render_post(post)
    return fragments
