"""A post as a quote in Markdown."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from portal.discussions.models import Post

_MARKS = re.compile(r"[\\`*_\[\]<>&~]")

LONGEST = 1_000  # characters


def quote_of(post: Post) -> str:
    """Its words between `>`, headed by who wrote it and where. Quotes inside it are left out, so quotes do not grow, and a long
    post is cut.
    """
    lines = [line.rstrip() for line in post.body.splitlines() if not line.lstrip().startswith(">")]
    text = "\n".join(lines).strip()
    if len(text) > LONGEST:
        text = text[:LONGEST].rsplit(maxsplit=1)[0] + " …"
    name = _MARKS.sub(r"\\\g<0>", f"{post.author.name}, {post.organisation.short_name}")
    head = f"**{name}** ([{_('to the post')}](/posts/{post.id})):"
    return "\n".join(f"> {line}".rstrip() for line in [head, "", *text.splitlines()]) + "\n\n"
