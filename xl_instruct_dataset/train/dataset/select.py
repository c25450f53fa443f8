"""From the settings to the examples: rows of the language pairs, sampled, split and mixed."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError, first_line
from xl_alpacaeval_metric.files import data_files, tables
from xl_alpacaeval_metric.files.conversations import foreign_columns, unread_columns
from xl_alpacaeval_metric.machine import hub_connection
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.records import VARIANTS, canonical
from xl_instruct_dataset.sources.source import Source, left_out
from xl_instruct_dataset.sources.training_row import columns_of
from xl_instruct_dataset.train.dataset import examples, mixture
from xl_instruct_dataset.train.dataset.examples import Example, GroupCounts, TrainingSplit
from xl_instruct_dataset.train.settings import Settings

_SHUFFLED_AHEAD = 10_000
"""Size of the shuffle buffer of a streamed Hub dataset, which may be too large to download."""


def select(settings: Settings) -> TrainingSplit:
    """The rows to train on and those held out, the same ones for the same settings and data.

    Raises UserError without data, for a pair or a column to leave out that the data lacks (naming
    those it has), and for a set to mix in that cannot be read.
    """
    try:
        return _selected(settings)
    except UserError as error:  # Messages of the source name the option of `build`.
        raise UserError(str(error).replace("--source", "--data")) from None


def _selected(settings: Settings) -> TrainingSplit:
    unread = left_out(settings.leave_out)
    mixed = _mixed(settings.mix_with, unread)  # First, so that an error in it is raised before all rows are read.
    pools: dict[str, list[Example]] = {}
    available: dict[str, int] = {}
    source = Source(_data(settings), leave_out=unread)
    for pair in _pairs(settings, source):
        rows = [examples.of_row(row, pair) for row in source.rows(pair, settings.variant)]
        available[pair] = len(rows)
        limit = settings.per_language or len(rows)
        pools[pair] = mixture.draw(rows, min(limit, len(rows)), f"{settings.seed}:cap:{pair}")
    notes = [
        f"{pair}: has {counted(count, 'row') if count else 'no rows'}"
        + (f", fewer than --per-language {settings.per_language}" if settings.per_language else "")
        for pair, count in available.items()
        if count < (settings.per_language or 1)
    ]
    items = mixture.held_out_items(
        [row.item for pool in pools.values() for row in pool], settings.held_out, settings.seed
    )
    held_out = [row for pool in pools.values() for row in pool if row.item in items]
    kept = {pair: [row for row in pool if row.item not in items] for pair, pool in pools.items()}
    if settings.held_out and not held_out:
        notes.append("nothing is held out: there is only one prompt")
    total = settings.rows or sum(map(len, kept.values()))
    counts = mixture.shares(
        {pair: len(pool) for pair, pool in kept.items()}, total, settings.mixture, settings.temperature
    )
    train: list[Example] = []
    taken: dict[str, GroupCounts] = {}
    for pair, pool in kept.items():
        used = mixture.draw(pool, counts.get(pair, 0), f"{settings.seed}:mixture:{pair}")
        train += used
        held = sum(row.item in items for row in pools[pair])
        taken[pair] = GroupCounts(available[pair], held, len(used), max(0, len(used) - len(pool)))
    for part in mixed:
        count = round(part.ratio * total)
        if not count:  # Drawing no row would still read all of them.
            notes.append(f"{part.name}: no rows, its ratio {part.ratio:g} of {counted(total, 'row')} is less than one")
            continue
        more, note = part.draw(count, settings.seed)
        train += more
        taken[part.name] = GroupCounts(len(more), 0, len(more))
        notes += [note] if note else []
    if all(part.name in taken for part in mixed):  # Else not all rows were read.
        unread.check()
    if not train:
        raise UserError(f"{settings.data}: no rows to train on; give more pairs, or a smaller --held-out")
    return TrainingSplit(tuple(train), tuple(held_out), taken, tuple(notes))


def _data(settings: Settings) -> str:
    if not settings.data:
        raise UserError("no data: give --data FOLDER (see xl-instruct build), a Hub dataset's id, or sample")
    return settings.data


def _pairs(settings: Settings, source: Source) -> list[str]:
    there = source.pairs(settings.variant)
    if settings.variant not in VARIANTS or not there:
        raise UserError(f"{source.name}: has no language pair in variant {settings.variant}")
    if settings.pairs == "all":
        return there
    wanted = [pair.strip() for pair in settings.pairs.split(",") if pair.strip()]
    if not wanted:
        raise UserError("--pairs is empty; give all, or pairs such as en-de,en-fi")
    wanted = list(dict.fromkeys(pair if pair in there else canonical(pair) for pair in wanted))
    for pair in wanted:
        if pair not in there:
            near = get_close_matches(pair, there, n=1, cutoff=0.75)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UserError(f"{source.name}: has no pair {pair}, it has {', '.join(there)}{hint}")
    return wanted


@dataclass(frozen=True, slots=True)
class Mixed:
    """A general instruction set (file, folder or Hub id), and its rows per row of the data."""

    name: str
    ratio: float
    leave_out: unread_columns.LeftOut

    def draw(self, count: int, seed: int) -> tuple[list[Example], str]:
        """`count` of its rows at random, and a line about those that were left out, if any."""
        license = Source(self.name).license if not Path(self.name).expanduser().is_file() else "unknown"
        unusable, reason = 0, ""
        unread: dict[str, None] = {}
        found: list[Example] = []
        chance = random.Random(f"{seed}:mix:{self.name}")
        seen = 0
        for number, (where, row) in enumerate(self._rows(seed), 1):
            row = self.leave_out.without(row)
            try:
                example = examples.of_chat(row, where, self.name, number, license)
            except UserError as error:
                unusable, reason = unusable + 1, reason or str(error)
                continue
            seen += 1
            unread |= dict.fromkeys(unread_columns.of(row, foreign_columns.READ | columns_of(row)))
            if len(found) < count:
                found.append(example)
                if len(found) == count and self._streamed:
                    break
            elif (place := chance.randrange(seen)) < count:  # Reservoir sampling: every row has the same chance.
                found[place] = example
        if not seen:
            raise UserError(
                f"{self.name}: no row holds a chat with an answer; needs messages, or instruction and response"
                + (f" ({reason})" if reason else "")
            )
        notes = [f"{counted(unusable, 'row')} left out (the first: {reason})"] if unusable else []
        notes += [f"not read: column {', '.join(unread)}"] if unread else []
        if len(found) < count:
            notes.append(f"{counted(len(found), 'row')}, fewer than the {count} asked for")
        lines = [] if self._streamed else self._files()[1]
        return found, "; ".join([*lines, *([f"{self.name}: {', '.join(notes)}"] if notes else [])])

    def _files(self) -> tuple[list[Path], list[str]]:
        """The files to read of a file or folder, and lines on those left out."""
        path = Path(self.name).expanduser()
        if path.is_file():
            return [path], []
        found = data_files.of_train(data_files.in_folder(path))
        if not found.names:
            raise UserError(f"{self.name}: has no file of the split train")
        return [path / name for name in found.names], found.notes(self.name)

    @property
    def _streamed(self) -> bool:
        return not Path(self.name).expanduser().exists()

    def _rows(self, seed: int) -> Iterator[tuple[str, Mapping[str, object]]]:
        if not self._streamed:
            yield from tables.rows_of(self._files()[0])
            return
        import datasets

        hub_connection.may_be_asked()
        try:
            stream = datasets.load_dataset(self.name, split="train", streaming=True)
            for row in stream.shuffle(seed=seed, buffer_size=_SHUFFLED_AHEAD):
                yield self.name, row
        except (OSError, ValueError, ImportError, RuntimeError) as error:
            raise UserError(
                f"{self.name}: neither a file or folder nor available from the Hub ({first_line(error)})"
            ) from None


def _mixed(text: str | None, leave_out: unread_columns.LeftOut) -> list[Mixed]:
    parts = []
    for part in filter(None, (piece.strip() for piece in (text or "").split(","))):
        name, _, ratio = part.rpartition(":")
        try:
            number = float(ratio)
        except ValueError:
            number = -1.0
        if not name or not 0 < number < 1000:
            raise UserError(
                f"--mix-with {part!r}: needs HUB_ID, FOLDER or FILE and a ratio above 0, as in ORG/NAME:0.5"
            )
        found = Mixed(name, number, leave_out)
        next(islice(found._rows(0), 1), None)
        parts.append(found)
    return parts
