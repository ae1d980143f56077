"""Whether a word that Windows-1252 gives is one that a Western European language could write.

A heuristic by words, not by frequencies: it refuses Cyrillic, Greek, East Asian, Polish, Turkish and most Czech, and
cannot tell single words such as Plzeň or Győr, read with another letter, from Western ones.
"""

from __future__ import annotations

import re

_ALPHABETS = (
    "àâæçéèêëîïôœùûüÿ",  # French, and Catalan below
    "àçéèíïóòúü",
    "äöüßé",  # German
    "áéíñóúüç",  # Spanish, Galician, Basque
    "áâãàçéêíóôõúü",  # Portuguese
    "àèéìíîòóùú",  # Italian
    "æøåéóäöü",  # Danish, Norwegian
    "åäöéšž",  # Swedish, Finnish
    "áðéíóúýþæöø",  # Icelandic, Faroese
    "ëïéèöüáóíçê",  # Dutch
    "äöõüšž",  # Estonian
    "áéíóúâêîôû",  # Irish, Welsh
)
"""Letters beyond ASCII of the languages that Windows-1252 was made for; a word keeps to one of them."""

_IN_WORDS = frozenset("’‘´·–—…\u00a0\u00ad")
_AFTER_WORDS = frozenset("²³°ºª®™©”“»«›‹")
_BEFORE_WORDS = frozenset("“„”«»‹›‚•§¿¡©°")
_MISSPELT = (
    re.compile(r"[^\W\d_\x00-\x7f]{3}"),
    re.compile(r"[¡-¿×÷]{3}"),
    re.compile(r"[^\W\d_][À-ÖØ-ÞŠŒŽŸ][a-zà-ÿ]|[a-zà-ÿ][À-ÖØ-ÞŠŒŽŸ]"),
    re.compile(r"þ$"),
)


def could_be_western(word: str) -> bool:
    """Whether a word read as Windows-1252 is spelt as one could be.

    Not so: three letters or symbols beyond ASCII in a row (Cyrillic, Greek, East Asian bytes), a capital beyond ASCII
    in the middle of a word (Mac code pages), a symbol inside a word (Polish ł read as ³, DOS code pages), letters that
    no one language has together (Czech).
    """
    if any(pattern.search(word) for pattern in _MISSPELT):
        return False
    for place, symbol in enumerate(word):
        if symbol.isascii() or (symbol.isalpha() and symbol not in _AFTER_WORDS) or symbol in _IN_WORDS:
            continue
        before = place > 0 and word[place - 1].isalpha()
        after = place + 1 < len(word) and word[place + 1].isalpha()
        wrong = (before and symbol not in _AFTER_WORDS) or (after and symbol not in _BEFORE_WORDS)
        if wrong or (before and after):
            return False
    letters = {letter for letter in word.lower() if letter.isalpha() and not letter.isascii()} - _AFTER_WORDS
    return not letters or any(letters <= set(alphabet) for alphabet in _ALPHABETS)
