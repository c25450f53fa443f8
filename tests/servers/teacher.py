"""Replies of a teacher, translator and judge who know the bundled sample, for JudgeServer.

Passages of the sample get its instruction and English response, and that response its translations
in the sample's languages. Other passages get texts made of their own words. `Faulty` makes one
mistake of each kind.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from tests.servers import prompts
from xl_alpacaeval_metric import languages
from xl_instruct_dataset.records import LANGUAGES
from xl_instruct_dataset.sources import sample

Reply = Callable[[dict[str, Any]], str]

SCORES = {"precision": 5, "informativeness": 4, "naturalness": 5, "objectivity": 5}


def stage_of(body: dict[str, Any]) -> str:
    """Which stage asks: instruct, answer, score, translate, select or probe."""
    return prompts.stage_of(body)[0]


def part(body: dict[str, Any], slot: str) -> str:
    """What the prompt has in that slot."""
    return prompts.stage_of(body)[1][slot]


def fluent(body: dict[str, Any]) -> str:
    """A good reply at every stage; the second translation lacks the last sentence."""
    known = _known()
    stage, slots = prompts.stage_of(body)
    match stage:
        case "instruct":
            passage = slots["passage"]
            return (
                known["instruction"].get(passage) or f"What should people know about {' '.join(passage.split()[:12])}?"
            )
        case "answer":
            return known["response"].get(slots["passage"]) or slots["passage"]
        case "score":
            return json.dumps(SCORES)
        case "translate":
            found = known[_code(slots["language"])].get(slots["text"], "")
            sample_number = body.get("seed", 0) // 3
            # Another candidate: the same, without its last sentence.
            return found if sample_number != 1 else without_last_sentence(found)
        case "select":
            return "A"
    return "A"


def without_last_sentence(text: str) -> str:
    return re.sub(r"(?<=[.!?。！？।])[^.!?。！？।]+[.!?。！？।]$", "", text)


class Faulty:
    """Replies as `fluent` does, except to some rows of the sample.

    `faults` maps a row's number, from 1, to the stage of its fault and the faulty reply.
    """

    faults: ClassVar[dict[int, tuple[str, str]]] = {
        1: ("instruct", "According to the passage above, what is it about?"),
        2: ("answer", "   "),
        3: ("score", json.dumps({**SCORES, "precision": 1, "naturalness": 1})),
        4: ("score", "It is a fine answer."),
        5: ("translate", "english"),
        8: ("translate", "leak"),
        9: ("translate", ""),
        11: ("translate", "loop"),
        12: ("translate", "short"),
    }

    def __call__(self, body: dict[str, Any]) -> str:
        stage, good = stage_of(body), fluent(body)
        number = number_of(body)
        wrong_at, wrong = self.faults.get(number, ("", ""))
        if wrong_at != stage:
            return good
        if stage != "translate":
            return wrong
        match wrong:
            case "english":
                return part(body, "text")
            case "leak":
                return f"Here is the translation:\n\n{good}"
            case "loop":
                return " ".join([good[: len(good) // 8]] * 8)
            case "short":
                return good[: len(good) // 5]
        return wrong


def number_of(body: dict[str, Any]) -> int:
    known = _known()
    text = json.dumps(body["messages"][-1]["content"])
    for number, (passage, response) in enumerate(known["response"].items(), 1):
        if json.dumps(passage)[1:60] in text or json.dumps(response)[1:60] in text:
            return number
    return 0


def _code(name: str) -> str:
    """The sample's language of that English name, or English."""
    return next((code for code in LANGUAGES if languages.get(code).name == name), "en")


@cache
def _known() -> dict[str, dict[str, str]]:
    seeds = sample.seeds()
    english = {row.id: row.response for row in sample.rows("en")}
    known = {
        "instruction": {seed["passage"]: seed["instruction"] for seed in seeds},
        "response": {seed["passage"]: english[f"{seed['id']}-en"] for seed in seeds},
    }
    for code in LANGUAGES:
        made = {row.id.rpartition("-")[0]: row.response for row in sample.rows(code)}
        known[code] = {english[f"{seed['id']}-en"]: made[seed["id"]] for seed in seeds}
    return known


def passages(file: Path, count: int = 24) -> None:
    """Write the sample's passages as JSONL."""
    rows = [json.dumps({"id": seed["id"], "text": seed["passage"]}) for seed in sample.seeds()[:count]]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
