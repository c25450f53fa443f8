"""What each inference phase does with a draft."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from xl_instruct_dataset.generate.documents import Candidate, Draft, Rejection
from xl_instruct_dataset.generate.inference.errors import Refused, Unreadable
from xl_instruct_dataset.generate.inference.prompter import Prompter, Rollout
from xl_instruct_dataset.generate.selection import candidates as selection
from xl_instruct_dataset.quality import address, filters, translation_faults
from xl_instruct_dataset.quality.translation_faults import Fault
from xl_instruct_dataset.records import Selection
from xl_instruct_dataset.stages import answer, instruct, score, select, translate

T = TypeVar("T")

INSTRUCTION_TOKENS, SCORE_TOKENS, SELECT_TOKENS = 256, 128, 16
"""Token limits of an instruction, a score and a selection."""
REFUSED = "refused by the model's server"
"""The reason of what is dropped because its request was refused."""
TRANSLATION_TOKENS, TOKENS_PER_CHARACTER = 128, 2.0
"""Token limit of a translation: a constant, and more for each character of the English text.

The bundled sample's responses take at most 0.7 tokens for each English character in SmolLM2's
tokenizer, which was made for English, and those in Hindi 1.23.
"""


@dataclass(frozen=True, slots=True)
class Write:
    """The teacher writes an instruction that the passage answers, then the response to it."""

    language: str
    name: str = "write"

    async def __call__(self, draft: Draft, prompter: Prompter) -> None:
        prompter.stage = "instruct"
        draft.instruction = await prompter.ask(
            instruct.messages(draft.passage, self.language),
            lambda reply: _instruction(reply, self.language),
            max_tokens=min(INSTRUCTION_TOKENS, prompter.max_tokens),
        )
        if drop := filters.wrong_language(draft.instruction, self.language):
            draft.rejection = Rejection(prompter.stage, drop.reason, draft.instruction, drop.detail)
            return
        prompter.stage = "answer"
        draft.response = await prompter.ask(
            answer.messages(draft.passage, draft.instruction, self.language), answer.read
        )
        # Filtered here, while other drafts wait for replies, and before the judge is asked.
        if drop := _drop(draft.response, self.language):
            draft.rejection = Rejection(prompter.stage, drop.reason, draft.response, drop.detail)


@dataclass(frozen=True, slots=True)
class Score:
    """The judge rates the response; one whose mean score is below `min_score` is rejected."""

    language: str
    min_score: float
    name: str = "score"

    async def __call__(self, draft: Draft, prompter: Prompter) -> None:
        draft.scores = await prompter.ask(
            score.messages(draft.instruction, draft.response, self.language),
            score.read,
            temperature=0.0,
            max_tokens=SCORE_TOKENS,
            schema=score.SCHEMA,
        )
        mean = score.mean(draft.scores)
        if mean < self.min_score:
            detail = f"{mean:.2f} of 5 on average"
            draft.rejection = Rejection(self.name, "score below the threshold", draft.response, detail)


@dataclass(frozen=True, slots=True)
class SequentialRollout:
    """Rollouts that ask the same model, one after the other, until the draft is rejected."""

    rollouts: tuple[Rollout, ...]
    name: str

    async def __call__(self, draft: Draft, prompter: Prompter) -> None:
        for rollout in self.rollouts:
            prompter.stage = rollout.name
            await rollout(draft, prompter)
            if draft.rejection is not None:
                return


@dataclass(frozen=True, slots=True)
class Translate:
    """One translator makes its share of the candidates in every target language.

    `first` is the number of its first candidate among those of all translators. `temperatures` go
    to the candidates in turn; without them all have the prompter's. With `select_by_chrf` the best
    candidates are selected, too, while other drafts wait for replies.
    `forms_of_address` are those asked for, by target.
    """

    source: str
    targets: tuple[str, ...]
    candidates: int
    first: int
    translator: str
    name: str
    select_by_chrf: bool = False
    temperatures: tuple[float, ...] = ()
    forms_of_address: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, draft: Draft, prompter: Prompter) -> None:
        prompter.stage = "translate"
        slots = [(target, self.first + share) for target in self.targets for share in range(self.candidates)]
        made = await _all([self._candidate(draft.response, target, number, prompter) for target, number in slots])
        for (target, _), candidate in zip(slots, made, strict=True):
            draft.candidates.setdefault(target, []).append(candidate)
        if self.select_by_chrf:
            draft.selections = {target: selection.by_chrf(found) for target, found in draft.candidates.items()}

    async def _candidate(self, text: str, target: str, number: int, prompter: Prompter) -> Candidate:
        segments = translate.segments(text)
        try:
            translated = await _all(
                [
                    self._segment(segment.text, target, number, prompter)
                    if segment.translate
                    else _unchanged(segment.text)
                    for segment in segments
                ]
            )
        except Unreadable as error:
            return Candidate(error.text, self.translator, Fault(error.reason))
        except Refused as error:
            return Candidate("", self.translator, Fault(REFUSED, error.reason))
        whole = translate.joined(segments, translated)
        return Candidate(whole, self.translator, self._fault(text, whole, target))

    def _fault(self, text: str, translated: str, target: str) -> Fault | None:
        """What is wrong with a translation: its form, or what the filters find in it alone."""
        if form := translation_faults.fault(text, translated, target):
            return form
        drop = _drop(translated, target) or filters.untranslated(text, translated, self.source, target)
        drop = drop or filters.length_ratio(text, translated, self.source, target)
        if drop:
            return Fault(drop.reason, drop.detail)
        varieties = self.source.partition("-")[0] == target.partition("-")[0]
        copied = None if varieties else translation_faults.copy(text, translated)
        return copied or translation_faults.lost_breaks(text, translated) or self._address(translated, target)

    def _address(self, translated: str, target: str) -> Fault | None:
        if (form := self.forms_of_address.get(target)) and (found := address.other(translated, target, form)):
            return Fault("form of address", f"{', '.join(found[:5])}, and {form} was asked for")
        return None

    async def _segment(self, text: str, target: str, number: int, prompter: Prompter) -> str:
        limit = TRANSLATION_TOKENS + int(TOKENS_PER_CHARACTER * filters.weighted_length(text, self.source))
        return await prompter.ask(
            translate.messages(text, self.source, target, self.forms_of_address.get(target, "")),
            translate.read,
            sample=number,
            language=target,
            temperature=self.temperatures[number % len(self.temperatures)] if self.temperatures else None,
            max_tokens=min(4 * prompter.max_tokens, limit),
        )


@dataclass(frozen=True, slots=True)
class SelectTranslation:
    """The judge selects the best of the usable candidates, shown in an order drawn by the seed."""

    source: str
    seed: int
    name: str = "select"

    async def __call__(self, draft: Draft, prompter: Prompter) -> None:
        selected = await _all([self._best(draft, target, prompter) for target in draft.candidates])
        draft.selections = dict(zip(draft.candidates, selected, strict=True))

    async def _best(self, draft: Draft, target: str, prompter: Prompter) -> Selection:
        candidates = draft.candidates[target]
        usable = selection.usable(candidates)
        if len(usable) < 2:
            return selection.the_only(candidates)
        shown = [usable[place] for place in select.order(f"{draft.id} {target}", len(usable), self.seed)]
        texts = [candidates[index].text for index in shown]
        try:
            place = await prompter.ask(
                select.messages(draft.instruction, draft.response, texts, self.source, target),
                lambda reply: select.read(reply, len(texts)),
                temperature=0.0,
                max_tokens=SELECT_TOKENS,
                language=target,
            )
        except (Unreadable, Refused):
            # A judge that cannot select is no reason to lose a good translation.
            return selection.by_chrf(candidates)
        return selection.by_index("judge", candidates, shown[place])


def _instruction(reply: str, language: str) -> str | None:
    """The instruction in a reply.

    None for one that talks about itself, which is asked for again.
    """
    found = instruct.read(reply)
    return found if found and filters.leaked(found, language) is None else None


def _drop(text: str, language: str) -> filters.Drop | None:
    """Why a text is dropped that is looked at alone."""
    return filters.wrong_language(text, language) or filters.repetition(text) or filters.leaked(text, language)


async def _unchanged(text: str) -> str:
    return text


async def _all(awaitables: Sequence[Awaitable[T]]) -> list[T]:
    """All results; where some fail, raises the first failure.

    Not before all are done, so that no paid reply is lost.
    """
    found = await asyncio.gather(*awaitables, return_exceptions=True)
    for result in found:
        if isinstance(result, BaseException):
            raise result
    return [result for result in found if not isinstance(result, BaseException)]
