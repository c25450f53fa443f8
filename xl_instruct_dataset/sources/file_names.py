"""Which files of a folder or a Hub dataset have the rows of a language pair."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import data_files
from xl_instruct_dataset.records import LANGUAGES, canonical

_VARIANT_WORDS = {
    "best_of_3": re.compile(r"(?<![a-z])(?:best|bo)[-_ ]?(?:of)?[-_ ]?(?:3|three)(?![0-9a-z])", re.IGNORECASE),
    "scored": re.compile(r"(?<![a-z])scor(?:es?|ed)(?![a-z])", re.IGNORECASE),
}
# en-fi, EN_FI, en-pt-BR; but pt-BR, in lower and upper case, is a language with its region.
_PAIR = re.compile(r"([a-z]{2})[-_]([a-z]{2,3}(?:-\w+)*)|([A-Z]{2})[-_]([A-Z]{2,3})")


def of_pair(names: Sequence[str], pair: str, variant: str, source: str) -> list[str]:
    """The files of a pair and variant: named by the pair, or else by the response language.

    The last pair or language (fi, finnish) in a path names it: `en/fi.jsonl` and
    `train_en_fi.jsonl` are Finnish. Raises UserError with the files that there are.
    """
    pair = canonical(pair)
    _, _, target = pair.partition("-")
    known = {**_usual(), target.lower(): target, languages.get(target).name.lower(): target}
    of_variant = [(name, _named(name, known)) for name in names if _variant(name) == variant]
    found = [name for name, named in of_variant if named == pair] or [
        name for name, named in of_variant if named == target
    ]
    if not found:
        there = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        kind = "" if variant == "default" else f" ({variant})"
        raise UserError(f"{source}: no file for pair {pair}{kind}; it has {there or 'no data files'}")
    if len({data_files.kind_of(name) for name in found}) > 1:
        raise UserError(f"{source}: files of several formats for pair {pair}: {', '.join(found[:6])}; leave one")
    by_stem: dict[str, str] = {}
    for name in found:
        path = PurePosixPath(name)
        twin = by_stem.setdefault(str(path.with_name(data_files.stem_of(path.name))), name)
        if twin != name and data_files.format_of(twin) != data_files.format_of(name):
            raise UserError(f"{source}: {twin} and {name} look like copies of one file for pair {pair}; leave one")
    return found


def pairs_in(names: Sequence[str], variant: str, pairs: Sequence[str]) -> list[str]:
    """Those of `pairs` for which there are files, and all other pairs that name a file."""
    named = {_named(name, _usual()) for name in names if _variant(name) == variant}
    others = sorted(name for name in named if name is not None and name not in pairs and name not in LANGUAGES)
    return [pair for pair in pairs if pair in named or pair.partition("-")[2] in named] + others


def _variant(name: str) -> str:
    return next((variant for variant, word in _VARIANT_WORDS.items() if word.search(name)), "default")


@lru_cache(maxsize=1)
def _usual() -> Mapping[str, str]:
    """The codes of the usual response languages, by code and by English name."""
    return {word: code for code in LANGUAGES for word in (code, languages.get(code).name.lower())}


def _named(name: str, known: Mapping[str, str]) -> str | None:
    """The pair or the language code that names a path: the last one in it, None for none."""
    path = PurePosixPath(name)
    for part in (data_files.stem_of(path.name), *reversed(path.parts[:-1])):
        for variant in _VARIANT_WORDS.values():
            part = variant.sub("", part)
        part = part.strip("-_ .")
        if found := _pair(part) or known.get(part.lower()):
            return found
        for word in reversed(re.split(r"[^a-z]+", part.lower())):
            if word in known:
                return known[word]
    return None


@lru_cache(maxsize=4096)
def _pair(part: str) -> str | None:
    match = _PAIR.fullmatch(part)
    if match is None:
        return None
    try:
        return canonical("-".join(group for group in match.groups() if group))
    except UserError:
        return None
