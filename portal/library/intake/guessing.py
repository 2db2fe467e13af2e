"""What a file probably is, from its words: the person sees the guess and may choose otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from portal.library.models import ResourceKind

# How Swedish and English titles say it. The last part of a compound counts: delrapport, samverkansplansmall.
_KINDS = {
    ResourceKind.CHECKLIST: r"\w*checklist(?:a|an|or|s)?|\w*lathund(?:en|ar)?|att-göra-lista",
    ResourceKind.TEMPLATE: r"(?!small)\w*mall(?:en|ar|arna)?|templates?|\w*blankett(?:en|er)?|\w*formulär(?:et)?|forms?",
    ResourceKind.MANUAL: r"\w*manual(?:en|er|s)?|\w*handb(?:ok|oken|öcker)|\w*handledning(?:en|ar)?|\w*metodstöd(?:et)?"
    r"|\w*vägledning(?:en|ar)?|handbooks?|guid(?:e|en|er|elines?)|\w*riktlinjer(?:na)?",
    ResourceKind.TRAINING: r"\w*utbildning(?:en|ar|smaterial)?|\w*kurs(?:en|er|material)?|\w*övning(?:en|ar)?"
    r"|\w*föreläsning(?:en|ar)?|\w*workshop(?:s|en)?|trainings?|courses?|lectures?",
    ResourceKind.REPORT: r"\w*rapport(?:en|er|erna)?|\w*redovisning(?:en|ar)?|\w*kartläggning(?:en|ar)?|\w*utvärdering(?:en|ar)?"
    r"|\w*lägesbild(?:en|er)?|\w*utredning(?:en|ar)?|reports?|stud(?:y|ies)|evaluations?",
    ResourceKind.INFORMATION: r"\w*information(?:en|sblad|smaterial)?|\w*broschyr(?:en|er)?|\w*folder(?:n|s)?|\w*faktablad(?:et)?"
    r"|\w*affisch(?:en|er)?|\w*tidning(?:en|ar)?|\w*tidskrift(?:en|er)?|\w*nyhetsbrev(?:et)?|\w*tidskrift|leaflets?|posters?"
    r"|newsletters?|magazines?",
}  # fmt: skip
_PATTERNS = {kind: re.compile(rf"\b(?:{words})\b") for kind, words in _KINDS.items()}

# The words that are everywhere in a language and seldom in the others. A detector of many languages needs 120 MB in each
# process and is wrong on short texts; nine in ten files here are Swedish or English, and the person sees the guess.
_COMMON = {
    "sv": "och att det som är för på av till med inte den har om ett eller ska kan vid från",
    "en": "the and of to is that for with are this be by or as on from have not",
    "de": "der die und das ist nicht zu den mit von auf für dem ein eine werden",
    "fr": "le la les des et est une du dans pour que qui pas sur avec sont",
    "es": "el los las de y que en un una por con para es no se del",
    "ro": "și în de la cu pe este nu care din pentru sunt mai sau că",
    "pl": "i w na z do się nie jest że przez oraz jak dla są od",
}
_COMMON_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_SCRIPTS = {"ARABIC": "ar", "THAI": "th", "ETHIOPIC": "ti", "CJK": "zh"}  # one language of ours each, nearly
LOOKED_AT = 20_000  # characters
_FEW = 3  # common words that a guess needs


def kind_of(title: str, file_name: str) -> ResourceKind:
    """The kind that the title names, or else the file's name; `OTHER` when neither says."""
    for text in (title, file_name.rpartition(".")[0] or file_name):
        words = re.sub(r"[_\W]+", " ", unicodedata.normalize("NFC", text).casefold())
        places = [(found.start(), kind) for kind, pattern in _PATTERNS.items() if (found := pattern.search(words))]
        if places:
            return min(places)[1]
    return ResourceKind.OTHER


def language_of(text: str) -> str:
    """The code of the language that the text is most likely in; Swedish when nothing speaks for another."""
    text = unicodedata.normalize("NFC", text[:LOOKED_AT]).casefold()
    words = re.findall(r"[^\W\d_]+", text)
    counts = Counter({language: sum(word in common for word in words) for language, common in _COMMON_WORDS.items()})
    language, most = counts.most_common(1)[0]
    if most >= _FEW:
        return language
    letters = Counter(unicodedata.name(char, "").split(" ", 1)[0] for char in text if char.isalpha())
    script = letters.most_common(1)[0][0] if letters else ""
    if script == "CYRILLIC":
        return "uk" if set("іїєґ") & set(text) else "ru" if set("ыэё") & set(text) else "bg"
    return _SCRIPTS.get(script, "sv")
