"""Looking at pages: what a test asks for must be there."""

from __future__ import annotations

from bs4 import BeautifulSoup, Tag


def parsed(text: str) -> BeautifulSoup:
    """A page that can be asked."""
    return BeautifulSoup(text, "html.parser")


def first(page: Tag, selector: str) -> Tag:
    """The first element that fits; a test fails if there is none."""
    there = page.select_one(selector)
    assert there is not None, selector
    return there


def said(page: Tag, selector: str, attribute: str) -> str:
    """What an attribute of that element says."""
    return str(first(page, selector)[attribute])
