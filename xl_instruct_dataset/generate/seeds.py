"""English passages (or those of another language) from where people keep them: checked, without near-duplicates, in shards."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from xl_alpacaeval_metric import contamination, hub, langid
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.runfolder import json_line, replace_file
from xl_instruct_dataset import filters, sample
from xl_instruct_dataset.generate.settings import Settings
from xl_instruct_dataset.generate.text import plain

SAMPLE = "sample"
"""As `--seeds`: the passages of the bundled sample."""
_ABOUT = re.compile(
    r"(?:readme|license|licence|notice|changelog|citation|contributing)\.(?:md|txt)|dataset_(?:infos?|dict)\.json|state\.json",
    re.IGNORECASE,
)
"""Files of a dataset's folder that are about it."""
_SPLITS = "train|test|validation|valid|val|dev|eval"
LEAST_LETTERS = 0.7
"""Share of letters and spaces below which a passage is a table, a list of links or code."""
_SENTENCE_END = re.compile(r"[.!?।][\"'”’»)]*(?=\s|\Z)|[。！？]")
_NO_TEXT = re.compile(r"[^\w\s]+|[\d_]+")
_END = 2**16
"""Bytes at either end of a file by which it is known again."""
LOOK_AT = 50
"""So many passages are looked at for each one wanted, before the source is taken for one that has none."""


def make(settings: Settings, folder: Path, rejects: Path | None = None) -> tuple[int, Counter[str]]:
    """Write `folder/00000.jsonl` and so on, of `settings.shard` passages each; returns how many, and what was dropped by reason.

    `rejects` gets a line for each passage that was dropped, with where it stands and why.
    A shard that is there already and would not change is left as it is. Raises UserError where the source cannot be
    read or has no passage of use.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dropped: Counter[str] = Counter()
    number = count = 0
    with rejects.open("w", encoding="utf-8") if rejects else nullcontext() as told:
        kept = _kept(settings, dropped, told)
        while lines := list(islice(kept, settings.shard)):
            text = "".join(map(json_line, lines))
            file = folder / f"{number:05d}.jsonl"
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                replace_file(file, text)
            count, number = count + len(lines), number + 1
    if not count:
        reasons = ", ".join(f"{n} {reason}" for reason, n in dropped.most_common()) or "it is empty"
        raise UserError(f"{settings.seeds}: no passage can be used ({reasons})")
    for file in folder.glob("*.jsonl"):
        if int(file.stem) >= number:
            file.unlink()
    return count, dropped


def check(settings: Settings) -> None:
    """Raises UserError where the seeds are to come from a file that is not there."""
    path = Path(settings.seeds).expanduser()
    if settings.seeds == SAMPLE or path.is_dir() or path.is_file():
        return
    if path.suffix in _READERS or settings.seeds.startswith((".", "/", "~")) or "/" not in settings.seeds:
        raise UserError(f"{settings.seeds}: no such file; --seeds is a file, a folder, or a Hub dataset's id")


def stamp(settings: Settings) -> str | None:
    """A digest of the names, sizes and ends of the files that the passages come from; None where they are no files."""
    path = Path(settings.seeds).expanduser()
    if settings.seeds == SAMPLE or not path.exists():
        return None
    digest = hashlib.sha256()
    for file in _files(path, settings.seed_split):
        size = file.stat().st_size
        with file.open("rb") as opened:
            begin = opened.read(_END)
            opened.seek(max(0, size - _END))
            digest.update(repr((file.name, size, begin, opened.read())).encode())
    return digest.hexdigest()[:16]


def _kept(settings: Settings, dropped: Counter[str], told: TextIO | None) -> Iterator[dict[str, Any]]:
    count = 0
    with filters.NearDuplicates() as seen:
        for looked, (where, found) in enumerate(_texts(settings)):
            if count == settings.wanted_passages:
                return
            if not count and looked > LOOK_AT * settings.wanted_passages:
                return
            passage = shortened(plain(found), settings.max_words)
            reason = fault(passage, settings) if found.strip() else "no text"
            if reason is None and seen.seen(f"{count:08d}", passage) is not None:
                reason = "near-duplicate of another passage"
            if reason is not None:
                dropped[reason] += 1
                if told:
                    told.write(json_line({"stage": "seeds", "reason": reason, "seed": where}))
                continue
            # As datatrove reads it: a document with its text, its id, and metadata.
            metadata = {"id": f"{count:08d}", "passage": passage, "seed": where}
            yield {"text": passage, "id": f"{count:08d}", "metadata": metadata}
            count += 1


def shortened(text: str, max_words: int) -> str:
    """The first paragraphs of at most so many words together; of a first one that is longer, its first sentences."""
    text = text.strip()
    kept: list[str] = []
    count = 0.0
    for paragraph in re.split(r"\n\s*\n", text):
        count += contamination.words(paragraph)
        if count > max_words:
            break
        kept.append(paragraph.strip())
    if kept:
        return "\n\n".join(kept)
    end = 0
    for sentence in _SENTENCE_END.finditer(text):
        if contamination.words(text[: sentence.end()]) > max_words:
            break
        end = sentence.end()
    return text[:end]


def fault(passage: str, settings: Settings) -> str | None:
    """Why a passage is not used, None if it is."""
    if contamination.words(passage) < settings.min_words:
        return f"fewer than {settings.min_words} words, or no paragraph of at most {settings.max_words}"
    if len(_NO_TEXT.sub(_marks, passage)) < LEAST_LETTERS * len(passage):
        return "hardly any running text"
    if filters.repetition(passage) is not None:
        return "repeats itself"
    if langid.supported(settings.source) and not langid.matches([passage], settings.source)[0]:
        return f"not in {settings.source}"
    return None


def _marks(found: re.Match[str]) -> str:
    """What of it belongs to letters: the vowel signs of Devanagari and its relatives, which `re` takes for no letters."""
    return "" if found[0].isascii() else "".join(c for c in found[0] if unicodedata.category(c)[0] == "M")


def _texts(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.seeds == SAMPLE:
        yield from ((seed["id"], seed["passage"]) for seed in sample.seeds())
        return
    check(settings)
    path = Path(settings.seeds).expanduser()
    if path.is_dir() or path.is_file():
        above = f"{path if path.is_dir() else path.parent}/"
        for file in _files(path, settings.seed_split):
            for where, text in _READERS.get(file.suffix, _rows)(file, settings.seed_column):
                # It goes into every row, and where somebody keeps their files is nobody's business.
                yield where.removeprefix(above), text
    else:
        yield from _of_hub(settings)


def _files(path: Path, split: str) -> list[Path]:
    """The file, or those of a folder that hold passages: of a dataset's folder those of the split, without card and descriptions."""
    if path.is_file():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix in _READERS and file.is_file())
    files = [file for file in found if not _ABOUT.fullmatch(file.name) and not _hidden(file.relative_to(path))]
    if not files and any(path.rglob("*.arrow")):
        raise UserError(
            f"{path}: holds Arrow files (save_to_disk); write them as Parquet first, with dataset.to_parquet"
        )
    if not files:
        raise UserError(f"{path}: holds no {', '.join(_READERS)} file with passages")
    of_split = [file for file in files if _is_of(split, file.relative_to(path))]
    if of_split:
        return of_split
    if all(_is_of(_SPLITS, file.relative_to(path)) for file in files):
        raise UserError(f"{path}: has no file of the split {split!r}; name one with --seed-split")
    return files


def _is_of(split: str, file: Path) -> bool:
    """Whether a split stands in the name or in the folder of a file; `split` may be several, with | between."""
    wanted = "|".join(map(re.escape, split.split("|")))
    return re.search(rf"[/_.-](?:{wanted})(?=[/_.-])", f"/{file}", re.IGNORECASE) is not None


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _rows(file: Path, column: str) -> Iterator[tuple[str, str]]:
    for where, row in hub.iter_rows(file):
        yield plain(str(row.get("id") or where)), _text(row, column, where)


def _text(row: Mapping[str, Any], column: str, where: str) -> str:
    """The passage of a row, empty for none; raises UserError where the row has no such column or something else in it."""
    text = row.get(column)
    if column in row and text is None:
        return ""
    if not isinstance(text, str):
        there = ", ".join(map(str, row))[:200]
        raise UserError(f'{where}: no text in column "{column}"; it has {there} (name one with --seed-column)')
    return text


def _paragraphs(file: Path, _: str) -> Iterator[tuple[str, str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not readable as UTF-8 text ({type(error).__name__})") from None
    for number, part in enumerate(re.split(r"\n\s*\n", text), 1):
        if part.strip():
            yield f"{file} paragraph {number}", part


_READERS = {".jsonl": _rows, ".json": _rows, ".parquet": _rows, ".txt": _paragraphs, ".md": _paragraphs}


def _of_hub(settings: Settings) -> Iterator[tuple[str, str]]:
    """Rows of a Hub dataset as they come; nothing is downloaded whole."""
    import datasets

    options = {"name": settings.seed_config or None, "split": settings.seed_split}
    try:
        data = datasets.load_dataset(settings.seeds, streaming=True, **options)
        for number, row in enumerate(data):
            where = f"{settings.seeds} row {number}"
            yield where, _text(row, settings.seed_column, where)
    except UserError:
        raise
    except Exception as error:
        # Whatever a dataset's files, the Hub and the network between them may raise.
        reason = " ".join(str(error).split())[:160]
        raise UserError(f"{settings.seeds}: cannot be read from the Hub ({type(error).__name__}: {reason})") from None
