"""Which items people label, and which answer is shown first: drawn by hash, so that anyone can.

A draw depends on the seed and on ids alone, in every version of Python. With the same seed, a
larger draw contains a smaller one, so that labels that were made stay part of the sample.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal, Self

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey
from xl_alpacaeval_metric.terminal import counted

Strata = Literal["prompt", "language"]
_DESIGN = re.compile(r"(\d{1,9}) items by (prompt|language), seed (-?\d{1,18})(?:, in ([\w+-]+))?")
_LETTERS = str.maketrans("0123456789", "ghjkmnpqrs")
"""So that a token has letters alone: spreadsheets take 12e4567 for a number."""


@dataclass(frozen=True, slots=True)
class Design:
    """How a sheet was drawn: written into each of its rows, so that the draw can be repeated.

    By `prompt`: random prompts, each with its items in all languages. By `language`: as many items
    in each language, whose prompts are drawn for each language alone. `languages`: the codes drawn
    from; all where there are none.
    """

    n: int
    strata: Strata = "prompt"
    seed: int = 0
    languages: tuple[str, ...] = ()

    def __str__(self) -> str:
        languages = f", in {'+'.join(self.languages)}" if self.languages else ""
        return f"{counted(self.n, 'item')} by {self.strata}, seed {self.seed}{languages}"

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """The design of this text; None where it is none."""
        found = _DESIGN.fullmatch(text.strip()) if isinstance(text, str) else None
        if found is None:
            return None
        n, strata, seed, languages = found.groups()
        return cls(
            int(n),
            "language" if strata == "language" else "prompt",
            int(seed),
            tuple(languages.split("+")) if languages else (),
        )


def drawn(items: Iterable[Comparison], design: Design) -> list[Comparison]:
    """The items of a draw, in the random order in which they are shown; all where n is larger.

    Items without a reference are no part of it: there is nothing to compare. Raises UserError for
    a language that no item is in, and where no item is left.
    """
    eligible = [item for item in items if item.reference.strip()]
    have = dict.fromkeys(item.language for item in eligible)
    if absent := [code for code in design.languages if code not in have]:
        raise UserError(f"no item with two answers is in {absent[0]}; there are items in {', '.join(have) or 'none'}")
    wanted = [item for item in eligible if not design.languages or item.language in design.languages]
    if not wanted:
        raise UserError("no item has a reference, so there is nothing to compare")
    order = _by_prompt(wanted, design.seed) if design.strata == "prompt" else _by_language(wanted, design.seed)
    return sorted(order[: design.n], key=lambda item: _hash(design.seed, "order", *item.key))


def token(item: Comparison, candidate_first: bool) -> str:
    """A name of the item and of the order of its answers, in 16 letters, that tells neither.

    It changes with the texts, so that a label cannot go to an answer that nobody saw.
    """
    answers = (item.prediction, item.reference) if candidate_first else (item.reference, item.prediction)
    return _hash("label", *item.key, item.instruction, *answers)[:16].translate(_LETTERS)


def sides(items: Iterable[Comparison]) -> dict[str, tuple[ItemKey, bool]]:
    """The tokens that a sheet may have -> the item, and whether the candidate is answer 1."""
    return {token(item, first): (item.key, first) for item in items for first in (False, True)}


def candidate_first(items: Sequence[Comparison], seed: int) -> list[bool]:
    """Whether each item shows the candidate first: one of every two, by a coin for the two."""
    coins = [_hash(seed, "side", *items[i - i % 2].key)[0] in "01234567" for i in range(len(items))]
    return [coin != bool(i % 2) for i, coin in enumerate(coins)]


def _by_prompt(items: Sequence[Comparison], seed: int) -> list[Comparison]:
    return sorted(items, key=lambda item: (_hash(seed, "prompt", item.cluster), _hash(seed, *item.key)))


def _by_language(items: Sequence[Comparison], seed: int) -> list[Comparison]:
    """The first of each language, then the second of each, and so on."""
    languages: dict[str, list[Comparison]] = {}
    for item in items:
        languages.setdefault(item.language, []).append(item)
    ordered = [sorted(found, key=lambda item: _hash(seed, *item.key)) for _, found in sorted(languages.items())]
    return [item for item in chain.from_iterable(zip_longest(*ordered)) if item is not None]


def _hash(*parts: object) -> str:
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def missing_from(labelled: Iterable[ItemKey], items: Mapping[ItemKey, Comparison], designs: Iterable[Design]) -> int:
    """How many of the labelled items none of these draws contains."""
    inside = {item.key for design in designs for item in drawn(items.values(), design)}
    return sum(key not in inside for key in labelled)
