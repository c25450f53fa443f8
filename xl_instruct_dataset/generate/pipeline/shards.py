"""The shards of a job on disk: read and written by tasks, done again when their input changes."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.readers.jsonl import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter

from xl_alpacaeval_metric.files.jsonl import read_lines, replace_file
from xl_instruct_dataset.generate import checksums
from xl_instruct_dataset.generate.config.work_folder import LOGS
from xl_instruct_dataset.generate.documents import Line
from xl_instruct_dataset.generate.seeds.producer import SeedProducer

INPUTS = "inputs.json"


class ShardReader(JsonlReader):  # type: ignore[misc]
    """Each task reads the shard of its number: a shard has the same documents in each phase."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), compression=None, recursive=False)

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """The documents of the task.

        Raises UserError at a damaged line, which JsonlReader would leave out.
        """
        for line in self.lines(rank):
            self.stat_update("documents")
            yield Document(text=line["text"], id=line["id"], metadata=line["metadata"])

    def lines(self, rank: int) -> Iterator[Line]:
        """The lines of a shard's file."""
        yield from read_lines(Path(self.data_folder.resolve_paths(f"{rank:05d}.jsonl")))


class SeedReader(ShardReader):
    """Reads seeds while they are found, so that requests go out before the last passage is read.

    `on_shard` is called with the number of each shard whose file is written, before its task ends.
    """

    def __init__(self, seeds: SeedProducer, on_shard: Callable[[int], None]) -> None:
        super().__init__(seeds.folder)
        self.seeds, self.on_shard = seeds, on_shard

    def lines(self, rank: int) -> Iterator[Line]:
        if (yield from self.seeds.shard(rank)):
            self.on_shard(rank)


def writer(folder: Path) -> JsonlWriter:
    """Writes the documents of each task into the shard of its number."""
    return JsonlWriter(str(folder), output_filename="${rank}.jsonl", compression=None, adapter=_line)


def _line(_: JsonlWriter, document: Document) -> Line:
    # The writer's own adapter copies the whole document first.
    return {"text": document.text, "id": document.id, "metadata": document.metadata}


def refresh(work: Path, phase: str, reads: str, number: int) -> None:
    """Have the phase do shards again whose input, in the folder `reads`, has changed since.

    The hashes of the inputs are written before the phase runs, so that each shard it finishes has
    its own, even if the phase is killed before it comes to the others.
    """
    known = _inputs(work, phase)
    now = {str(rank): _digest(work / reads / f"{rank:05d}.jsonl") for rank in range(number)}
    for rank in now:
        if known.get(rank) != now[rank]:
            completion(work, phase, int(rank)).unlink(missing_ok=True)
    _note(work, phase, now)


def forget_damaged(work: Path, phase: str, number: int) -> list[str]:
    """Have the phase do shards again that were damaged since; returns a line about each."""
    lines = []
    for rank in range(number):
        done, shard = completion(work, phase, rank), work / phase / f"{rank:05d}.jsonl"
        if done.exists() and (fault := checksums.fault(shard)):
            done.unlink()
            lines.append(checksums.made_again(shard, fault))
    return lines


def forget(work: Path, phase: str) -> None:
    """Have the phase do all of its tasks again."""
    shutil.rmtree(completion(work, phase, 0).parent, ignore_errors=True)


def note(work: Path, phase: str, reads: str, rank: int) -> None:
    """Write the hash of one shard's input, which was made while the phase was running."""
    _note(work, phase, {**_inputs(work, phase), str(rank): _digest(work / reads / f"{rank:05d}.jsonl")})


def completion(work: Path, phase: str, rank: int) -> Path:
    """The file by which datatrove sees that a phase has finished a shard."""
    return work / LOGS / phase / "completions" / f"{rank:05d}"


def _inputs(work: Path, phase: str) -> Mapping[str, str]:
    file = work / LOGS / phase / INPUTS
    return json.loads(file.read_text()) if file.exists() else {}


def _note(work: Path, phase: str, inputs: Mapping[str, str]) -> None:
    file = work / LOGS / phase / INPUTS
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, json.dumps(inputs))


def _digest(file: Path) -> str:
    if not file.exists():
        return ""
    # Lines are in the order in which replies came, which means nothing.
    lines = sorted(file.read_bytes().split(b"\n"))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:16]
