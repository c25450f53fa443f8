"""What a job will take, before anything is spent. Upper bounds: no passage is dropped on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from xl_alpacaeval_metric.benchmark.translate import messages as translation
from xl_alpacaeval_metric.clients.base import Message
from xl_alpacaeval_metric.files.jsonl import read_lines
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.inference.rollouts import INSTRUCTION_TOKENS, SCORE_TOKENS
from xl_instruct_dataset.stages import answer, instruct, score, select, translate

CHARACTERS_A_TOKEN = 4
"""English prose in today's tokenizers; other languages take more tokens for as many characters."""
FACTOR = 2
"""Tokens of a translation for each of the English text: between 1.2 and 3, by language and tokenizer."""
LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One stage's requests and tokens."""

    stage: str
    model: str
    requests: int
    prompt_tokens: int
    completion_tokens: int


def estimate(settings: Settings, seeds: Path, passages: int) -> list[Line]:
    """Requests and tokens by stage, from the first seeds' length; an answer is taken to be as long as its passage."""
    looked_at = [str(document["text"]) for document in _documents(seeds)]
    text = int(sum(map(len, looked_at)) / max(1, len(looked_at)) / CHARACTERS_A_TOKEN)
    targets = [target for target in settings.targets if target != settings.source]
    overhead = {
        "instruct": _tokens(instruct.messages("", settings.source)),
        "answer": _tokens(answer.messages("", "", settings.source)) + INSTRUCTION_TOKENS // 8,
        "score": _tokens(score.messages("", "", settings.source)) + INSTRUCTION_TOKENS // 8,
        "translate": _tokens(translation("", settings.source, targets[0])) if targets else 0,
        "select": _tokens(select.messages("", "", ["", ""], settings.source, targets[0])) if targets else 0,
    }
    going_on = min(passages, settings.keep_best or passages)
    candidates = going_on * len(targets) * settings.candidates
    # A long text is translated in pieces.
    pieces = sum(sum(part.translate for part in translate.segments(found)) for found in looked_at) / max(
        1, len(looked_at)
    )
    translations = round(candidates * pieces)
    translators = ", ".join(settings.translator_models)
    lines = [
        Line("instruct", settings.teacher, passages, passages * (overhead["instruct"] + text), passages * 32),
        Line("answer", settings.teacher, passages, passages * (overhead["answer"] + text), passages * text),
        Line(
            "score", settings.judge_model, passages, passages * (overhead["score"] + text), passages * SCORE_TOKENS // 4
        ),
        Line(
            "translate",
            translators,
            translations,
            translations * overhead["translate"] + candidates * text,
            candidates * text * FACTOR,
        ),
    ]
    if settings.select == "judge":
        chosen = going_on * len(targets)
        each = overhead["select"] + text * (1 + FACTOR * settings.candidates)
        lines.append(Line("select", settings.judge_model, chosen, chosen * each, chosen))
    return [line for line in lines if line.requests and (line.stage != "score" or settings.scored)]


def _documents(seeds: Path) -> Iterator[dict[str, object]]:
    return islice((line for file in sorted(seeds.glob("*.jsonl")) for line in read_lines(file)), LOOKED_AT)


def _tokens(messages: Sequence[Message]) -> int:
    return sum(len(message["content"]) for message in messages) // CHARACTERS_A_TOKEN
