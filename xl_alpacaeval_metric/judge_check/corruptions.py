"""Corruptions: an answer made worse, in any script, so that nobody can take it for the better one.

Each is a pure function of the texts. They do not change the length where that is not the point, so
that a judge with a taste for length is not taken for one that accepts a corruption.
"""

import random
import re
import unicodedata
from collections.abc import Sequence

_SENTENCE_END = re.compile(r"(?:(?<=[.!?…؟۔।॥።])[\"'”’»)]*\s+|(?<=[。！？])[”’」』）]*|\n+)")
# Scripts that set no spaces: Han, kana, Thai, Lao, Khmer, Burmese.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WINDOW = (2, 0, 3, 1)
"""The new order of four characters of a script without spaces."""


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the space between them."""
    return [part for sentence, _ in _with_space(text) if (part := sentence.strip())]


def cut(text: str) -> str:
    """The first third, broken off inside a sentence."""
    kept = _first(text, 3)
    while kept and not kept[-1].isalnum() and unicodedata.category(kept[-1])[0] != "M":
        kept = kept[:-1]
    ends_a_sentence = text[len(kept) : len(kept) + 1] in tuple(".!?…؟۔।॥。！？")
    return "".join(_clusters(kept)[:-4]) if ends_a_sentence else kept


def loop(text: str) -> str:
    """The beginning over and over, as long as the text."""
    unit: list[str] = []
    for sentence in sentences(text):
        unit.append(sentence)
        if 8 * sum(map(len, unit)) >= len(text):
            break
    if 3 * sum(map(len, unit)) > len(text):
        unit = [_first(text, 4)]
    times = len(text) // sum(map(len, unit)) + 1
    return _joined(unit * times)[: len(text)]


def garbled(text: str) -> str:
    """Every word with the ending of another one.

    Where a script sets no spaces, the characters in another order instead.
    """
    words = list(_words(text))
    endings: dict[int, list[str]] = {}
    for word in words:
        if (size := _ending(word)) and not word.unspaced:
            endings.setdefault(size, []).append("".join(word.clusters[-size:]))
    position = dict.fromkeys(endings, 0)
    parts, at = [], 0
    for word in words:
        parts.append(text[at : word.start])
        at = word.start + sum(map(len, word.clusters))
        if word.unspaced:
            parts.append(_reordered(word.clusters))
        elif size := _ending(word):
            own = "".join(word.clusters[-size:])
            parts += [*word.clusters[:-size], _other(endings[size], position[size], own)]
            position[size] += 1
        else:
            parts += word.clusters
    return "".join([*parts, text[at:]])


def half_in(text: str, other: str) -> str:
    """Every second sentence replaced by one of `other`, the same answer in another language."""
    theirs = sentences(other)
    parts = []
    for number, (sentence, space) in enumerate(_with_space(text)):
        parts.append((theirs[number % len(theirs)] if number % 2 else sentence) + (space or " "))
    return "".join(parts).strip()


def shuffled(text: str, seed: int) -> str:
    """The sentences in another order, drawn by a seed."""
    parts = sentences(text)
    order = list(range(len(parts)))
    generator = random.Random(seed)
    while len(order) > 1 and order == sorted(order):
        generator.shuffle(order)
    return _joined([parts[number] for number in order])


def padded(text: str, number: int) -> str:
    """The text, and then itself again: half of it or all, restated or as a list, by the number."""
    parts = sentences(text)
    share = 0.5 if number % 2 else 1.0
    again: list[str] = []
    for sentence in parts:
        if again and sum(map(len, again)) >= share * len(text):
            break
        again.append(sentence)
    return f"{text}\n\n" + ("\n".join(f"- {sentence}" for sentence in again) if number % 4 > 1 else _joined(again))


def trimmed(text: str, length: int) -> str:
    """The first whole sentences of a text, up to about `length` characters; at least one."""
    kept = 0
    for sentence, space in _with_space(text):
        if kept and kept + len(sentence) > 1.2 * length:
            break
        kept += len(sentence) + len(space)
    return text[:kept].strip()


def _with_space(text: str) -> list[tuple[str, str]]:
    """Each sentence, and the space after it."""
    found, at = [], 0
    for space in _SENTENCE_END.finditer(text):
        if sentence := text[at : space.start()]:
            found.append((sentence, space[0]))
        at = space.end()
    return [*found, (text[at:], "")] if text[at:] else found


def _joined(parts: Sequence[str]) -> str:
    """The sentences as a text; after a full-width stop there is no space, without a stop a line."""
    return "".join(part + _space_after(part) for part in parts).strip()


def _space_after(sentence: str) -> str:
    if sentence.endswith(("。", "！", "？")):
        return ""
    return " " if _SENTENCE_END.search(f"{sentence} ") else "\n"


def _first(text: str, parts: int) -> str:
    """The first of `parts` equal parts of a text, up to a space where there is one."""
    clusters = _clusters(text)
    kept = "".join(clusters[: len(clusters) // parts])
    before, space, _ = kept.rpartition(" ")
    return before if space and 2 * len(before) > len(kept) else kept


class _Word:
    """A run of letters: where it starts, and its characters with their marks."""

    __slots__ = ("clusters", "start", "unspaced")

    def __init__(self, start: int, clusters: list[str]) -> None:
        self.start, self.clusters = start, clusters
        self.unspaced = bool(_UNSPACED.match(clusters[0]))


def _words(text: str) -> Sequence[_Word]:
    found: list[_Word] = []
    at, current, began = 0, list[str](), 0
    for cluster in [*_clusters(text), ""]:
        letter = cluster[:1].isalpha()
        turns = bool(current) and letter and bool(_UNSPACED.match(cluster)) != bool(_UNSPACED.match(current[0]))
        if current and (not letter or turns):
            found.append(_Word(began, current))
            current = []
        if letter:
            began = began if current else at
            current.append(cluster)
        at += len(cluster)
    return found


def _clusters(text: str) -> list[str]:
    """The characters, each with the marks and joiners that follow it."""
    found: list[str] = []
    for character in text:
        joins = unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"
        if found and joins:
            found[-1] += character
        else:
            found.append(character)
    return found


def _ending(word: _Word) -> int:
    """The characters of a word that are its ending; 0 where it is too short to have one."""
    size = len(word.clusters)
    # A character of Devanagari or Arabic with its marks says as much as two letters.
    return 0 if size < 2 or sum(map(len, word.clusters)) < 3 else 1 if size < 5 else 2


def _other(endings: Sequence[str], position: int, own: str) -> str:
    """The ending of another word of the text, the nearest from the middle on that is not `own`."""
    for step in range(len(endings)):
        candidate = endings[(position + len(endings) // 2 + step) % len(endings)]
        if candidate.casefold() != own.casefold():
            return candidate
    return own[::-1]


def _reordered(clusters: Sequence[str]) -> str:
    parts = []
    for start in range(0, len(clusters), len(_WINDOW)):
        window = clusters[start : start + len(_WINDOW)]
        parts += [window[place] for place in _WINDOW if place < len(window)]
    return "".join(parts)
