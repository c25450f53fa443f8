"""The requests and tokens of a job, estimated: upper bounds, as if no passage were dropped."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from xl_alpacaeval_metric.clients.base import Message
from xl_alpacaeval_metric.files.jsonl import read_lines
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.inference.rollouts import INSTRUCTION_TOKENS, SCORE_TOKENS
from xl_instruct_dataset.stages import answer, instruct, score, select, translate

CHARACTERS_A_TOKEN = 4
"""English prose in today's tokenizers; other languages take more tokens for as many characters."""
FACTOR = 2
"""Tokens of a translation for each of the English text: 1.2 to 3, by language and tokenizer."""
SEEDS_READ = 200
"""The seeds whose length is measured: the first ones."""


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One stage's requests and tokens."""

    stage: str
    model: str
    requests: int
    prompt_tokens: int
    completion_tokens: int


def estimate(settings: Settings, seeds: Path, passages: int) -> list[StageEstimate]:
    """Requests and tokens by stage, from the length of the first seeds.

    `seeds` is their folder of shards. An answer is taken to be as long as its passage.
    """
    texts = [str(document["text"]) for document in _documents(seeds)]
    text = int(_mean(map(len, texts)) / CHARACTERS_A_TOKEN)
    # A long text is translated in segments, a request each.
    segments = _mean(sum(part.translate for part in translate.segments(found)) for found in texts)
    source = settings.source
    targets = [target for target in settings.targets if target != source]
    instruction = INSTRUCTION_TOKENS // 8
    prompt = {
        "instruct": _tokens(instruct.messages("", source)) + text,
        "answer": _tokens(answer.messages("", "", source)) + instruction + text,
        "score": _tokens(score.messages("", "", source)) + instruction + text,
    }
    teacher, judge = settings.teacher, settings.judge_model
    found = [
        StageEstimate("instruct", teacher, passages, passages * prompt["instruct"], passages * instruction),
        StageEstimate("answer", teacher, passages, passages * prompt["answer"], passages * text),
    ]
    if settings.scored:
        replies = passages * SCORE_TOKENS // 4
        found.append(StageEstimate("score", judge, passages, passages * prompt["score"], replies))
    if not targets:
        return found
    selections = min(passages, settings.keep_best or passages) * len(targets)
    candidates = selections * settings.candidates
    requests = round(candidates * segments)
    prompts = requests * _tokens(translate.messages("", source, targets[0])) + candidates * text
    translators = ", ".join(settings.translator_models)
    found.append(StageEstimate("translate", translators, requests, prompts, candidates * text * FACTOR))
    if settings.select == "judge":
        each = _tokens(select.messages("", "", ["", ""], source, targets[0]))
        each += text * (1 + FACTOR * settings.candidates)
        found.append(StageEstimate("select", judge, selections, selections * each, selections))
    return [stage for stage in found if stage.requests]


def _documents(seeds: Path) -> Iterator[dict[str, object]]:
    return islice((line for file in sorted(seeds.glob("*.jsonl")) for line in read_lines(file)), SEEDS_READ)


def _mean(numbers: Iterable[float]) -> float:
    """The mean, 0 for no numbers."""
    found = list(numbers)
    return sum(found) / max(1, len(found))


def _tokens(messages: Sequence[Message]) -> int:
    return sum(len(message["content"]) for message in messages) // CHARACTERS_A_TOKEN
