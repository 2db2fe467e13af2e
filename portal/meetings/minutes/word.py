"""Minutes as a Word file: headings, lists and tables are real ones.

First the file's parts are put into words, in the reader's language; then the library writes them, aside from the web
process's loop, since it is slow.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from docx import Document
from docx.document import Document as DocumentFile
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from portal import markup
from portal.meetings.minutes.content import Content
from portal.meetings.minutes.documents import (
    NBSP,
    Standing,
    action_line,
    attendance_notes,
    attendance_rows,
    previous_line,
    seal_data,
    state_line,
    title_of,
    when_and_where,
    words,
)
from portal.search.aside import aside


@dataclass(slots=True)
class _Plan:
    """What stands in the file, in order: (style, runs), or (head, rows) of a table."""

    title: str
    author: str
    subject: str
    keywords: str
    language: str
    at: datetime | None
    parts: list[tuple[Any, Any]] = field(default_factory=list)

    def say(self, style: str, text: str) -> None:
        """A paragraph or a heading."""
        self.parts.append((style, [{"text": text}]))

    def tabulate(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table."""
        self.parts.append((tuple(head), rows))

    def write(self, blocks: Iterable[dict[str, Any]], style: str = "Normal") -> None:
        """What somebody wrote."""
        for block in blocks:
            if block["kind"] in {"bullets", "numbers"}:
                for item in block["items"]:
                    self.write(item, "List Bullet" if block["kind"] == "bullets" else "List Number")
            elif block["kind"] == "quote":
                self.write(block["blocks"], "Quote")
            else:
                self.parts.append((style, block["runs"]))


def docx(content: Content, standing: Standing, *, language: str) -> bytes:
    """The minutes as a Word file in the present language."""
    return aside(_written, _planned(content, standing, language))


def _planned(content: Content, standing: Standing, language: str) -> _Plan:
    said, author = words(), content["written_by"] or {"name": content["group"]}
    keywords = ", ".join(filter(None, [content["series"], standing.sha256]))
    at = standing.seal.at if standing.seal is not None else standing.made_at
    plan = _Plan(title_of(content), author["name"], content["group"], keywords, language, at)
    plan.say("Heading 1", plan.title)
    plan.say("Normal", f"{when_and_where(content)}. {state_line(standing)}.")
    if previous := previous_line(content):
        plan.say("Normal", previous)
    if rows := attendance_rows(content):
        plan.say("Heading 2", said["present" if content["attendance"]["basis"] == "noted" else "announced"])
        plan.tabulate(said["columns"], rows)
    for note in attendance_notes(content):
        plan.say("Normal", note)
    for item in content["items"]:
        _plan_item(plan, item, said)
    for addition in standing.additions:
        plan.say("Heading 2", f"{said['addendum']} {addition.number}")
        plan.write(markup.blocks(addition.text))
    if standing.seal is not None:
        shown = seal_data(standing.seal)
        plan.say("Heading 2", said["seal"])
        plan.say("Normal", shown["at"])
        plan.tabulate(said["adjuster_columns"], shown["rows"])
        plan.say("Normal", f"{said['sum']}: {shown['sum']}")
    elif content["adjusters"]:
        plan.say("Heading 2", said["adjusters"])
        plan.tabulate(
            said["adjuster_columns"][:2], [[one["name"], one["organisation"]] for one in content["adjusters"]]
        )
    return plan


def _plan_item(plan: _Plan, item: dict[str, Any], said: dict[str, Any]) -> None:
    plan.say("Heading 2", f"§{NBSP}{item['paragraph']} {item['title']}")
    plan.write(markup.blocks(item["note"]))
    for decision in item["decisions"]:
        plan.say("Heading 3", f"{said['decision']} {decision['number']}")
        plan.write(markup.blocks(decision["text"]))
    for title, actions in ((said["action"], item["actions"]), (said["open_actions"], item["open_actions"])):
        if actions:
            plan.say("Heading 3", title)
        for action in actions:
            plan.say("List Bullet", f"{action['text']} ({action_line(action)})")


# --- with the library ---------------------------------------------------------------------------------------------------


def _written(plan: _Plan) -> bytes:
    file, ids = Document(), {}
    _core(file, plan)
    for style, rest in plan.parts:
        if isinstance(style, tuple):
            _table(file, style, rest)
            continue
        paragraph = file.add_paragraph()
        if style not in ids:
            ids[style] = file.styles[style].style_id
        paragraph._p.style = ids[style]  # by its id: the library looks through all styles each time
        for run in rest:
            made = paragraph.add_run(_clean(run["text"]))
            for what in ("bold", "italic"):
                if run.get(what):
                    setattr(made, what, True)
    stream = io.BytesIO()
    file.save(stream)
    return stream.getvalue()


def _clean(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(char for char in text if char in "\n\t" or (char >= " " and char not in "\ufffe\uffff"))


def _core(file: DocumentFile, plan: _Plan) -> None:
    core = file.core_properties
    core.title, core.language = _clean(plan.title)[:255], plan.language
    core.author, core.subject = _clean(plan.author)[:255], _clean(plan.subject)[:255]
    core.keywords, core.comments = _clean(plan.keywords)[:255], ""  # the library's own words would stand there
    if plan.at is not None:
        core.created = core.modified = plan.at.astimezone(UTC).replace(tzinfo=None)
    mark = OxmlElement("w:lang")
    mark.set(qn("w:val"), "sv-SE" if plan.language == "sv" else "en-GB")
    file.styles["Normal"].element.get_or_add_rPr().append(mark)


def _table(file: DocumentFile, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = file.add_table(rows=1, cols=len(head), style="Table Grid")
    for cell, name in zip(table.rows[0].cells, head, strict=True):
        cell.text = _clean(name)
        cell.paragraphs[0].runs[0].bold = True
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # the library has no name for it
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = _clean(text)
