"""The rules of the house that a machine can check (architecture.md, section 2)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PORTAL = ROOT / "portal"
TEMPLATES = ROOT / "templates"
SOURCES = sorted(PORTAL.rglob("*.py"))

# Verbs without an actor: traces of reading, made by the reader for herself.
WITHOUT_BY = {
    "mark_read",
    "read_about",
    "read_now",
    "lock_post",
    "mark_all_read",
    "note_visit",
    "find_twin",
    "read_added_file",
    "discard_if_unused",
    "note_looked",
    "note_public_visit",
    "sweep_drafts",
    "sweep_files",
    "sweep_uploads",
    "mend_uploads",
    "read_arrived_upload",
    "read_wordless_pages",
    "hold",
    "let_in",
    "refuse",
    "keep_reading",
    "still_checking",
    "note_given_up",
}
# HTML that portal/markup.py has cleaned.
SAFE = {"discussions/_post.html": 1}
LONGEST_FILE = 350


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(path: Path) -> Iterator[str]:
    """Every call of a file as dotted words: `db.session.commit`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_the_edge_of_the_database_commits(path: Path) -> None:
    found = [call for call in calls(path) if re.search(r"session(\(\))?\.commit$", call)]
    assert found == (["session.commit"] if path.name == "db.py" else [])


COMMITTING = {"portal/db.py", "portal/web.py", "portal/outbox.py", "portal/worker.py"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_edges_ask_for_a_commit(path: Path) -> None:
    is_edge = name_of(path) in COMMITTING or path.name == "cli.py"
    assert is_edge or "db.commit" not in set(calls(path))


FEATURE_FILES = [
    path for path in SOURCES
    if path.name in {"models.py", "policy.py", "searchable.py"} or path.name.endswith("actions.py")
]  # fmt: skip


@pytest.mark.parametrize("path", FEATURE_FILES, ids=name_of)
def test_tables_rules_and_writes_know_nothing_of_the_web(path: Path) -> None:
    forbidden = ("flask.", "flask_wtf", "flask_login", "flask_limiter", "werkzeug", "wtforms", "portal.web")
    assert [name for name in imports(path) if f"{name}.".startswith(forbidden)] == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name == "policy.py"], ids=name_of)
def test_rules_do_not_write(path: Path) -> None:
    written = {"db.session.add", "db.session.delete", "db.session.add_all", "db.session.merge", "db.session.flush", "sa.insert",
               "sa.update", "sa.delete", "audit.record"}  # fmt: skip
    assert written.isdisjoint(calls(path))


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name.endswith("views.py")], ids=name_of)
def test_pages_do_not_write_by_themselves(path: Path) -> None:
    written = {
        "db.session.add",
        "db.session.delete",
        "db.session.add_all",
        "db.session.merge",
        "sa.insert",
        "sa.update",
        "sa.delete",
    }
    assert written.isdisjoint(calls(path))


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name.endswith("actions.py")], ids=name_of)
def test_every_write_says_by_whom(path: Path) -> None:
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.name not in WITHOUT_BY:
            keywords = {argument.arg for argument in node.args.kwonlyargs}
            assert "by" in keywords, node.name


def test_the_exceptions_are_all_needed() -> None:
    without = {
        node.name
        for path in SOURCES if path.name.endswith("actions.py")
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        and "by" not in {argument.arg for argument in node.args.kwonlyargs}
    }  # fmt: skip
    assert without == WITHOUT_BY
    html = {page_name(path) for path in PAGES if "safe" in path.read_text(encoding="utf-8")}
    assert html >= set(SAFE)
    asking = {name_of(path) for path in SOURCES if "db.commit" in set(calls(path))}
    assert asking >= COMMITTING - {"portal/db.py"}


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name.endswith("actions.py")], ids=name_of)
def test_writes_do_not_ask_who_may(path: Path) -> None:
    assert [call for call in calls(path) if re.search(r"(^|\.)(can_|visible_|check$|find$|page$)", call)
            and not call.startswith("guard.")] == []  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_is_imported_inside_a_function(path: Path) -> None:
    """But where a function is the only place that knows every feature, or in a child process that must stay small."""
    if path.name == "__init__.py" or path.name.startswith("extract_") or path.name.endswith("_child.py"):
        return
    inner = [
        ast.unparse(node)
        for function in ast.walk(tree(path)) if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)
    ]  # fmt: skip
    assert inner == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_one_module_goes_out(path: Path) -> None:
    """security.md, number 40."""
    outgoing = {"requests", "httpx", "urllib.request", "urllib3", "aiohttp", "http.client", "httpcore"}
    found = [
        name for name in imports(path) if any(name == module or name.startswith(f"{module}.") for module in outgoing)
    ]
    assert not found or path.name in {"outbound.py", "outbound_wire.py"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_shell_and_no_guessed_random(path: Path) -> None:
    names = set(imports(path))
    assert not {"random", "pickle", "marshal", "shelve"} & {name.split(".")[0] for name in names}
    assert {"os.system", "os.popen", "eval", "exec"}.isdisjoint(calls(path))
    assert "shell=True" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_are_not_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


# --- templates --------------------------------------------------------------------------------------------------------


PAGES = sorted(TEMPLATES.rglob("*.html"))


def page_name(path: Path) -> str:
    return str(path.relative_to(TEMPLATES))


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_s38_no_template_has_inline_style_or_script(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"<style\b", text, re.IGNORECASE)
    assert not re.search(r"\sstyle\s*=", text, re.IGNORECASE)
    assert not re.search(r"\son[a-z]+\s*=", text, re.IGNORECASE)
    assert not re.search(r"javascript:", text, re.IGNORECASE)
    for tag in re.findall(r"<script\b[^>]*>", text, re.IGNORECASE):
        assert "src=" in tag, tag


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_s38_no_template_asks_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r'(?:src|srcset|action|data)\s*=\s*"\s*(?:https?:)?//', text)
    assert not re.search(r'<link\b[^>]*href\s*=\s*"\s*(?:https?:)?//', text)


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_s39_html_is_trusted_where_it_was_cleaned_and_nowhere_else(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(r"\|\s*safe\b", text)) == SAFE.get(page_name(path), 0)
    assert "autoescape" not in text


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_s39_markup_is_made_of_constants(path: Path) -> None:
    """`Markup(…)` of anything that is not written there is marked and explained with a noqa."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Markup" and node.args:
            argument = node.args[0]
            if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                assert "noqa: S704" in "".join(lines[node.lineno - 1 : (node.end_lineno or node.lineno)])


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_s31_every_form_that_posts_has_its_token(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", text, re.DOTALL | re.IGNORECASE):
        assert "csrf" in form, form[:200]


# --- security.md ---------------------------------------------------------------------------------------------------------


SHOWN_OTHERWISE = {1, 5, 47}  # among other tests, or by how it is installed; the table says where


def test_the_table_of_requirements_is_true() -> None:
    """docs/security.md: all 47 numbers, no `done` without a test of that number, no test of a number that is not named."""
    written: dict[int, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8")):
            for number in re.findall(r"_s(\d\d)(?=_)", name):
                written.setdefault(int(number), set()).add(str(path.relative_to(ROOT / "tests")))
    table = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (done|part|open) \| .*? \| (.*?) \|$", table, re.MULTILINE)
    assert [int(number) for number, _state, _tests in rows] == list(range(1, 48))
    for number, state, tests in ((int(number), state, tests) for number, state, tests in rows):
        assert written.get(number, set()) <= set(re.findall(r"`([\w/]+\.py)`", tests)), (
            f"number {number} is tested elsewhere too"
        )
        assert state != "done" or number in written or number in SHOWN_OTHERWISE, number
        assert state != "open" or number not in written, number
