"""The shards of a job on disk: read and written by datatrove's tasks, and known again when they have changed."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.readers.jsonl import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter

from xl_alpacaeval_metric.files.jsonl import read_lines, replace_file
from xl_instruct_dataset.generate.seeds.producer import SeedProducer

INPUTS = "inputs.json"


class ShardReader(JsonlReader):  # type: ignore[misc]
    """Each task reads the shard of its own number, so that a shard is the same piece of work in every phase."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), compression=None, recursive=False)

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        # Not as JsonlReader does it, which leaves out a line that it cannot read.
        for row in self.rows(rank):
            self.stat_update("documents")
            yield Document(text=row["text"], id=row["id"], metadata=row["metadata"])

    def rows(self, rank: int) -> Iterator[dict[str, Any]]:
        """The documents of a shard as they stand in its file."""
        yield from read_lines(Path(self.data_folder.resolve_paths(f"{rank:05d}.jsonl")))


class SeedReader(ShardReader):
    """Reads seeds that are being made: the first requests go out while the next passages are looked at.

    `made` is told the number of each shard whose file is written, before its task can end.
    """

    def __init__(self, making: SeedProducer, made: Callable[[int], None]) -> None:
        super().__init__(making.folder)
        self.making, self.made = making, made

    def rows(self, rank: int) -> Iterator[dict[str, Any]]:
        if (yield from self.making.shard(rank)):
            self.made(rank)


def writer(folder: Path) -> JsonlWriter:
    """Writes each task's documents into the shard of its number."""
    return JsonlWriter(str(folder), output_filename="${rank}.jsonl", compression=None, adapter=_as_it_is)


def _as_it_is(_: JsonlWriter, document: Document) -> dict[str, Any]:
    # By itself the writer copies all that is known of a document first.
    return {"text": document.text, "id": document.id, "metadata": document.metadata}


def total(folder: Path) -> int:
    """How many shards a folder holds."""
    return len(list(folder.glob("*.jsonl")))


def refresh(work: Path, phase: str, reads: str, number: int) -> None:
    """Have the shards done again whose input, in the folder `reads`, is another than when the phase finished them.

    What the input is now is written down before the phase runs, so that a shard it finishes is known by it whatever
    happens to the others.
    """
    known = _known(work, phase)
    now = {str(rank): _digest(work / reads / f"{rank:05d}.jsonl") for rank in range(number)}
    for rank in now:
        if known.get(rank) != now[rank]:
            completion(work, phase, int(rank)).unlink(missing_ok=True)
    _note(work, phase, now)


def note(work: Path, phase: str, reads: str, rank: int) -> None:
    """Write down what the input of one shard is, for one that came to be while the phase was running."""
    _note(work, phase, {**_known(work, phase), str(rank): _digest(work / reads / f"{rank:05d}.jsonl")})


def completion(work: Path, phase: str, rank: int) -> Path:
    """The file by which datatrove knows that a phase has finished a shard."""
    return work / "logs" / phase / "completions" / f"{rank:05d}"


def _known(work: Path, phase: str) -> Mapping[str, str]:
    file = work / "logs" / phase / INPUTS
    return json.loads(file.read_text()) if file.exists() else {}


def _note(work: Path, phase: str, inputs: Mapping[str, str]) -> None:
    file = work / "logs" / phase / INPUTS
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, json.dumps(inputs))


def _digest(file: Path) -> str:
    if not file.exists():
        return ""
    # The replies come in any order, and so do the lines.
    lines = sorted(file.read_bytes().split(b"\n"))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:16]
