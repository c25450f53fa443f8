"""One passage: cut to its wanted length, and checked."""

import re
import unicodedata

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import identify, words
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.quality import filters

LEAST_LETTERS = 0.7
"""Share of letters and spaces below which a passage is a table, a list of links or code."""
_SENTENCE_END = re.compile(r"[.!?।][\"'”’»)]*(?=\s|\Z)|[。！？]")
_NO_TEXT = re.compile(r"[^\w\s]+|[\d_]+")


def shortened(text: str, max_words: int) -> str:
    """The first paragraphs of at most `max_words` words together.

    Of a longer first paragraph, its first sentences.
    """
    text = text.strip()
    kept: list[str] = []
    count = 0.0
    for paragraph in re.split(r"\n\s*\n", text):
        count += words.count(paragraph)
        if count > max_words:
            break
        kept.append(paragraph.strip())
    if kept:
        return "\n\n".join(kept)
    end = 0
    for sentence in _SENTENCE_END.finditer(text):
        if words.count(text[: sentence.end()]) > max_words:
            break
        end = sentence.end()
    return text[:end]


def fault(passage: str, settings: Settings) -> str | None:
    """Why a passage cannot be used; None if it can."""
    if words.count(passage) < settings.min_words:
        return f"fewer than {settings.min_words} words, or no paragraph of at most {settings.max_words}"
    if len(_NO_TEXT.sub(_marks, passage)) < LEAST_LETTERS * len(passage):
        return "hardly any running text"
    if filters.repetition(passage) is not None:
        return "full of repetition"
    script = languages.get(settings.source).script
    if identify.supported(settings.source) and not identify.matches([passage], settings.source, script)[0]:
        return f"not in {settings.source}"
    return None


def _marks(found: re.Match[str]) -> str:
    """The vowel signs of Devanagari and related scripts, which `re` does not count as letters."""
    return "" if found[0].isascii() else "".join(c for c in found[0] if unicodedata.category(c)[0] == "M")
