"""How languages word numbers, times of day and denials: data/number_words.yaml, compiled."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_FILE = "number_words.yaml"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language; see data/number_words.yaml for what each means."""

    words: Mapping[str, int]
    articles: frozenset[str]
    joined: bool
    endings: bool
    units_first: bool
    teens_last: bool
    lists: Mapping[str, Sequence[str]]
    clock: Mapping[str, str | int]

    def any_of(self, name: str) -> str:
        """The words of a list as a pattern, the longest first; if empty, nothing matches."""
        found = sorted(self.lists.get(name, ()), key=len, reverse=True)
        return "|".join(map(re.escape, found)) or r"(?!)"


@cache
def of(language: str) -> Wording | None:
    """The wording of a language or of its variety; None where it is not known."""
    given = _all().get(language.split("-")[0])
    if given is None:
        return None
    words = (
        {form: value for value, forms in given["words"].items() for form in _forms(forms)} if "words" in given else {}
    )
    lists = {name: _forms(value) for name, value in given.items() if isinstance(value, str)}
    return Wording(
        words=words,
        articles=frozenset(lists.get("articles", ())),
        joined=given.get("joined", False),
        endings=given.get("endings", False),
        units_first=given.get("units_first", False),
        teens_last=given.get("teens_last", False),
        lists=lists,
        clock={_normal(template): minutes for template, minutes in given.get("clock", {}).items()},
    )


@cache
def _all() -> Mapping[str, Mapping[str, Any]]:
    import yaml

    text = (resources.files("xl_alpacaeval_metric") / "data" / _FILE).read_text("utf-8")
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    return found


def _forms(written: str) -> list[str]:
    return [_normal(form.replace("_", " ")) for form in written.split()]


def _normal(text: str) -> str:
    # As answers are, which splits the dotted letters of Devanagari.
    return unicodedata.normalize("NFKC", text)
