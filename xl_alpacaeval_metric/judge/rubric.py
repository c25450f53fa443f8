"""The rubric: criteria with five levels each, which a judge rates an answer by in one request."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from xl_alpacaeval_metric import languages, templates, thinking
from xl_alpacaeval_metric.clients.base import Request
from xl_alpacaeval_metric.files import jsonl

LEVELS = (1, 2, 3, 4, 5)
_DECODER = json.JSONDecoder()
_MOST_STARTS = 200
"""Braces of a reply from which an object is read; each may take time that grows with the reply."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion, with an anchor for each of LEVELS that describes an answer on it.

    `name` is the key in the judge's reply.
    """

    name: str
    definition: str
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rubric:
    """Criteria that are rated in one request; `rubric_file.load` reads one from a file."""

    criteria: tuple[Criterion, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(criterion.name for criterion in self.criteria)

    @property
    def sha(self) -> str:
        """Eight hex digits of the SHA-256 of the criteria and of the prompt around them."""
        parts = [templates.load("criteria").sha, [asdict(criterion) for criterion in self.criteria]]
        return jsonl.short_hash(parts)

    @property
    def schema(self) -> dict[str, object]:
        """The JSON schema of a reply."""
        return {
            "type": "object",
            "properties": {name: {"type": "integer", "enum": list(LEVELS)} for name in self.names},
            "required": list(self.names),
            "additionalProperties": False,
        }

    def request(self, instruction: str, answer: str, language: str) -> Request:
        """The prompt that asks for the levels of one answer.

        `language` is the code of the language that the answer should be in. Raises UserError for an
        unknown language.
        """
        messages = templates.load("criteria").fill(
            {
                "language": languages.get(language).name,
                "instruction": instruction,
                "answer": answer,
                "criteria": "\n\n".join(map(_described, self.criteria)),
                "form": "{" + ", ".join(f'"{name}": LEVEL' for name in self.names) + "}",
                "nonce": templates.nonce(instruction, answer),
            }
        )
        # A name takes at most one token per byte. The rest is for the levels, for a code fence and
        # for a sentence before the object.
        max_tokens = 64 + sum(16 + len(name.encode()) for name in self.names)
        return Request(messages=messages, max_tokens=max_tokens, json_schema=self.schema)

    def parse(self, text: str) -> dict[str, int] | None:
        """The level of each criterion in the reply's first JSON object.

        None unless the object has an integer from 1 to 5 for every criterion, and for a thought
        that never ends. Text around the object (thoughts, a code fence, prose) and other keys in it
        are ignored.
        """
        found = _first_object(thinking.split(text, anywhere=True).answer)
        levels = {name: found[name] for name in self.names if type(found.get(name)) is int and found[name] in LEVELS}
        return levels if len(levels) == len(self.names) else None

    def as_dict(self) -> dict[str, object]:
        """The content of a file from which `rubric_file.load` reads the same rubric."""
        return {
            "criteria": [
                {
                    "name": criterion.name,
                    "definition": criterion.definition,
                    "levels": {str(level): anchor for level, anchor in zip(LEVELS, criterion.anchors, strict=True)},
                }
                for criterion in self.criteria
            ]
        }


def _described(criterion: Criterion) -> str:
    anchors = (f"  {level}: {anchor}" for level, anchor in zip(LEVELS, criterion.anchors, strict=True))
    return "\n".join([f"{criterion.name}: {criterion.definition}", *anchors])


def _first_object(text: str) -> dict[str, Any]:
    start = -1
    for _ in range(_MOST_STARTS):
        start = text.find("{", start + 1)
        if start < 0:
            break
        try:
            found: dict[str, Any] = _DECODER.raw_decode(text, start)[0]
            return found
        except (ValueError, RecursionError):
            continue
    return {}
