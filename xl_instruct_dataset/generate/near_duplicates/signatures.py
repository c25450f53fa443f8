"""The MinHash signatures of a job's texts, in a file for each shard."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate import checksums, documents
from xl_instruct_dataset.generate.config.work_folder import SIGNATURES
from xl_instruct_dataset.generate.documents import Draft
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.quality import minhash
from xl_instruct_dataset.quality.minhash import BANDS, ROWS, Signature

ANSWERS = "answers"
"""The name of the texts of an instruction and its response; others have that of their language."""
NONE = np.uint32(2**32 - 1)
"""Fills the place of a draft without text: the least of no hashes."""
Array = np.ndarray[Any, np.dtype[np.uint32]]


@dataclass(frozen=True)
class Compared:
    """The texts that are compared: of the drafts in the `shards` of the folder `reads`.

    `names` are ANSWERS, or the target languages of responses; texts of one name are compared with
    each other. `source` is the source language. It can be pickled.
    """

    work: Path
    reads: str
    shards: int
    names: tuple[str, ...]
    source: str

    @classmethod
    def answers(cls, job: Job, reads: str) -> Self:
        """What is compared before anything is translated."""
        return cls(job.work, reads, job.shards, (ANSWERS,), job.settings.source)

    @classmethod
    def responses(cls, job: Job, reads: str) -> Self:
        """What is compared in each target language."""
        return cls(job.work, reads, job.shards, job.settings.targets, job.settings.source)

    def texts(self, draft: Draft) -> Iterator[tuple[str, str]]:
        """The texts of a draft, with their names; there are none of one that is rejected."""
        if draft.rejection is not None:
            return
        for name in self.names:
            if name == ANSWERS:
                yield name, draft.instruction_and_response
            elif name == self.source:
                yield name, draft.response
            elif (selected := draft.selected(name)) is not None:
                yield name, selected.text

    def file(self, shard: int) -> Path:
        """The file of a shard."""
        return self.work / self.reads / f"{shard:05d}.jsonl"

    def folder(self, name: str) -> Path:
        """Where what is known of the texts of a name is kept, until they were compared."""
        return self.work / SIGNATURES / name

    def sign(self, shard: int, signature: Callable[[str], Signature | None] = minhash.signature) -> None:
        """Write the signatures of a shard's texts, unless those of this very shard are there."""
        files = self._files(shard)
        if all(file.exists() for file in files.values()):
            return
        drafts = list(documents.drafts([self.file(shard)]))
        found = {name: np.full((len(drafts), BANDS * ROWS), NONE) for name in self.names}
        for row, draft in enumerate(drafts):
            for name, text in self.texts(draft):
                if (whole := signature(text)) is not None:
                    found[name][row] = whole
        for name, file in files.items():
            # By band, so that those who look at one band read that part of the file alone.
            write(file, found[name].reshape(-1, BANDS, ROWS).swapaxes(0, 1))

    def signatures(self, name: str, shard: int) -> Array:
        """The signatures of a shard: bands x drafts in the order of ids x hashes, as mapped memory.

        They are made where they are missing.
        """
        self.sign(shard)
        return read(self._files(shard)[name])

    @cached_property
    def state(self) -> str:
        """A hash of all shards."""
        return hashlib.sha256("".join(self._hashes).encode()).hexdigest()

    @cached_property
    def _hashes(self) -> tuple[str, ...]:
        return tuple(checksums.known(self.file(shard)) for shard in range(self.shards))

    def _files(self, shard: int) -> Mapping[str, Path]:
        """The file for each name: another one when the shard is another."""
        return {name: self.folder(name) / f"{shard:05d}-{self._hashes[shard][:16]}.npy" for name in self.names}


def write(file: Path, array: np.ndarray[Any, Any]) -> None:
    """Write an array completely, or not at all; an OSError names the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as opened:
            np.save(opened, np.ascontiguousarray(array))
        unfinished.replace(file)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(file)
        raise


def read(file: Path) -> Array:
    """The array of a file, as mapped memory; raises UserError where the file is damaged."""
    try:
        found: Array = np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{file}: damaged ({error}); delete it, and the same command makes it again") from None
    return found
