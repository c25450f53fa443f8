"""Control pairs: a reference answer, and a version of it that is worse by construction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from xl_alpacaeval_metric import templates
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.judge_check import corruptions
from xl_alpacaeval_metric.records.judgements import Comparison

Kind = Literal["other_prompt", "other_language", "cut", "loop", "garbled", "half_english", "padded", "same", "shuffled"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WORSE: tuple[Kind, ...] = KINDS[:6]
"""The kinds that are worse by construction, and alone count as right or wrong.

A padded answer says the same at greater length: who prefers it has a taste for length. Sentences in
another order are not always worse. And of an answer and itself neither is better.
"""
SMALL: tuple[Kind, ...] = (*WORSE[:5], "padded")
"""The kinds of the small form, which runs before a judge is used."""
MIN_LENGTH = 40
"""Letters that a reference needs to be made worse, a third of that where no spaces are set."""


@dataclass(frozen=True, slots=True)
class ControlText:
    """A reference answer in `language` to the instruction of the prompt `id`."""

    id: str
    language: str
    instruction: str
    text: str


@dataclass(frozen=True, slots=True)
class ControlPair:
    """A pair of answers to one prompt; `right` is the reference, `wrong` its corruption."""

    kind: Kind
    id: str
    language: str
    instruction: str
    wrong: str
    right: str

    @property
    def comparison(self) -> Comparison:
        """The pair as the judge gets it: the wrong answer as a candidate's."""
        return Comparison(f"{self.kind}:{self.id}", self.language, self.instruction, self.wrong, self.right, self.id)


class ControlTexts:
    """The reference answers that pairs are made of, by language and prompt."""

    def __init__(self, texts: Iterable[ControlText]) -> None:
        self._texts: dict[str, dict[str, ControlText]] = {}
        for text in texts:
            if _is_long_enough(text.text):
                self._texts.setdefault(text.language, {}).setdefault(text.id, text)

    def prompts(self, language: str, seed: int = 0) -> list[str]:
        """The ids of the prompts with an answer in a language, in an order drawn by a seed."""
        return sorted(self._texts.get(language, ()), key=lambda key: (templates.digest(str(seed), key), key))

    def pairs(self, language: str, kinds: Sequence[Kind], n: int, seed: int = 0) -> list[ControlPair]:
        """The pairs of these kinds on the first `n` prompts, prompt by prompt.

        A kind that a prompt has no texts for is left out.
        """
        found = []
        for number, key in enumerate(self.prompts(language, seed)[:n]):
            text = self._texts[language][key]
            for kind in kinds:
                wrong = self._wrong(text, kind, number)
                if wrong is not None and (kind == "same") == (wrong.strip() == text.text.strip()):
                    found.append(ControlPair(kind, key, language, text.instruction, wrong, text.text))
        return found

    def _wrong(self, text: ControlText, kind: Kind, number: int) -> str | None:
        match kind:
            case "other_prompt":
                return self._of_other_prompt(text)
            case "other_language":
                return self._in_other_language(text, number)
            case "half_english":
                english = None if text.language == "en" else self._texts.get("en", {}).get(text.id)
                return None if english is None else corruptions.half_in(text.text, english.text)
            case "shuffled":
                return corruptions.shuffled(text.text, number) if len(corruptions.sentences(text.text)) > 2 else None
            case "padded":
                return corruptions.padded(text.text, number)
            case "same":
                return text.text
        return {"cut": corruptions.cut, "loop": corruptions.loop, "garbled": corruptions.garbled}[kind](text.text)

    def _of_other_prompt(self, text: ControlText) -> str | None:
        """The answer to another prompt that is nearest in length."""
        others = [
            other.text
            for other in self._texts[text.language].values()
            if other.instruction != text.instruction and other.text.strip() != text.text.strip()
        ]
        return min(others, key=lambda other: (abs(len(other) - len(text.text)), other), default=None)

    def _in_other_language(self, text: ControlText, number: int) -> str | None:
        """The same prompt's answer in English or, for every second prompt, in another language.

        Of the others it is one of those of nearest length. Longer answers are shortened.
        """
        others = [
            corruptions.trimmed(of[text.id].text, len(text.text))
            for code, of in sorted(self._texts.items(), key=lambda entry: (entry[0] != "en", entry[0]))
            if code.split("-")[0] != text.language.split("-")[0] and text.id in of
        ]
        if not others:
            return None
        if number % 2 == 0 and "en" in self._texts and text.language != "en" and text.id in self._texts["en"]:
            return others[0]
        near = sorted(others, key=lambda other: abs(len(other) - len(text.text)))[:4]
        return near[number // 2 % len(near)]


def controls_hash(pairs: Iterable[ControlPair]) -> str:
    """Eight hex digits of the SHA-256 of all pairs, in any order."""
    texts = sorted((pair.kind, pair.id, pair.language, pair.instruction, pair.wrong, pair.right) for pair in pairs)
    return jsonl.short_hash(texts)


def left_out(pairs: Mapping[str, Sequence[ControlPair]], kinds: Sequence[Kind]) -> dict[Kind, list[str]]:
    """The kinds that some languages have no pair of, with these languages."""
    found = {kind: [code for code, of in pairs.items() if all(pair.kind != kind for pair in of)] for kind in kinds}
    return {kind: codes for kind, codes in found.items() if codes}


def _is_long_enough(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    unspaced = 2 * len(text.split()) < letters / 8
    return letters >= (MIN_LENGTH / 3 if unspaced else MIN_LENGTH) and corruptions.cut(text) != text
