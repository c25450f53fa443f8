"""Which files of a folder or a Hub dataset hold a language pair."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.records import languages_of

FORMATS = {".parquet": "parquet", ".jsonl": "json", ".json": "json", ".csv": "csv"}
_VARIANT_WORDS = {"best_of_3": re.compile(r"best[-_]?of[-_]?(3|three)"), "scored": re.compile(r"scored")}


def data_files(names: Iterable[str]) -> list[str]:
    """Those of the paths that hold rows, in order; what lies in hidden folders does not."""
    paths = (PurePosixPath(name) for name in names)
    return sorted(
        str(path)
        for path in paths
        if path.suffix in FORMATS and not any(part.startswith((".", "_")) for part in path.parts)
    )


def of_pair(names: Sequence[str], pair: str, variant: str, source: str) -> list[str]:
    """The files of one pair and variant: named for the pair, else for the response language (fi, finnish, ...).

    Raises UserError that says what there is instead.
    """
    of_variant = [name for name in names if _variant(name) == variant]
    _, target = languages_of(pair)
    words = {target.lower(), languages.get(target).name.lower()}
    named = [name for name in of_variant if pair.lower() in _parts(name)]
    found = named or [name for name in of_variant if words & _words(name)]
    if not found:
        there = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        kind = "" if variant == "default" else f" ({variant})"
        raise UserError(f"{source}: no file for pair {pair}{kind}; it has {there or 'no data files'}")
    suffixes = {PurePosixPath(name).suffix for name in found}
    if len(suffixes) > 1:
        raise UserError(f"{source}: files of several formats for pair {pair}: {', '.join(found[:6])}; leave one")
    return found


def pairs_in(names: Sequence[str], variant: str, pairs: Sequence[str]) -> list[str]:
    """Which of `pairs` the paths have files for, and every other pair that a folder among them is named for."""
    folders = {part for name in names if _variant(name) == variant for part in PurePosixPath(name).parts[:-1]}
    found = []
    for pair in dict.fromkeys([*pairs, *sorted(folders)]):
        try:
            of_pair(names, pair, variant, "")
        except UserError:
            continue
        found.append(pair)
    return found


def local_names(folder: Path) -> list[str]:
    """The data files below a folder, relative to it."""
    return data_files(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def _variant(name: str) -> str:
    return next((variant for variant, word in _VARIANT_WORDS.items() if word.search(name.lower())), "default")


def _parts(name: str) -> set[str]:
    path = PurePosixPath(name.lower())
    return {*path.parts[:-1], path.stem}


def _words(name: str) -> set[str]:
    """The words of the folders and the file's name, which for a folder named as a pair is its response language alone."""
    words: set[str] = set()
    for part in _parts(name):
        tokens = re.split(r"[^a-z]+", part)
        words |= {tokens[1]} if len(tokens) == 2 and all(len(token) == 2 for token in tokens) else set(tokens)
    return words
