"""Training examples: a prompt of chat turns, and the answer to it."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.conversations import foreign_columns
from xl_instruct_dataset.records import TrainingRow
from xl_instruct_dataset.sources.training_row import columns_of

_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Example:
    """The turns before an answer (`prompt`) and the answer (`completion`).

    `group` is the language pair or, with `mixed`, the name of the general set. Examples with the
    same `item` are the same prompt in several languages.
    """

    id: str
    group: str
    item: str
    prompt: tuple[Mapping[str, str], ...]
    completion: str
    license: str
    non_commercial: bool = False
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Rows of a group: available, held out, trained on (`used`), and repeated among these."""

    available: int
    held_out: int
    used: int
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class TrainingSplit:
    """The examples to train on, those held out, rows by group, and notes on rows left out."""

    train: tuple[Example, ...]
    held_out: tuple[Example, ...]
    taken: Mapping[str, GroupCounts]
    notes: tuple[str, ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits of the SHA-256 of all examples, in order."""
        digest = hashlib.sha256()
        for example in (*self.train, *self.held_out):
            digest.update(repr((example.id, example.prompt, example.completion)).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:12]

    def licenses(self) -> dict[str, int]:
        """How many examples, held-out ones included, have each licence; the most frequent first."""
        return dict(Counter(example.license for example in (*self.train, *self.held_out)).most_common())


def of_row(row: TrainingRow, pair: str) -> Example:
    """The example in a training row of language pair `pair`."""
    item = row.id.removesuffix(f"-{row.response_language}").removeprefix(f"{pair}-")
    turn = {"role": "user", "content": row.instruction}
    return Example(row.id, pair, item, (turn,), row.response, row.provenance.license, row.provenance.non_commercial)


def of_chat(row: Mapping[str, object], where: str, group: str, number: int, license: str) -> Example:
    """The example in a row of a general instruction set: all turns up to the last answer.

    What a user says after the last answer is left out, as there is no answer to train on. Raises
    UserError with the row's place (`where`) for a row without an answer, or with turns of another
    role than system, user and assistant.
    """
    turns = list(foreign_columns.conversation_of(row, where, columns_of(row)))
    if other := next((turn.role for turn in turns if turn.role not in _ROLES), None):
        raise UserError(f"{where}: a turn of {other[:40]!r}; needs turns of {', '.join(_ROLES)} alone")
    while turns and turns[-1].role != "assistant":
        turns.pop()
    if not turns or not turns[-1].text.strip() or all(turn.role != "user" for turn in turns):
        raise UserError(f"{where}: no answer to a user")
    prompt = tuple({"role": turn.role, "content": turn.text} for turn in turns[:-1])
    name = f"{group} {number}"
    return Example(name, group, name, prompt, turns[-1].text, license, mixed=True)
