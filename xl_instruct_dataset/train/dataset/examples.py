"""What a model is trained on: a chat up to an answer, and the answer."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xl_instruct_dataset.records import TrainingRow

_ROLES = {"human": "user", "gpt": "assistant", "user": "user", "assistant": "assistant", "system": "system"}


@dataclass(frozen=True, slots=True)
class Example:
    """`prompt` are the turns before the answer `completion`; `group` is the language pair or, with `mixed`, the other set.

    Examples with the same `item` are the same prompt in several languages.
    """

    id: str
    group: str
    item: str
    prompt: tuple[Mapping[str, str], ...]
    completion: str
    license: str
    non_commercial: bool = False
    mixed: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As TRL reads it: the loss is on the completion alone."""
        return {
            "prompt": [dict(turn) for turn in self.prompt],
            "completion": [{"role": "assistant", "content": self.completion}],
        }


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """How many rows a group has, how many of them are held out and trained on, and how many of these are repetitions."""

    available: int
    held_out: int
    used: int
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class TrainingSplit:
    """The examples to train on and those held out, what was taken of each group, and lines about what was left out."""

    train: tuple[Example, ...]
    held_out: tuple[Example, ...]
    taken: Mapping[str, GroupCounts]
    notes: tuple[str, ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits of the SHA-256 of all examples, in their order."""
        digest = hashlib.sha256()
        for example in (*self.train, *self.held_out):
            digest.update(repr((example.id, example.prompt, example.completion)).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:12]

    def licenses(self) -> dict[str, int]:
        """How many examples, held-out ones too, stand under each licence."""
        return dict(Counter(example.license for example in (*self.train, *self.held_out)).most_common())


def of_row(row: TrainingRow, pair: str) -> Example:
    """The example that a training row is."""
    item = row.id.removesuffix(f"-{row.response_language}").removeprefix(f"{pair}-")
    turn = {"role": "user", "content": row.instruction}
    return Example(row.id, pair, item, (turn,), row.response, row.provenance.license, row.provenance.non_commercial)


def of_chat(row: Mapping[str, object], group: str, number: int, license: str) -> Example | None:
    """The example in a row of another set: all turns up to the last answer, or an instruction with its response.

    None for a row that has no answer.
    """
    turns = _turns(row)
    while turns and turns[-1]["role"] != "assistant":
        turns.pop()
    if len(turns) < 2 or not turns[-1]["content"].strip() or all(turn["role"] != "user" for turn in turns):
        return None
    name = f"{group} {number}"
    return Example(name, group, name, tuple(turns[:-1]), turns[-1]["content"], license, mixed=True)


def _turns(row: Mapping[str, object]) -> list[dict[str, str]]:
    for name in ("messages", "conversations", "conversation"):
        chat = row.get(name)
        if isinstance(chat, list):
            return _chat(chat)
    prompt, completion = row.get("prompt"), row.get("completion")
    if isinstance(prompt, list) and isinstance(completion, list):
        return _chat([*prompt, *completion])
    asked = _first(row, ("instruction", "prompt", "query", "question", "inputs"))
    answer = _first(row, ("response", "output", "answer", "completion", "targets"))
    if asked is None or answer is None:
        return []
    more = row.get("input")  # Alpaca's files have the material of a task apart from it.
    if isinstance(more, str) and more.strip():
        asked = f"{asked}\n\n{more}"
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]


def _chat(chat: Sequence[object]) -> list[dict[str, str]]:
    turns = []
    for turn in chat:
        if not isinstance(turn, Mapping):
            return []
        role = _ROLES.get(str(turn.get("role") or turn.get("from")))
        content = turn.get("content", turn.get("value"))
        if role is None or not isinstance(content, str):
            return []
        turns.append({"role": role, "content": content})
    return turns


def _first(row: Mapping[str, object], names: Sequence[str]) -> str | None:
    return next((value for name in names if isinstance(value := row.get(name), str)), None)
