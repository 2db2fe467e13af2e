"""The bare engines: what the libraries below the portal do when nobody asks anything of them.

A Flask page that renders a template of a given size, and a Flask-SocketIO server whose route emits an event of a given size
to a room. No database, no session, no access check, no language.
"""

from __future__ import annotations

import itertools

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_socketio import SocketIO, join_room
from jinja2 import DictLoader

PAGE = """<!DOCTYPE html>
<html lang="sv"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><h1>{{ title }}</h1><ul>
{% for row in rows -%}
<li id="row-{{ row.id }}"><a href="/rows/{{ row.id }}">{{ row.title }}</a> <span>{{ row.name }}</span> <p>{{ row.text }}</p></li>
{% endfor -%}
</ul><p>{{ filling }}</p></body></html>"""

TEXT = "Samverkan mot människohandel: vad vi har sett i länet sedan förra mötet, & vad vi behöver hjälp med. "
ROW_BYTES = 320  # a little more than one row of the template makes
FRAME_BYTES = 250  # and what stands around the rows

app = Flask(__name__)
app.jinja_loader = DictLoader({"page.html": PAGE})
socketio = SocketIO(app, cors_allowed_origins="*", http_compression=False)
numbers = itertools.count(1)
fillings: dict[int, int] = {}  # how many letters bring a page of so many bytes to its size


@app.get("/page")
def page() -> ResponseReturnValue:
    """A page of exactly `?bytes=` bytes."""
    wanted = request.args.get("bytes", 0, type=int)
    rows = [
        {"id": number, "title": f"Rad {number}", "name": "Länsstyrelsen", "text": TEXT + TEXT[:80]}
        for number in range(max(0, (wanted - FRAME_BYTES) // ROW_BYTES))
    ]
    if wanted not in fillings:
        fillings[wanted] = wanted - len(render_template("page.html", title="Idag", rows=rows, filling="").encode())
    return render_template("page.html", title="Idag", rows=rows, filling="x" * fillings[wanted])


@socketio.on("watch")
def watch(message: dict[str, str]) -> dict[str, bool]:
    """Join a room."""
    join_room(message["topic"])
    return {"ok": True}


@app.post("/posts")
def post() -> ResponseReturnValue:
    """Emit an event with a text of `?bytes=` bytes to all in the room."""
    size = request.args.get("bytes", 0, type=int)
    html = f'<article data-client="{request.form["client_id"]}">'
    html += "x" * (size - len(html))
    item = {"seq": next(numbers), "html": html}
    socketio.emit("items", {"topic": request.args["topic"], "items": [item]}, to=request.args["topic"])
    return Response(html, status=201, mimetype="text/html")
