"""Letters made alike, for the index, for queries and for the lexicon.

Letters that Swedish counts as its own (å, ä, ö) stay; accents of other languages go (é -> e).
"""

from __future__ import annotations

import re
import unicodedata

_OWN = {"å", "ä", "ö"}
_PLAIN = re.compile("[0-9A-Za-zÅÄÖåäö]+")  # nearly every word: nothing to look up


def fold(word: str) -> str:
    """Lower case, compatibility forms unified, foreign accents removed, å ä ö kept."""
    if _PLAIN.fullmatch(word):
        return word.lower()
    folded = []
    for char in unicodedata.normalize("NFKC", word).casefold():
        if char in _OWN:
            folded.append(char)
        else:
            folded.append("".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c)))
    return unicodedata.normalize("NFC", "".join(folded))
