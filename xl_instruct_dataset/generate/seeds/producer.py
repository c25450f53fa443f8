"""Seeds: checked passages in the source language, without near-duplicates, in shards."""

import queue
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import json_line
from xl_instruct_dataset.generate import checksums, documents
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.documents import Line
from xl_instruct_dataset.generate.seeds import passages, sources
from xl_instruct_dataset.quality.near_duplicates import NearDuplicates
from xl_instruct_dataset.quality.sanitise import plain

READ_AHEAD = 64
"""Passages that are found ahead of the one that is read."""
TRIES_PER_PASSAGE = 50
"""Passages that are looked at for each one wanted before the source counts as having none."""


@dataclass(frozen=True, slots=True)
class SeedCounts:
    """How many passages are used as seeds, and how many were dropped, by reason."""

    count: int
    dropped: Counter[str]


class SeedProducer:
    """Finds seeds while they are read, in shards `folder/00000.jsonl` and so on.

    A shard has `settings.shard` passages. `rejects` gets a line for each passage that was dropped:
    its place in the source, and why. The source is read in a thread of its own, up to READ_AHEAD
    passages ahead, so that a slow source does not hold up the end of the command. An error of the
    source ends the last shard and is raised by `finish`. To be used by one thread at a time.
    """

    def __init__(self, settings: Settings, folder: Path, rejects: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.count = folder, 0
        self.dropped: Counter[str] = Counter()
        self._settings, self._rejects = settings, rejects
        self._error: BaseException | None = None
        self._stopped = threading.Event()
        self._found: queue.Queue[Line | None] = queue.Queue(READ_AHEAD)
        self._next: Line | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._find, name="seeds", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the passages, also for a thread that waits for the next one.

        The shard under way is not written.
        """
        self._stopped.set()
        with suppress(queue.Full):
            self._found.put_nowait(None)

    def more(self) -> bool:
        """Whether there is another passage; waits for it."""
        if self._next is None and not self._ended:
            self._next = self._found.get()
            self._ended = self._next is None
        return self._next is not None and not self._stopped.is_set()

    def shard(self, number: int) -> Generator[Line, None, bool]:
        """Yield the documents of the next shard as they are found; write its file when it is whole.

        Returns whether it is whole. A file that holds these documents already is left as it is.
        """
        lines: list[str] = []
        while len(lines) < self._settings.shard and self.more():
            document, self._next = self._next, None
            assert document is not None
            lines.append(json_line(document))
            yield document
        whole = len(lines) == self._settings.shard or (self._error is None and not self._stopped.is_set())
        if not (lines and whole):
            return False
        checksums.replace(self.folder / f"{number:05d}.jsonl", "".join(lines))
        self.count += len(lines)
        return True

    def finish(self) -> SeedCounts:
        """The counts of all shards; removes files of further shards, which an earlier job has left.

        Raises the source's error, and UserError where no passage can be used.
        """
        if self._error is not None:
            raise self._error
        if not self.count:
            reasons = ", ".join(f"{n} {reason}" for reason, n in self.dropped.most_common()) or "it is empty"
            raise UserError(f"{self._settings.seeds}: no passage can be used ({reasons})")
        for file in self.folder.glob("*.jsonl"):
            if int(file.stem) * self._settings.shard >= self.count:
                file.unlink()
                checksums.file_of(file).unlink(missing_ok=True)
        return SeedCounts(self.count, self.dropped)

    def _find(self) -> None:
        """Read the source, in the thread, and close what it has opened there."""
        try:
            with self._rejects.open("w", encoding="utf-8") if self._rejects else nullcontext() as rejects:
                for document in _usable(self._settings, self.dropped, rejects):
                    if not self._hand_over(document):
                        return
        except BaseException as error:
            self._error = error
        self._hand_over(None)

    def _hand_over(self, document: Line | None) -> bool:
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._found.put(document, timeout=0.2)
                return True
        return False


def produce(settings: Settings, folder: Path, rejects: Path | None = None) -> SeedCounts:
    """Write all shards at once; returns and raises as `SeedProducer.finish`."""
    with SeedProducer(settings, folder, rejects) as producer:
        number = 0
        while producer.more():
            for _ in producer.shard(number):
                pass
            number += 1
        return producer.finish()


def _usable(settings: Settings, dropped: Counter[str], rejects: TextIO | None) -> Iterator[Line]:
    """A document for each usable passage of the source, up to the number that is wanted."""
    count = 0
    with NearDuplicates() as seen:
        for looked_at, (place, found) in enumerate(sources.texts(settings)):
            if not count and looked_at > TRIES_PER_PASSAGE * settings.wanted_passages:
                return
            passage = passages.shortened(plain(found), settings.max_words)
            reason = passages.fault(passage, settings) if found.strip() else "no text"
            if reason is None and seen.seen(f"{count:08d}", passage) is not None:
                reason = "near-duplicate of another passage"
            if reason is not None:
                dropped[reason] += 1
                if rejects:
                    rejects.write(json_line({"stage": "seeds", "reason": reason, "seed": place}))
                continue
            yield documents.new(count, passage, place)
            count += 1
            if count == settings.wanted_passages:
                return
