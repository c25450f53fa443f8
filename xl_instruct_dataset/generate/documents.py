"""The document of the pipeline, typed: a draft that grows from a passage into a training example.

datatrove's documents have an untyped `metadata` and are written as JSON lines. This module alone
knows its keys. They are those of version 0.1.0, so that its work folders are read, and they are
written in the same order, so that a shard is known again by its hash.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import read_lines
from xl_instruct_dataset.quality.translation_faults import Fault
from xl_instruct_dataset.records import Selection

Line = dict[str, Any]
"""A document as it stands in a shard's file: `text`, `id`, `metadata`."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a draft, or its translation into one language, is dropped.

    `reason` is a few words that drops are counted by, `detail` what is particular to this one, and
    `text` what was found wrong.
    """

    stage: str
    reason: str
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One translation of the response, by `model`; `fault` is None where it can be used."""

    text: str
    model: str
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests that were answered, and their tokens."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


class UsageKey(NamedTuple):
    """What usage is counted by: the stage, and the language of requests that are for one alone."""

    stage: str
    language: str = ""


UsageByStage = dict[UsageKey, Usage]


def add_usage(total: UsageByStage, more: Mapping[UsageKey, Usage]) -> None:
    """Add the usage `more` to `total`, in place."""
    for key, used in more.items():
        total[key] = total.get(key, Usage()) + used


@dataclass(slots=True)
class Draft:
    """A training example in the making; a field is empty, or None, until its stage has come.

    `seed` says where in the source the passage stands. `candidates` and `selections` are by target
    language; `chosen` of a selection is the index of a candidate, None where none could be used. A
    draft with a `rejection` is carried on to be counted, and no model is asked about it any more.
    """

    id: str
    passage: str
    seed: str
    instruction: str = ""
    response: str = ""
    scores: dict[str, float] | None = None
    rejection: Rejection | None = None
    candidates: dict[str, list[Candidate]] = field(default_factory=dict)
    selections: dict[str, Selection] = field(default_factory=dict)
    usage: UsageByStage = field(default_factory=dict)

    @property
    def instruction_and_response(self) -> str:
        """The text in which near-duplicates among the answers are looked for."""
        return f"{self.instruction}\n{self.response}"

    def selected(self, target: str) -> Candidate | None:
        """The translation that was selected for a target language; None where there is none."""
        selection = self.selections.get(target)
        if selection is None or selection.chosen is None:
            return None
        return self.candidates[target][selection.chosen]


def new(number: int, passage: str, seed: str) -> Line:
    """The document of a passage that nothing has been made of; its number becomes its id."""
    id = f"{number:08d}"
    return {"text": passage, "id": id, "metadata": {"id": id, "passage": passage, "seed": seed}}


def read(metadata: Mapping[str, Any]) -> Draft:
    """The draft in a document's metadata.

    Raises UserError where there is none in the known form.
    """
    try:
        return _read(metadata)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"document {metadata.get('id')}: not in the form of this version ({type(error).__name__}: {error}); "
            "choose another --output"
        ) from None


def _read(metadata: Mapping[str, Any]) -> Draft:
    rejection = metadata.get("rejected")
    return Draft(
        id=metadata["id"],
        passage=metadata["passage"],
        seed=metadata["seed"],
        instruction=metadata.get("instruction", ""),
        response=metadata.get("response", ""),
        scores=metadata.get("scores"),
        rejection=None if rejection is None else Rejection(**rejection),
        candidates={
            target: [_candidate(**candidate) for candidate in candidates]
            for target, candidates in metadata.get("candidates", {}).items()
        },
        selections={target: Selection(**selection) for target, selection in metadata.get("chosen", {}).items()},
        usage={UsageKey(*key.split(" ", 1)): Usage(**used) for key, used in metadata.get("usage", {}).items()},
    )


def _candidate(text: str, model: str, fault: str | None) -> Candidate:
    return Candidate(text, model, None if fault is None else _fault(fault))


def _fault(written: str) -> Fault:
    """The fault that a document holds as `reason: detail`."""
    reason, _, detail = written.partition(": ")
    return Fault(reason, detail)


def write(draft: Draft, metadata: dict[str, Any]) -> None:
    """Put what is known of the draft into the metadata that it was read from, as plain JSON.

    Keys that are there keep their place, and those of others (datatrove's) their value.
    """
    if draft.instruction:
        metadata["instruction"] = draft.instruction
    if draft.response:
        metadata["response"] = draft.response
    if draft.scores is not None:
        metadata["scores"] = draft.scores
    if draft.rejection is not None:
        metadata["rejected"] = asdict(draft.rejection)
    if draft.candidates:
        metadata["candidates"] = {
            target: [
                {"text": one.text, "model": one.model, "fault": None if one.fault is None else str(one.fault)}
                for one in found
            ]
            for target, found in draft.candidates.items()
        }
    if draft.selections:
        metadata["chosen"] = {target: asdict(found) for target, found in draft.selections.items()}
    metadata["usage"] = {" ".join(filter(None, key)): asdict(used) for key, used in draft.usage.items()}


def lines(file: Path) -> list[Line]:
    """The documents of a shard in the order of their ids, whatever order the replies came in."""
    return sorted(read_lines(file), key=lambda line: str(line["id"]))


def drafts(files: Iterable[Path]) -> Iterator[Draft]:
    """The drafts in some shards, those of each in the order of their ids."""
    for file in files:
        yield from (read(line["metadata"]) for line in lines(file))
