"""A model's text taken apart into its thought and its answer.

Models that reason write a thought before the answer, between marks that their chat template or
tokenizer defines. Known marks are listed here; other tags of the same form are added by
`marks_of_template`, so that no list of model names is needed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """What opens and what closes a thought."""

    opening: str
    closing: str


@dataclass(frozen=True, slots=True)
class Split:
    """A text's `thought` ("" for none) and `answer`. `finished` is False if the thought never ends.

    The answer of an unfinished thought is empty.
    """

    thought: str
    answer: str
    finished: bool = True


@dataclass(frozen=True, slots=True)
class Thinking:
    """The thoughts of `n` answers: how many never ended, their mean length, their languages.

    `avg_tokens` is None where tokens were not counted. `languages` maps codes to percent of the
    thoughts, by the language that most of a thought is in; "und" is none that was identified.
    """

    n: int
    unfinished: int
    avg_tokens: float | None
    languages: Mapping[str, float]


_TAG_NAMES = r"think(?:ing|s)?|thoughts?|reasoning|reflection|scratchpad|inner_monologue|cot"
_NAMESPACE = r"(?:[A-Za-z0-9_]+:)?"
KNOWN = (
    Marks("[THINK]", "[/THINK]"),
    Marks("◁think▷", "◁/think▷"),
    Marks("<|begin_of_thought|>", "<|end_of_thought|>"),
    Marks("<|START_THINKING|>", "<|END_THINKING|>"),
    Marks("<|inner_prefix|>", "<|inner_suffix|>"),
    Marks("<|channel>thought", "<channel|>"),
    Marks("<unused94>thought", "<unused95>"),
)
"""Marks that are not XML tags. Tags such as <think>, <reasoning> and <seed:think> go by pattern."""

_OPENING_TAG = re.compile(rf"<({_NAMESPACE}(?:{_TAG_NAMES}))\s*>", re.IGNORECASE)
_CLOSING_TAG = re.compile(rf"</({_NAMESPACE}(?:{_TAG_NAMES}))\s*>", re.IGNORECASE)

# Harmony: <|start|>assistant<|channel|>analysis<|message|>THOUGHT<|end|>
#          <|start|>assistant<|channel|>final<|message|>ANSWER<|return|>
_HARMONY = re.compile(r"<\|channel\|>[ \t]*(\w+)[^<]{0,200}(?:<\|constrain\|>[^<]{0,200})?<\|message\|>")
_HARMONY_END = re.compile(r"<\|(?:end|return|call|start)\|>")
_HARMONY_START = re.compile(r"\s*(?:<\|start\|>)?(?:assistant)?[^<\s]{0,50}\s*")
# The same after a decoder has removed the special tokens: analysisTHOUGHTassistantfinalANSWER.
_HARMONY_BARE = re.compile(r"\A\s*analysis(?=[^a-z\s]|\s)?(.*?)assistant\s*final(.*)\Z", re.DOTALL)

# Marks around the answer that some of these formats have, too.
_ANSWER_MARKS = (
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<answer>", "</answer>"),
    ("<response>", "</response>"),
)


def split(text: str, *, opened: bool = False, marks: Sequence[Marks] = ()) -> Split:
    """Take the thought at the beginning of `text` off.

    `opened`: the prompt ended with the opening mark, so the text begins inside the thought. Without
    it a closing mark that no opening one precedes is taken for the end of a thought, too, unless it
    is quoted as code. `marks` are looked for beside the known ones. Marks further down belong to an
    answer about such marks. Several thoughts in a row are joined by a blank line.
    """
    if (found := _harmony(text)) is not None:
        return found
    every = (*marks, *KNOWN)
    thoughts: list[str] = []
    rest, inside = text, opened
    while True:
        stripped = rest.lstrip()
        closing = _closing_of(stripped, every)
        if closing is not None:
            opening, end = closing
            stripped = stripped[len(opening) :]
        elif inside:
            end = _any_closing(every)
        else:
            break
        at = end.search(stripped)
        if at is None:
            return Split("\n\n".join((*thoughts, stripped.strip())), "", finished=False)
        thoughts.append(stripped[: at.start()].strip())
        rest, inside = stripped[at.end() :], False
    if not thoughts and (at := _lone_closing(text, every)) is not None:
        thoughts, rest = [text[: at.start()].strip()], text[at.end() :]
    if not thoughts:
        return Split("", text)
    return Split("\n\n".join(filter(None, thoughts)), _unwrapped(rest.strip()))


def marks_of_template(template: str) -> list[Marks]:
    """The marks of thoughts that a chat template or a list of special tokens mentions.

    Any pair `<NAME>`, `</NAME>` (also with square brackets or other brackets) counts whose name
    says that it is a thought.
    """
    found = []
    for left, name in re.findall(
        rf"([<\[◁〈【])/?({_NAMESPACE}(?:{_TAG_NAMES}))\s*(?=[>\]▷〉】])", template, re.IGNORECASE
    ):
        close = {"<": ">", "[": "]", "◁": "▷", "〈": "〉", "【": "】"}[left]
        found.append(Marks(f"{left}{name}{close}", f"{left}/{name}{close}"))
    return list(dict.fromkeys(found))


def opens_thought(prompt: str, marks: Sequence[Marks] = ()) -> bool:
    """Whether a prompt ends with an opening mark, so that the reply begins inside the thought."""
    end = prompt.rstrip()
    if any(end.endswith(mark.opening) for mark in (*marks, *KNOWN)):
        return True
    *_, last = [None, *_OPENING_TAG.finditer(end)]
    return last is not None and last.end() == len(end)


def _closing_of(text: str, marks: Sequence[Marks]) -> tuple[str, re.Pattern[str]] | None:
    """The opening mark that `text` begins with, and what closes it."""
    for mark in marks:
        if text.startswith(mark.opening):
            return mark.opening, re.compile(re.escape(mark.closing))
    found = _OPENING_TAG.match(text)
    if found is None:
        return None
    return found[0], re.compile(rf"</{re.escape(found[1])}\s*>", re.IGNORECASE)


def _any_closing(marks: Sequence[Marks]) -> re.Pattern[str]:
    closings = "|".join(re.escape(mark.closing) for mark in marks)
    return re.compile(rf"{_CLOSING_TAG.pattern}|{closings}", re.IGNORECASE)


def _lone_closing(text: str, marks: Sequence[Marks]) -> re.Match[str] | None:
    """The first closing mark, if no opening one precedes it and it is not quoted as code."""
    found = _any_closing(marks).search(text)
    if found is None:
        return None
    before = text[: found.start()]
    if _OPENING_TAG.search(before) or any(mark.opening in before for mark in marks):
        return None
    quoted = "`" in text[max(0, found.start() - 1) : found.end() + 1]
    fenced = len(re.findall(r"^[ \t]*(?:```|~~~)", before, re.MULTILINE)) % 2 == 1
    return None if quoted or fenced else found


def _harmony(text: str) -> Split | None:
    heads = list(_HARMONY.finditer(text))
    if not heads:
        bare = _HARMONY_BARE.match(text)
        return Split(bare[1].strip(), bare[2].strip()) if bare else None
    if not _HARMONY_START.fullmatch(text[: heads[0].start()]):
        return None
    thoughts: list[str] = []
    answers: list[str] = []
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : following.start() if following else len(text)]
        end = _HARMONY_END.search(body)
        part = body[: end.start()] if end else body
        (answers if head[1] == "final" else thoughts).append(part.strip())
    thought = "\n\n".join(filter(None, thoughts))
    return Split(thought, "\n\n".join(answers), finished=bool(answers))


def _unwrapped(answer: str) -> str:
    """The answer without marks around the whole of it."""
    for opening, closing in _ANSWER_MARKS:
        if answer.startswith(opening):
            answer = answer[len(opening) :].strip()
            if answer.endswith(closing):
                answer = answer[: -len(closing)].strip()
    return answer
