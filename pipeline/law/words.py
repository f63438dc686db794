"""Compares words as people write them: without case, accents, punctuation and characters that nobody sees."""

import unicodedata


def folded(text: str) -> str:
    """Lower case, without accents, with one blank between words; characters without width are dropped.

    >>> folded("Trait\u00e9 B\u00e9n\u00e9lux, art.  13"), folded("Ben\u200belux")
    ('traite benelux art 13', 'benelux')
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (one for one in decomposed if unicodedata.category(one) != "Cf" and not unicodedata.combining(one))
    return " ".join("".join(one if one.isalnum() else " " for one in kept).split())
