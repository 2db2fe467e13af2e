"""The search field's language, synonyms and misspelt words."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from portal import db, search
from portal.home.results import _forms as found_forms
from portal.library.models import Resource
from portal.library.searchable import notice_late_reviews
from portal.meetings.followup import actions as followup
from portal.meetings.minutes import actions as minutes
from portal.people.models import Person
from portal.people.policy import readable_group_ids
from portal.search import similar
from portal.search.query import Beginning, Clause, parse
from portal.search.synonyms import Synonyms, forms_of
from portal.times import local, today
from portal.topics.models import Topic
from portal.web import Edge
from tests import factories
from tests.conftest import Sign
from tests.factories import Network
from tests.search.test_asking import ask, index


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("a*", []),
        ("ab***", []),
        ("å" + "*" * 300, []),
        ("manual a* b*", [(("manual",),)]),
        ('"a*"', [(("=a",),)]),
        ("sam*", [(Beginning("sam"),)]),
        ("Sam**", [(Beginning("sam"),)]),
        ("(prosti*", [(Beginning("prosti"),)]),
        ("samverkans-pl*", [(("samverkan",),)]),
        ("samverkans-plan*", [(("samverkan",),), (Beginning("plan"),)]),
        ("2016:70", [(("2016", "70"),)]),
        ('"Kommuner och"', [(("=kommuner", "=och"),)]),
        ('"halv fras', [(("=halv", "=fras"),)]),
        ("och att", [(("och",),), (("att",),)]),
        ("manual och checklista", [(("manual",),), (("checklista",),)]),
        ("manual manualer", [(("manual",),)]),
        ("okänt:manual", [(("okänt", "manual"),)]),
        ("", []),
        ("* - \"\" ()", []),
    ],
)  # fmt: skip
def test_words(text: str, clauses: list[Clause]) -> None:
    assert [clause[:1] for clause in parse(text).wanted] == clauses


def test_as_written() -> None:
    assert parse("Kommunerna", as_written=True).wanted == ((("=kommunerna",),),)


def test_filters_and_days() -> None:
    query = parse('typ:beslut län:"Västra Götaland" efter:2024-05 före:2025 -typ:post "typ:x" efter:igår okänt:x typ:')
    assert query.filters == {"type": ("beslut",), "county": ("Västra Götaland",)}
    assert (query.after, query.before) == (date(2024, 5, 1), date(2025, 1, 1))
    assert query.no_days == ("igår",)
    assert "igår" not in " ".join(query.typed)
    assert query.refused, "a refused filter is a refused word"


def test_beginnings_that_are_too_short_are_told_of() -> None:
    assert parse('a* b* manual -c* samv* aa-bb* "d*"').too_short == ("a*", "b*", "c*", "aa-bb*")
    for text in ("a*", "a* b* c* d* e*", "*", '"', '- "" ()'):
        assert parse(text).says_nothing, text
    for text in ("-ord", "efter:2025", "efter:igår", "typ:beslut", "manual a*"):
        assert not parse(text).says_nothing, text


def test_what_is_typed_has_limits() -> None:
    assert len(parse("ord" + " ".join(f"ord{number}" for number in range(10_000))).wanted) <= 32
    assert len(parse("-" + " -".join(f"ord{number}" for number in range(50)) + " manual").refused) <= 32
    assert parse("a:" * 100_000 + '"' * 100_000).size <= 1_000


# --- the product's own words ------------------------------------------------------------------------------------------------


def test_synonyms_are_found_both_ways(network: Network) -> None:
    db.session.add_all([
        Synonyms(words="NMT, Nationella metodstödsteamet"), Synonyms(words=" , ,"), Synonyms(words="trafficking, människohandel"),
    ])  # fmt: skip
    factories.thread(network.group, network.convener, "Ett", "Vi frågar NMT om råd")
    factories.thread(network.group, network.convener, "Två", "Nationella metodstödsteamet svarar")
    factories.thread(network.group, network.convener, "Tre", "Nationella rutiner från teamet")
    factories.thread(network.group, network.convener, "Fyra", "Anti trafficking work")
    index()
    for text in ("NMT", "nationella metodstödsteamet"):
        found = ask(network.member, text).found
        assert {one.obj.thread.title for one in found if not one.is_partial} == {"Ett", "Två"}, text
    assert {one.obj.thread.title for one in ask(network.member, "människohandel").found} == {"Fyra"}
    assert ask(network.member, '"NMT"').total == 1, "as it is written"
    assert forms_of("NMT, Nationella  metodstödsteamet,, nmt") == (("nmt",), ("nationell", "metodstödsteam"))


TYPOS = {
    "manniskohandel": "människohandel", "människohandell": "människohandel", "prositution": "prostitution",
    "lansstyrelsen": "länsstyrelsen", "samvarkan": "samverkan", "polsanmälan": "polisanmälan", "jamstalldhetsmyndighetn":
    "jämställdhetsmyndigheten", "skyddat boened": "boende", "kopplrei": "koppleri", "brottsofer": "brottsoffer",
    "socialtjansten": "socialtjänsten", "åklgare": "åklagare", "migrationsverkt": "migrationsverket", "utsatthte": "utsatthet",
    "regionkordinator": "regionkoordinator", "uppehålstillstånd": "uppehållstillstånd",
}  # fmt: skip


def test_misspelt_words_are_understood(network: Network) -> None:
    for right in TYPOS.values():
        factories.thread(network.group, network.convener, f"Om {right}", f"Text med {right} och skyddat")
    factories.thread(network.closed, network.convener, "Slutet", "Hemlighetsmakeri i det slutna")
    index()
    understood = []
    for wrong, right in TYPOS.items():
        best = ask(network.member, wrong).found[:1]
        understood += [wrong for one in best if right in (one.obj.title if one.type == "thread" else one.obj.body)]
    assert len(understood) >= 15, set(TYPOS) - set(understood)
    results = ask(network.member, "manniskohandel")
    assert (results.meant, results.total) == ("människohandel", 4)
    nothing = ask(network.member, "hemlighetsmakerri")
    assert (nothing.meant, nothing.total) == (None, 0), "not even that the word is there"
    assert ask(network.convener, "hemlighetsmakerri").meant == "hemlighetsmakeri"
    assert ask(network.member, "människohandel").meant is None


def test_candidates_are_like_the_word() -> None:
    def words(_beginnings: object) -> list[str]:
        return ["samverka", "samverkan", "samverkar", "sambo", "örebro"]

    assert similar.candidates("samvrkan", words)[0] == "samverkan"
    assert (
        similar.candidates("sam", words)
        == similar.candidates("två ord", words)
        == similar.candidates("1234", words)
        == []
    )


def test_any_word_is_said_to_be_any(network: Network) -> None:
    factories.thread(network.group, network.convener, "Ett", "spritkök")
    factories.thread(network.group, network.convener, "Två", "tändstickor")
    index()
    results = ask(network.member, "spritkök tändstickor")
    assert (results.total, results.is_loose, results.meant) == (2, True, None)
    assert [one.is_partial for one in results.found] == [True, True]
    assert not ask(network.member, "spritkök").is_loose
    factories.thread(network.group, network.convener, "Tre", "spritkök med tändstickor")
    index()
    results = ask(network.member, "spritkök tändstickor")
    assert (results.total, results.is_loose) == (1, False)
    assert [one.is_partial for one in results.found] == [False, True, True], "first what has all, then what has some"
    assert [one.is_partial for one in ask(network.member, "spritkök tändstickor", limit=2).found] == [False, True]
    assert len(ask(network.member, "spritkök tändstickor", limit=1).found) == 1
    assert ask(network.member, "spritkök tändstickor", offset=20).found == []


def test_the_last_word_may_be_half_typed(network: Network) -> None:
    factories.thread(network.group, network.convener, "Spritkök", "Om tändstickor")
    index()
    assert {one.type for one in ask(network.member, "om tändst", is_typing=True).found} == {"post"}
    assert ask(network.member, "tändst ", is_typing=True).total == 0, "that word has ended"


def test_english_has_its_forms(network: Network) -> None:
    factories.thread(network.group, network.convener, "One", "Identifying the victims of trafficking")
    index()
    assert ask(network.member, "identified victim").total == 1


# --- facets of materials ----------------------------------------------------------------------------------------------------


def test_materials_have_facets(network: Network) -> None:
    made = factories.resource(network.group, network.member, "Manual", "innehåll")
    made.counties, made.language, made.audiences = ["T", "AB"], "en", ["police"]
    made.topics.append(Topic(name="Stöd", folded="stöd"))
    old = factories.resource(network.group, network.member, "Gammal manual", "innehåll manual manual")
    old.replaced_by_id = made.id
    index()
    groups = db.session.scalars(readable_group_ids(network.member)).all()
    results = search.query("manual", person=network.member, group_ids=groups, counted=search.FACETS)
    assert [one.obj.title for one in results.found] == ["Manual", "Gammal manual"], "what was replaced ranks below"
    assert results.facets["county"] == {"T": 1, "AB": 1}
    assert results.facets["language"] == {"en": 1, "sv": 1}
    assert results.facets["topic"] == {"Stöd": 1}
    assert results.facets["state"] == {"in_force": 1, "replaced": 1}
    made.review_by = today() - timedelta(days=1)
    index()
    db.session.execute(
        sa.update(Resource).where(Resource.id == old.id).values(replaced_by_id=None, review_by=made.review_by)
    )
    notice_late_reviews()  # as if a day had passed
    index()
    results = search.query("manual", person=network.member, group_ids=groups, counted=search.FACETS)
    assert results.facets["state"] == {"overdue": 2}
    for typed in ("län:örebro", "län:T", "språk:engelska", "ämne:stöd", "typ:material län:T", "slag:manual ämne:Stöd"):
        found = search.query(f"{typed} innehåll", person=network.member, group_ids=groups).found
        assert [one.obj.title for one in found] == ["Manual"], typed
    both = search.query("län:örebro manual", person=network.member, group_ids=groups, chosen={"county": ["AB", "T"]})
    assert both.total == 1
    assert (
        search.query("län:örebro manual", person=network.member, group_ids=groups, chosen={"county": ["M"]}).total == 0
    )
    assert search.query(f"grupp:{network.closed.slug} manual", person=network.member, group_ids=groups).total == 0
    assert search.query("län:lönneberga manual", person=network.member, group_ids=groups).total == 0


def test_of_a_compound_that_stands_nowhere_the_parts_are_looked_for(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    factories.thread(network.group, network.convener, "Ett", "Arbete mot människohandel")
    factories.thread(network.group, network.convener, "Två", "Stöd till offer för människohandel")
    factories.thread(network.group, network.convener, "Tre", "Boka tolk i tid")
    index()
    results = ask(network.member, "människohandelsoffren")
    assert {one.obj.thread.title for one in results.found if not one.is_partial} == {"Två"}
    assert {one.obj.thread.title for one in results.found if one.is_partial} == {"Ett"}
    assert results.parts == {"människohandelsoffren": ("människohandel", "offer")}
    results = ask(network.member, "tolkförberedelser")
    assert [one.obj.thread.title for one in results.found] == ["Tre"]
    assert results.parts == {"tolkförberedelser": ("tolk", "förberedelser")}
    assert ask(network.member, "boka tolkförberedelser").found[0].obj.thread.title == "Tre"
    for text in ("människohandel", "stormköksbränslet", "zzz", "tolk-förberedelser", '"människohandelsoffren"'):
        assert ask(network.member, text).parts == {}, text
    assert ask(network.member, "människohandelsoffren", as_written=True).total == 0
    assert ask(network.member, "människohandelsoffren", is_strict=True).total == 0
    page = sign_in(network.member).get("/search?q=tolkförberedelser").text
    assert "står ingenstans" in page or "stands nowhere" in page
    assert "tolk, förberedelser" in page


def of_library(person: Person, text: str) -> search.Results:
    return ask(person, text, type_="resource")


def test_filters_alone_list(network: Network) -> None:
    factories.thread(network.group, network.convener, "Ett", "Vi frågar om råd")
    index()
    assert ask(network.member, "efter:2025").total == ask(network.member, "före:2999").total == 2
    assert ask(network.member, f"år:{today().year}").total == 2
    assert ask(network.member, "typ:inlägg").total == 1


def test_both_languages_can_be_typed(app: Edge, network: Network) -> None:
    made = factories.resource(network.group, network.member, "Handbok", "innehåll")
    made.language = "en"
    factories.thread(network.group, network.convener, "Ett", "Vi frågar om råd")
    index()
    for language in ("sv", "en"):
        with force_locale(language):
            for text in ("typ:inlägg", "type:posts", "typ:post"):
                assert [one.type for one in ask(network.member, text).found] == ["post"], (language, text)
            for text in ("språk:engelska", "language:english", "slag:manual", "kind:manual"):
                assert ask(network.member, text).total == 1, (language, text)
                assert not ask(network.member, text).unknown, (language, text)


def test_a_value_that_there_is_not_is_told_of(network: Network, sign_in: Sign, built_front_end: object) -> None:
    made = factories.resource(network.group, network.member, "Manual", "innehåll")
    made.publisher = "Socialstyrelsen"
    made.topics.append(Topic(name="Stöd", folded="stöd"))
    secret = factories.resource(network.closed, network.convener, "Slutet", "innehåll")
    secret.publisher = "Hemliga byrån"
    secret.topics.append(Topic(name="Hemligt ämne", folded="hemligt ämne"))
    index()
    for text in (
        "typ:hund",
        "län:Atlantis",
        "slag:hund",
        "språk:klingonska",
        "ämne:hund",
        "utgivare:hund",
        "år:1850",
        "grupp:finnsinte",
    ):
        results = ask(network.member, f"{text} innehåll")
        value = text.partition(":")[2]
        assert (results.total, [value for _name, value in results.unknown]) == (0, [value]), text
    for there, foreign, none in (
        ("grupp:natverket", f"grupp:{network.closed.slug}", "grupp:finnsinte"),
        ("utgivare:socialstyrelsen", 'utgivare:"Hemliga byrån"', "utgivare:finnsinte"),
        ("ämne:stöd", 'ämne:"Hemligt ämne"', "ämne:finnsinte"),
    ):
        assert (ask(network.member, there).total, list(ask(network.member, there).unknown)) == (1, [])
        one, other = ask(network.member, foreign), ask(network.member, none)
        assert (one.total, other.total) == (0, 0)
        assert [name for name, _value in one.unknown] == [name for name, _value in other.unknown] != []
    assert ask(network.member, "efter:abc innehåll").unknown == [("day", "abc")]
    assert not ask(network.member, "typ:beslut").unknown, "there is the type, but nothing of it"
    some = ask(network.member, "typ:hund typ:material")
    assert (some.total, some.unknown) == (1, [("type", "hund")])
    for text in ("grupp:NÄTVERKET", 'grupp:"nätverket"', "grupp:Natverket"):
        assert ask(network.member, text).total == 1, text
    client = sign_in(network.member)
    for where in ("/search", "/library"):
        page = client.get(where, query_string={"q": "län:Atlantis innehåll"}).text
        assert "”Atlantis”" in page
        assert "samverkan*" not in page


def test_what_cannot_be_looked_for_is_told_of(network: Network, sign_in: Sign, built_front_end: object) -> None:
    factories.resource(network.group, network.member, "Manual", "abborre baka citron")
    index()
    for text in ("a*", "a* b* c*", "*", '"', "-"):
        assert ask(network.member, text).is_unasked, text
        assert of_library(network.member, text).is_unasked, text
        assert of_library(network.member, text).total == 0, text
    assert ask(network.member, "-ord").is_unasked
    assert of_library(network.member, "-ord").total == 1, "all materials but those"
    assert (ask(network.member, "manual a*").total, ask(network.member, "manual a*").query.too_short) == (1, ("a*",))
    client = sign_in(network.member)
    for where in ("/search", "/library"):
        for text, said in (("a*", "a*"), ("*", "bokstäver|letters"), ("manual a*", "a*")):
            page = client.get(where, query_string={"q": text}).text
            assert "search-note" in page, (where, text)
            assert re.search(said.replace("*", "[*]"), page.partition("search-note")[2]), (where, text)
            assert "samverkan*" not in page, (where, text)
    assert "-word" in client.get("/search?q=-ord").text or "-ord " in client.get("/search?q=-ord").text


def test_a_long_question_is_cut_where_it_is_repeated(network: Network, sign_in: Sign, built_front_end: object) -> None:
    index()
    search.mend()
    client = sign_in(network.member)
    for where in ("/search", "/library"):
        page = client.get(where, query_string={"q": "o" * 1_900}).text
        heading = page[page.index('id="hits"') :].partition("</h2>")[0]
        assert "o" * 60 in heading
        assert len(heading) < 200


def test_a_null_in_a_question_is_dropped(network: Network, sign_in: Sign, built_front_end: object) -> None:
    factories.resource(network.group, network.member, "Manual", "spritkök")
    index()
    client = sign_in(network.member)
    for where in ("/search", "/library"):
        answer = client.get(f"{where}?q=sprit%00k%C3%B6k")
        assert answer.status_code == 200
        assert "Manual" in answer.text
    assert client.get("/search?topic=a%00b").status_code == 400


def test_everything_has_its_year(network: Network) -> None:
    factories.thread(network.group, network.convener, "Sökord", "Sökord")
    meeting = factories.meeting(network.group, network.convener, "Sökord", items=1, days=400)
    minutes.save_note(meeting.items[0], text="Sökord", based_on=0, by=network.convener)
    followup.add_decision(meeting.items[0], text="Sökord beslutat", client_id="b", by=network.convener)
    task = followup.Task("Sökord åtgärd", network.member.organisation, network.member)
    followup.add_action(network.group, task, client_id="a", by=network.convener)
    factories.collection(network.group, network.convener, "Sökord")
    index()
    groups = db.session.scalars(readable_group_ids(network.member)).all()
    years = search.query("sökord", person=network.member, group_ids=groups, counted=("type", "year")).facets
    assert set(years["type"]) == {"thread", "post", "meeting", "minutes", "decision", "action", "collection"}
    assert years["year"] == {str(today().year): 4, str(local(meeting.starts_at).year): 3}


def test_synonyms_are_said_to_be_synonyms(network: Network, sign_in: Sign, built_front_end: object) -> None:
    db.session.add(Synonyms(words="NMT, Nationella metodstödsteamet"))
    factories.thread(network.group, network.convener, "Ett", "Nationella metodstödsteamet svarar")
    factories.thread(network.group, network.convener, "Två", "NMT:s råd och NMT-rutiner i nätverken")
    index()
    results = ask(network.member, "NMT råden")
    forms, synonyms = found_forms(results)
    assert [word.striptags() for word in forms] == ["råd"]
    assert [word.striptags() for word in synonyms] == ["nationella", "metodstödsteamet"]
    assert "nationella</mark>, <mark>metodstödsteamet" in sign_in(network.member).get("/search?q=NMT").text
