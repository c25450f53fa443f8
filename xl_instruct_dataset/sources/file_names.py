"""Which files of a folder or a Hub dataset hold a language pair."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import tables
from xl_instruct_dataset.records import LANGUAGES, canonical

_VARIANT_WORDS = {
    "best_of_3": re.compile(r"(?<![a-z])(?:best|bo)[-_ ]?(?:of)?[-_ ]?(?:3|three)(?![0-9a-z])", re.IGNORECASE),
    "scored": re.compile(r"(?<![a-z])scor(?:es?|ed)(?![a-z])", re.IGNORECASE),
}
# en-fi, EN_FI, en-pt-BR; but pt-BR, with the second in other letters, is a language with its region.
_PAIR = re.compile(r"([a-z]{2})[-_]([a-z]{2,3}(?:-\w+)*)|([A-Z]{2})[-_]([A-Z]{2,3})")


def data_files(names: Iterable[str]) -> list[str]:
    """Those of the paths that hold rows, in order; what lies in hidden folders does not."""
    paths = (PurePosixPath(name) for name in names)
    return sorted(
        str(path)
        for path in paths
        if path.suffix in tables.FORMATS and not any(part.startswith((".", "_")) for part in path.parts)
    )


def of_pair(names: Sequence[str], pair: str, variant: str, source: str) -> list[str]:
    """The files of one pair and variant: named for the pair, else for the response language (fi, finnish, ...).

    What a path is named for is the last pair or language in it: `en/fi.jsonl` and `train_en_fi.jsonl` are Finnish.
    Raises UserError that says what there is instead.
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
    suffixes = {PurePosixPath(name).suffix for name in found}
    if len(suffixes) > 1:
        raise UserError(f"{source}: files of several formats for pair {pair}: {', '.join(found[:6])}; leave one")
    return found


def pairs_in(names: Sequence[str], variant: str, pairs: Sequence[str]) -> list[str]:
    """Which of `pairs` the paths have files for, and every other pair that one of them is named for."""
    named = {_named(name, _usual()) for name in names if _variant(name) == variant}
    others = sorted(name for name in named if name is not None and name not in pairs and name not in LANGUAGES)
    return [pair for pair in pairs if pair in named or pair.partition("-")[2] in named] + others


def local_names(folder: Path) -> list[str]:
    """The data files below a folder, relative to it."""
    return data_files(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def _variant(name: str) -> str:
    return next((variant for variant, word in _VARIANT_WORDS.items() if word.search(name)), "default")


@lru_cache(maxsize=1)
def _usual() -> Mapping[str, str]:
    """Codes and English names of the usual response languages, each with its code."""
    return {word: code for code in LANGUAGES for word in (code, languages.get(code).name.lower())}


def _named(name: str, known: Mapping[str, str]) -> str | None:
    """The pair or the language that a path is named for, which is the last one in it."""
    path = PurePosixPath(name)
    for part in (path.stem, *reversed(path.parts[:-1])):
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
