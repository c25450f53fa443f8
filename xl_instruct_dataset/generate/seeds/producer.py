"""Seeds: passages in the source language, checked, without near-duplicates, in shards."""

import queue
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Self, TextIO

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import json_line, replace_file
from xl_alpacaeval_metric.languages import identify, words
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.seeds import sources
from xl_instruct_dataset.quality import filters
from xl_instruct_dataset.quality.sanitise import plain

Document = dict[str, Any]
LEAST_LETTERS = 0.7
"""Share of letters and spaces below which a passage is a table, a list of links or code."""
_SENTENCE_END = re.compile(r"[.!?।][\"'”’»)]*(?=\s|\Z)|[。！？]")
_NO_TEXT = re.compile(r"[^\w\s]+|[\d_]+")
AHEAD = 64
"""So many passages are looked at before they are asked for."""
LOOK_AT = 50
"""So many passages are looked at for each one wanted, before the source is taken for one that has none."""


class SeedProducer:
    """Shards of seeds, made one after the other as they are asked for: `folder/00000.jsonl` and so on, of `settings.shard` passages each.

    `rejects` gets a line for each passage that was dropped, with where it stands and why. The source is read in a thread of
    its own, up to AHEAD passages ahead: a source that is slow holds up nobody who leaves, and what goes wrong with it ends
    the last shard and is raised by `finish`. To be used by one thread at a time.
    """

    def __init__(self, settings: Settings, folder: Path, rejects: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.count = folder, 0
        self.dropped: Counter[str] = Counter()
        self._settings, self._rejects = settings, rejects
        self._error: BaseException | None = None
        self._stopped = threading.Event()
        self._found: queue.Queue[Document | None] = queue.Queue(AHEAD)
        self._next: Document | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._find, name="seeds", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __deepcopy__(self, _: object) -> Self:
        return self  # datatrove copies what a task is made of; of this there is one for all.

    def stop(self) -> None:
        """Let there be no more passages, for whoever waits for the next one, too; the shard that is being read is not written."""
        self._stopped.set()
        with suppress(queue.Full):
            self._found.put_nowait(None)

    def more(self) -> bool:
        """Whether there is another passage; waits for it."""
        if self._next is None and not self._ended:
            self._next = self._found.get()
            self._ended = self._next is None
        return self._next is not None and not self._stopped.is_set()

    def shard(self, number: int) -> Generator[Document, None, bool]:
        """The documents of the next shard as they are found; returns whether it is whole, with its file written or there as it would be."""
        lines: list[str] = []
        while len(lines) < self._settings.shard and self.more():
            document, self._next = self._next, None
            assert document is not None
            lines.append(json_line(document))
            yield document
        whole = len(lines) == self._settings.shard or (self._error is None and not self._stopped.is_set())
        if not (lines and whole):
            return False
        file, text = self.folder / f"{number:05d}.jsonl", "".join(lines)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            replace_file(file, text)
        self.count += len(lines)
        return True

    def finish(self) -> tuple[int, Counter[str]]:
        """How many there are, and what was dropped by reason; files of further shards go.

        Raises what reading the source raised, and UserError where it has no passage of use.
        """
        if self._error is not None:
            raise self._error
        if not self.count:
            reasons = ", ".join(f"{n} {reason}" for reason, n in self.dropped.most_common()) or "it is empty"
            raise UserError(f"{self._settings.seeds}: no passage can be used ({reasons})")
        for file in self.folder.glob("*.jsonl"):
            if int(file.stem) * self._settings.shard >= self.count:
                file.unlink()
        return self.count, self.dropped

    def _find(self) -> None:
        """Reads the source, in the thread, and closes what it has opened there."""
        try:
            with self._rejects.open("w", encoding="utf-8") if self._rejects else nullcontext() as told:
                for document in _kept(self._settings, self.dropped, told):
                    if not self._hand_over(document):
                        return
        except BaseException as error:
            self._error = error
        self._hand_over(None)

    def _hand_over(self, document: Document | None) -> bool:
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._found.put(document, timeout=0.2)
                return True
        return False


def make(settings: Settings, folder: Path, rejects: Path | None = None) -> tuple[int, Counter[str]]:
    """Make all shards at once; returns and raises as `SeedProducer.finish`."""
    with SeedProducer(settings, folder, rejects) as making:
        number = 0
        while making.more():
            for _ in making.shard(number):
                pass
            number += 1
        return making.finish()


def _kept(settings: Settings, dropped: Counter[str], told: TextIO | None) -> Iterator[Document]:
    count = 0
    with filters.NearDuplicates() as seen:
        for looked, (where, found) in enumerate(sources.texts(settings)):
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
            if count == settings.wanted_passages:
                return


def shortened(text: str, max_words: int) -> str:
    """The first paragraphs of at most so many words together; of a first one that is longer, its first sentences."""
    text = text.strip()
    kept: list[str] = []
    count = 0.0
    for paragraph in re.split(r"\n\s*\n", text):
        count += words.count(paragraph)
        if count > max_words:
            break
        kept.append(paragraph.strip())
    if kept:
        return "\n\n".join(kept)
    end = 0
    for sentence in _SENTENCE_END.finditer(text):
        if words.count(text[: sentence.end()]) > max_words:
            break
        end = sentence.end()
    return text[:end]


def fault(passage: str, settings: Settings) -> str | None:
    """Why a passage is not used, None if it is."""
    if words.count(passage) < settings.min_words:
        return f"fewer than {settings.min_words} words, or no paragraph of at most {settings.max_words}"
    if len(_NO_TEXT.sub(_marks, passage)) < LEAST_LETTERS * len(passage):
        return "hardly any running text"
    if filters.repetition(passage) is not None:
        return "repeats itself"
    if identify.supported(settings.source) and not identify.matches([passage], settings.source)[0]:
        return f"not in {settings.source}"
    return None


def _marks(found: re.Match[str]) -> str:
    """What of it belongs to letters: the vowel signs of Devanagari and its relatives, which `re` takes for no letters."""
    return "" if found[0].isascii() else "".join(c for c in found[0] if unicodedata.category(c)[0] == "M")
