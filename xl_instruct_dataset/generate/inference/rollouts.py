"""What each inference phase does with a document. The document's metadata hold everything that is known so far."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from xl_alpacaeval_metric.benchmark.translate import messages as translation
from xl_instruct_dataset.generate.inference.prompter import Prompter, Refused, Rollout, Unreadable, rejection
from xl_instruct_dataset.quality import filters
from xl_instruct_dataset.quality.near_duplicates import prepare
from xl_instruct_dataset.stages import answer, chrf, instruct, score, select, translate

T = TypeVar("T")

INSTRUCTION_TOKENS = 256
SCORE_TOKENS = 128
ROOM, MOST_TOKENS = 128, 2.0
"""Tokens that a translation may take: so many, and so many for each character of an alphabet. The bundled sample's responses take at
most 0.7 for each of the English characters in SmolLM2's tokenizer, which was made for English, and those in Hindi 1.23."""


@dataclass(frozen=True, slots=True)
class Write:
    """The teacher writes an instruction that the passage answers, then the response to it."""

    language: str
    name: str = "write"

    async def __call__(self, metadata: dict[str, Any], asker: Prompter) -> None:
        passage = metadata["passage"]
        asker.stage = "instruct"
        metadata["instruction"] = await asker.ask(
            instruct.messages(passage, self.language),
            lambda reply: _instruction(reply, self.language),
            max_tokens=min(INSTRUCTION_TOKENS, asker.max_tokens),
        )
        if drop := filters.wrong_language(metadata["instruction"], self.language):
            metadata["rejected"] = rejection(asker.stage, drop.reason, metadata["instruction"], drop.detail)
            return
        asker.stage = "answer"
        metadata["response"] = await asker.ask(
            answer.messages(passage, metadata["instruction"], self.language), answer.read
        )
        # Here and not later: while others wait for their replies, and before the judge is asked.
        if drop := _fault_of(metadata["response"], self.language):
            metadata["rejected"] = rejection(asker.stage, drop.reason, metadata["response"], drop.detail)
        else:
            prepare(written(metadata))  # For whoever chooses among all of them, in the same process.


@dataclass(frozen=True, slots=True)
class Score:
    """The judge rates the response, and one whose mean is too low goes no further."""

    language: str
    min_score: float
    name: str = "score"

    async def __call__(self, metadata: dict[str, Any], asker: Prompter) -> None:
        scores = await asker.ask(
            score.messages(metadata["instruction"], metadata["response"], self.language),
            score.read,
            temperature=0.0,
            max_tokens=SCORE_TOKENS,
            schema=score.SCHEMA,
        )
        metadata["scores"] = scores
        if score.mean(scores) < self.min_score:
            mean = f"{score.mean(scores):.2f} of 5 on average"
            metadata["rejected"] = rejection(self.name, "score below the threshold", metadata["response"], mean)


@dataclass(frozen=True, slots=True)
class SequentialRollout:
    """Several works for which the same model is asked, one after the other, as long as the document is not rejected."""

    works: tuple[Rollout, ...]
    name: str

    async def __call__(self, metadata: dict[str, Any], asker: Prompter) -> None:
        for work in self.works:
            asker.stage = work.name
            await work(metadata, asker)
            if "rejected" in metadata:
                return


@dataclass(frozen=True, slots=True)
class Translate:
    """One translator makes its share of the candidates in every target language; `first` numbers them.

    With `choose` the last one chooses by chrF, too, while others wait for their replies. `temperatures` go to the candidates in turn.
    """

    source: str
    targets: tuple[str, ...]
    candidates: int
    first: int
    translator: str
    name: str
    choose: bool = False
    temperatures: tuple[float, ...] = ()

    async def __call__(self, metadata: dict[str, Any], asker: Prompter) -> None:
        asker.stage = "translate"
        places = [(target, number) for target in self.targets for number in range(self.candidates)]
        made = await _all([self._one(metadata["response"], target, number, asker) for target, number in places])
        kept = metadata.setdefault("candidates", {})
        for (target, _), candidate in zip(places, made, strict=True):
            kept.setdefault(target, []).append(candidate)
        if self.choose:
            metadata["chosen"] = {target: best_by_chrf(candidates) for target, candidates in kept.items()}
            for target, best in metadata["chosen"].items():
                if best["chosen"] is not None:
                    prepare(kept[target][best["chosen"]]["text"])  # For the last look for near-duplicates.

    async def _one(self, text: str, target: str, number: int, asker: Prompter) -> dict[str, Any]:
        parts = translate.segments(text)
        try:
            translated = await _all(
                [
                    self._segment(part.text, target, number, asker) if part.translate else _same(part.text)
                    for part in parts
                ]
            )
        except Unreadable as error:
            return {"text": error.text, "model": self.translator, "fault": error.reason}
        except Refused as error:
            return {"text": "", "model": self.translator, "fault": f"refused by the model's server: {error}"}
        whole = translate.joined(parts, translated)
        fault = translate.fault(text, whole)
        if fault is None:
            # A candidate that is no use as a row shall not be chosen before one that is.
            drop = _fault_of(whole, target) or filters.length_ratio(text, whole, self.source, target)
            fault = f"{drop.reason}: {drop.detail}" if drop else None
        return {"text": whole, "model": self.translator, "fault": fault}

    async def _segment(self, text: str, target: str, number: int, asker: Prompter) -> str:
        return await asker.ask(
            translation(text, self.source, target),
            translate.read,
            sample=self.first + number,
            language=target,
            temperature=self.temperatures[(self.first + number) % len(self.temperatures)]
            if self.temperatures
            else None,
            max_tokens=min(4 * asker.max_tokens, ROOM + int(MOST_TOKENS * filters.weighed_length(text, self.source))),
        )


@dataclass(frozen=True, slots=True)
class SelectTranslation:
    """The judge chooses the best of the usable candidates, shown in an order that the seed decides."""

    source: str
    seed: int
    name: str = "select"

    async def __call__(self, metadata: dict[str, Any], asker: Prompter) -> None:
        targets = list(metadata.get("candidates", {}))
        chosen = await _all([self._best(metadata, target, asker) for target in targets])
        metadata["chosen"] = dict(zip(targets, chosen, strict=True))

    async def _best(self, metadata: dict[str, Any], target: str, asker: Prompter) -> dict[str, Any]:
        candidates = metadata["candidates"][target]
        places = usable(candidates)
        if len(places) < 2:
            return the_only(candidates)
        order = [places[i] for i in select.order(f"{metadata['id']} {target}", len(places), self.seed)]
        texts = [candidates[place]["text"] for place in order]
        try:
            best = await asker.ask(
                select.messages(metadata["instruction"], metadata["response"], texts, self.source, target),
                lambda text: select.read(text, len(texts)),
                temperature=0.0,
                max_tokens=16,
                language=target,
            )
        except (Unreadable, Refused):
            # A judge that cannot choose is no reason to lose a good translation.
            return best_by_chrf(candidates)
        return choice("judge", candidates, order[best], None)


def written(metadata: dict[str, Any]) -> str:
    """Instruction and response, as near-duplicates among them are looked for."""
    return f"{metadata['instruction']}\n{metadata['response']}"


def _instruction(reply: str, language: str) -> str | None:
    """The instruction in a reply, None for one that talks about itself, which is asked for again."""
    found = instruct.read(reply)
    return found if found and filters.leaked(found, language) is None else None


def _fault_of(text: str, language: str) -> filters.Drop | None:
    """What is wrong with a text, whatever the others are."""
    return filters.wrong_language(text, language) or filters.repetition(text) or filters.leaked(text, language)


def usable(candidates: Sequence[dict[str, Any]]) -> list[int]:
    """The places of the candidates without a fault."""
    return [place for place, candidate in enumerate(candidates) if not candidate["fault"]]


def best_by_chrf(candidates: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The candidate that the others agree with most, among the usable ones."""
    places = usable(candidates)
    if len(places) < 2:
        return the_only(candidates)
    return by_scores("chrf", candidates, places, chrf.agreement([candidates[place]["text"] for place in places]))


def the_only(candidates: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The choice where at most one candidate can be used: nobody was asked, and nothing compared."""
    places = usable(candidates)
    return choice("only", candidates, places[0] if places else None, None)


def by_scores(
    method: str, candidates: Sequence[dict[str, Any]], places: Sequence[int], scores: Sequence[float]
) -> dict[str, Any]:
    """The choice of the highest score, the first of equal ones; `scores` are of the candidates at `places`."""
    best = max(range(len(places)), key=lambda i: scores[i], default=None)
    by_place = dict(zip(places, scores, strict=True))
    every = [by_place.get(place) for place in range(len(candidates))]
    return choice(method, candidates, None if best is None else places[best], every)


def choice(
    method: str, candidates: Sequence[dict[str, Any]], chosen: int | None, scores: Sequence[float | None] | None
) -> dict[str, Any]:
    """How a response was chosen, as it is kept in a row; `chosen` is None where no candidate could be used."""
    return {"method": method, "candidates": len(candidates), "chosen": chosen, "scores": scores}


async def _same(text: str) -> str:
    return text


async def _all(awaitables: Sequence[Awaitable[T]]) -> list[T]:
    """All results; where some fail, the first failure once all are done, so that no paid reply is lost."""
    found = await asyncio.gather(*awaitables, return_exceptions=True)
    for result in found:
        if isinstance(result, BaseException):
            raise result
    return [result for result in found if not isinstance(result, BaseException)]
