"""Pages of saved searches and their feeds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import db, guard, search, secret_address, web
from portal.errors import Conflict, Invalid, NotFound
from portal.people.models import Person
from portal.people.policy import can_coordinate, readable_group_ids, visible_group
from portal.searches import actions, atom, policy
from portal.searches.actions import Wish
from portal.searches.asking import FACETS
from portal.searches.forms import FeedForm, SearchForm, posted
from portal.searches.models import Place, SavedSearch, SearchFeed
from portal.searches.words import in_words, names_of, proposed_name

bp = Blueprint("searches", __name__)

TRY_AGAIN = "600"  # seconds
FEED_LIMIT = "30/hour"  # of one address: each reading asks all its searches anew


@dataclass(frozen=True, slots=True)
class Row:
    """A saved search as it is listed. `place` is empty if its group can no longer be read."""

    saved: SavedSearch
    words: str
    place: str
    new: int


@bp.get("/searches")
def index() -> ResponseReturnValue:
    """One's own saved searches, with how many new hits each has."""
    return _page()


def _page(problem: str = "", wish: Wish | None = None) -> str:
    """The list; with what kept a search from being saved, and the way back to it."""
    person = web.current_person()
    searches = web.page(policy.own_searches(person), limit=actions.MOST_SEARCHES)
    names = names_of(searches, person)
    readable = set(db.session.scalars(readable_group_ids(person)))
    visible = policy.still_visible(person, {(str(key[0]), int(key[1])) for saved in searches for key in saved.fresh})
    rows = [
        Row(
            saved, in_words(saved, names), _place(saved) if saved.group_id in {None, *readable} else "",
            sum((key[0], key[1]) in visible for key in saved.fresh),
        )
        for saved in searches
    ]  # fmt: skip
    return render_template(
        "searches/index.html", rows=rows, problem=problem, back=_address(wish) if wish is not None else "",
        may_coordinate=can_coordinate(person),
    )  # fmt: skip


def _place(asked: SavedSearch | Wish) -> str:
    """Where it searches, in words."""
    if asked.group is not None:
        return asked.group.name
    return str(_("Library") if asked.place is Place.LIBRARY else _("The whole portal"))


def _address(asked: SavedSearch | Wish, **more: str) -> str:
    """The search page that shows it, put together anew from what it means."""
    values: dict[str, Any] = {**asked.chosen, **more}
    if asked.text:
        values["q"] = asked.text
    if asked.as_written:
        values["exact"] = "1"
    if asked.group is not None:
        return url_for("library.group_materials", slug=asked.group.slug, **values)
    return url_for("library.index" if asked.place is Place.LIBRARY else "home.search", **values)


def _wish(person: Person) -> Wish:
    """What the search page sent. A page that nobody has is a 400, a group that may not be read a 404."""
    value = request.form.get("place", "")
    if value not in set(Place):
        abort(400)
    place = Place(value)
    group = None
    if place is Place.GROUP:
        group = web.find(visible_group(person, request.form.get("slug", "")))
    text, chosen = posted(FACETS[place])
    return Wish(place, group, text, chosen, request.form.get("exact") == "1")


@bp.post("/searches")
def save() -> ResponseReturnValue:
    """Keep the search that a search page shows, under a name that can be changed."""
    person = web.current_person()
    web.check(person.is_active)
    wish = _wish(person)
    try:
        saved, is_new = actions.save_search(wish, name=proposed_name(wish, person), by=person)
    except guard.Stopped:
        return _page(_("This search cannot be saved: there is a personal identity number in it."), wish), 422
    except Invalid as error:
        return _page(error.message), 422
    except Conflict as error:
        return _page(error.message, wish), 409
    if not is_new:
        flash(_("You have saved this search already: %(name)s", name=saved.name), "info")
        return redirect(url_for("searches.index"))
    flash(_("The search is saved. Give it another name if you like."), "done")
    db.session.flush()
    return redirect(url_for("searches.edit", search_id=saved.id))


@bp.get("/searches/<int:search_id>")
def run(search_id: int) -> ResponseReturnValue:
    """To the page that shows what it finds now, the newest first; then nothing of it is new any more."""
    person = web.current_person()
    saved = web.find(policy.own_searches(person).where(SavedSearch.id == search_id))
    if saved.group_id is not None and saved.group_id not in set(db.session.scalars(readable_group_ids(person))):
        flash(_("You can no longer read the group of this search."), "info")
        return redirect(url_for("searches.index"))
    actions.note_looked(saved)
    return redirect(_address(saved, order="new"))


@bp.route("/searches/<int:search_id>/edit", methods=["GET", "POST"])
def edit(search_id: int) -> ResponseReturnValue:
    """Another name for it, and whether to be told."""
    person = web.current_person()
    saved = web.find(policy.own_searches(person).where(SavedSearch.id == search_id))
    form = SearchForm(obj=saved)
    finds: list[guard.Find] = []
    if form.validate_on_submit():
        try:
            actions.change_search(saved, name=form.name.data, is_told=form.is_told.data, by=person)
            flash(_("Saved."), "done")
            return redirect(url_for("searches.index"))
        except guard.Stopped as stopped:
            finds = stopped.finds
    words = in_words(saved, names_of([saved], person))
    page = render_template("searches/edit.html", form=form, saved=saved, words=words, finds=finds)
    return page, 422 if form.errors or finds else 200


@bp.post("/searches/<int:search_id>/deletion")
def delete(search_id: int) -> ResponseReturnValue:
    """Forget it."""
    person = web.current_person()
    saved = web.find(policy.own_searches(person).where(SavedSearch.id == search_id))
    actions.delete_search(saved, by=person)
    flash(_("The search is deleted."), "done")
    return redirect(url_for("searches.index"))


def _feed_asked() -> str:
    return f"feed:{secret_address.hash_token((request.view_args or {})['atom_token'])}"


@bp.get("/searches/feed/<atom_token>.atom")
@web.public
@web.limiter.limit(FEED_LIMIT, key_func=_feed_asked)
@web.limiter.limit(web.public_limit)
def feed(atom_token: str) -> ResponseReturnValue:
    """The newest hits for a feed reader that knows the secret address."""
    found = policy.feed_of(atom_token)
    if found is None:
        raise NotFound
    secret_address.note_read(found)
    try:
        body = atom.make(found)
    except search.SearchDown:
        return Response(status=503, headers={"Retry-After": TRY_AGAIN})
    response = Response(body, content_type="application/atom+xml; charset=utf-8")
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.headers["Cache-Control"] = web.KEPT_PRIVATELY
    return response.make_conditional(request)


@bp.route("/searches/feeds", methods=["GET", "POST"])
def feeds() -> ResponseReturnValue:
    """One's own secret addresses; a new one is shown once, in the answer to its making."""
    person = web.current_person()
    searches = web.page(policy.own_searches(person), limit=actions.MOST_SEARCHES)
    form, address, status, conflict = _feed_form(searches), "", 200, ""
    if request.method == "POST" and not form.validate():
        status = 422
    elif request.method == "POST":
        chosen = next((saved for saved in searches if saved.id == form.search.data), None)
        try:
            _made, token = actions.make_feed(form.name.data, search=chosen, by=person)
            address = current_app.config["SETTINGS"].base_url + url_for("searches.feed", atom_token=token)
            form = _feed_form(searches, formdata=None)
        except guard.Stopped as stopped:
            form.name.errors, status = [stopped.message], 422
        except Conflict as error:
            conflict, status = error.message, 409
    rows = web.page(policy.own_feeds(person), limit=secret_address.MOST_EACH)
    page = render_template("searches/feeds.html", form=form, feeds=rows, address=address, conflict=conflict)
    return page, status


def _feed_form(searches: Sequence[SavedSearch], **more: None) -> FeedForm:
    form = FeedForm(**more)
    form.search.choices = [(0, _("All my saved searches")), *((saved.id, saved.name) for saved in searches)]
    return form


@bp.post("/searches/feeds/<int:atom_id>/revocation")
def revoke_feed(atom_id: int) -> ResponseReturnValue:
    """Let one of one's addresses answer no longer."""
    person = web.current_person()
    found = web.find(policy.own_feeds(person).where(SearchFeed.id == atom_id))
    actions.revoke_feed(found, by=person)
    flash(_("The address no longer answers."), "done")
    return redirect(url_for("searches.feeds"))
