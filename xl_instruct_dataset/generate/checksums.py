"""The hash of each finished shard, beside it, by which one that was damaged since is noticed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import replace_file


def file_of(shard: Path) -> Path:
    """Where the hash of a shard is kept, in the form that `sha256sum -c` reads."""
    return shard.with_name(f"{shard.name}.sha256")


def write(shard: Path) -> None:
    """Keep the hash of a shard that is finished; without effect for one that has no file."""
    if shard.exists():
        replace_file(file_of(shard), f"{_sha256(shard)}  {shard.name}\n")


def known(shard: Path) -> str:
    """The hash of a finished shard: the one that was kept, else the one that it has now."""
    kept = file_of(shard)
    return kept.read_text(encoding="utf-8", errors="replace")[:64] if kept.exists() else _sha256(shard)


def fault(shard: Path) -> str | None:
    """What is wrong with a finished shard, None where nothing is.

    Of one without a hash, as version 0.1 wrote it, only a cut last line is noticed.
    """
    if not shard.exists():
        return "is missing"
    known = file_of(shard)
    if known.exists():
        whole = known.read_text(encoding="utf-8", errors="replace").split()[:1] == [_sha256(shard)]
        return None if whole else "is not as it was written (its SHA-256 is another)"
    content = shard.read_bytes()
    return None if not content or content.endswith(b"\n") else "ends in half a line"


@dataclass(frozen=True, slots=True)
class WriteHash:
    """The last step of a task: keeps the hash of the shard that it has written into `folder`."""

    folder: Path

    def __call__(self, data: Iterable[Any] | None = None, rank: int = 0, world_size: int = 1) -> None:
        for _ in data or ():  # A writer of datatrove writes while it is read.
            pass
        write(self.folder / f"{rank:05d}.jsonl")


def replace(shard: Path, text: str) -> None:
    """Write a shard and its hash, unless it holds this text already."""
    content = text.encode()
    if not shard.exists() or shard.read_bytes() != content:
        replace_file(shard, text)
    if not file_of(shard).exists() or fault(shard):
        write(shard)


def made_again(shard: Path, what: str) -> str:
    """The line for the user about a damaged shard that is made again."""
    return f"{shard}: {what}; it is made again"


def _sha256(shard: Path) -> str:
    try:
        with shard.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{shard}: cannot be read ({error.strerror})") from None
