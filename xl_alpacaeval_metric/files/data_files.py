"""Which files of a folder hold rows, by their names: format, compression, split."""

import io
import lzma
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal, cast

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import counted

Split = Literal["train", "validation", "test"]

_JSON = (".jsonl", ".ndjson", ".json", ".jsonlines", ".jl")
FORMATS = (".parquet", *_JSON, ".csv", ".tsv")
"""Suffixes of the files that hold rows, in lower case; each may be compressed."""
COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".xz": "xz"}

_SPLITS: dict[Split, str] = {
    "train": "train|training",
    "validation": "validation|valid|val|dev",
    "test": "test|testing|eval|evaluation",
}
_DESCRIPTION = re.compile(r"(?:dataset_(?:infos?|dict)|state|croissant)\.json", re.IGNORECASE)
"""Files that describe a dataset, and hold none of its rows."""
_ABOUT = re.compile(
    r"(?:readme|license|licence|copying|notice|changelog|citation|contributing|authors|makefile|dockerfile)(?:[._-].*)?"
    r"|.*\.(?:md|rst|py|ipynb|sh|ya?ml|toml|cfg|cff|bib|html|css|js|pdf|png|jpe?g|gif|svg|log|lock|sha256|md5)",
    re.IGNORECASE,
)
"""Files that stand beside data and hold no rows."""
_SHARD = re.compile(r"(.*?)(\d{3,6})([-_]of[-_])(\d{3,6})(?!\d)(.*)")
_FEW = 8
"""Missing shards that are named, at most."""
_BUFFER = 1 << 16


@dataclass(frozen=True, slots=True)
class DataFiles:
    """The files of a folder that are read, and those left out, with the reason for each."""

    names: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    def notes(self, folder: str) -> list[str]:
        """A line for each reason, with how many files it leaves out and the first of them."""
        by_reason: dict[str, list[str]] = {}
        for name, reason in self.left_out:
            by_reason.setdefault(reason, []).append(name)
        return [
            f"{folder}: left out {counted(len(names), 'file')} ({reason}): {', '.join(names[:4])}"
            + (", ..." if len(names) > 4 else "")
            for reason, names in by_reason.items()
        ]


def format_of(name: str) -> str | None:
    """The suffix of a file that holds rows (".jsonl" of "a.JSONL.gz"); None for another file."""
    path = PurePosixPath(name.lower())
    suffix = PurePosixPath(path.stem).suffix if path.suffix in COMPRESSIONS else path.suffix
    return suffix if suffix in FORMATS else None


def kind_of(name: str) -> str | None:
    """As `format_of`, with one suffix (".jsonl") for all of JSON, which are read alike."""
    suffix = format_of(name)
    return _JSON[0] if suffix in _JSON else suffix


def stem_of(name: str) -> str:
    """A file's name without the suffixes of its format and compression: "a.b" of "a.b.jsonl.gz"."""
    path = PurePosixPath(name)
    return PurePosixPath(path.stem).stem if path.suffix.lower() in COMPRESSIONS else path.stem


def split_of(name: str) -> Split | None:
    """The split that a path names in its folders or file name, as `datasets` reads them.

    The file's own name counts more than that of a folder. None where it names none.
    """
    for part in reversed(PurePosixPath(name).parts):
        for split, words in _SPLITS.items():
            if re.search(rf"(?<![a-z])(?:{words})(?![a-z])", part, re.IGNORECASE):
                return split
    return None


def with_rows(names: Iterable[str]) -> DataFiles:
    """Those of a folder's files (paths relative to it) that hold rows, sorted, of all splits.

    Hidden files, those in hidden folders, and descriptions, programs and pictures beside data are
    passed over in silence; all others are named as left out.
    """
    found, left_out = [], []
    every = sorted(names)
    plain = {name for name in every if PurePosixPath(name).suffix.lower() not in COMPRESSIONS}
    for name in every:
        parts = PurePosixPath(name).parts
        if any(part.startswith((".", "_")) for part in parts) or _DESCRIPTION.fullmatch(parts[-1]):
            continue
        if format_of(name) and name not in plain and str(PurePosixPath(name).with_suffix("")) in plain:
            left_out.append((name, "a compressed copy of the file beside it"))
        elif format_of(name):
            found.append(name)
        elif reason := _unread(name):
            left_out.append((name, reason))
    left_out += [(name, "missing beside its other shards") for name in _missing_shards(found)]
    return DataFiles(tuple(found), tuple(left_out))


def _missing_shards(names: Sequence[str]) -> list[str]:
    """What the numbers of shards tell of: b-00001-of-00002.json beside b-00000-of-00002.json."""
    there: dict[tuple[str, str, str, str], set[int]] = {}
    for name in names:
        if match := _SHARD.fullmatch(name):
            before, number, between, of, after = match.groups()
            there.setdefault((before, between, of, after), set()).add(int(number))
    return [
        f"{before}{number:0{len(of)}}{between}{of}{after}"
        for (before, between, of, after), numbers in there.items()
        # Some count from one.
        for number in (() if len(numbers) >= int(of) else sorted(set(range(int(of))) - numbers)[:_FEW])
    ]


def of_train(files: DataFiles, declared: Sequence[tuple[str, str]] = ()) -> DataFiles:
    """These files without those of another split than train.

    `declared` are (split, pattern) from a dataset's card, which count more than a file's name.
    """
    kept, left_out = [], list(files.left_out)
    for name in files.names:
        split = next((split for split, pattern in declared if PurePosixPath(name).match(pattern)), split_of(name))
        if split in (None, "train"):
            kept.append(name)
        else:
            left_out.append((name, f"split {split}"))
    return DataFiles(tuple(kept), tuple(left_out))


def in_folder(folder: Path) -> DataFiles:
    """The files below a folder that hold rows; raises UserError where there are none."""
    found = with_rows(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    if not found.names:
        raise UserError(
            "; ".join(
                [f"{folder}: holds no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file", *found.notes(str(folder))]
            )
        )
    return found


def decompressed(file: IO[bytes], name: str) -> IO[bytes]:
    """The content of a file that is compressed by its name's suffix; the file itself if it is not.

    Reading raises OSError without an errno where the content is damaged.
    """
    method = COMPRESSIONS.get(PurePosixPath(name.lower()).suffix)
    if method is None:
        return file
    if method == "xz":
        return cast("IO[bytes]", io.BufferedReader(lzma.LZMAFile(file), _BUFFER))
    import pyarrow as pa

    return cast("IO[bytes]", io.BufferedReader(pa.CompressedInputStream(file, method), _BUFFER))


def _unread(name: str) -> str | None:
    """Why a file that may hold rows is not read; None for one that holds none."""
    path = PurePosixPath(name.lower())
    if path.suffix == ".arrow":
        return "Arrow files of save_to_disk: write them as Parquet, with dataset.to_parquet"
    if path.suffix in COMPRESSIONS and not _ABOUT.fullmatch(path.name):
        return "no suffix that names its format"
    if _ABOUT.fullmatch(path.name):
        return None
    return "a format that is not read" if path.suffix else "no suffix that names its format"
