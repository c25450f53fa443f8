"""A model's text taken apart into its thought and its answer.

Models that reason write a thought before the answer, and some write more of them in between.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric.thinking.harmony import channels
from xl_alpacaeval_metric.thinking.marks import Marks, Opening, any_closing, any_opening, opening_at

# What a server that keeps special tokens leaves before the thought: <|im_start|>assistant.
_HEAD = re.compile(r"(?:\s|\ufeff|\u200b|<\|\w{1,30}\|>|<\w{1,20}_of_turn>|\b(?:assistant|model)\b:?)+")
_CODE = r"(?P<code>^[ \t]*(?P<fence>```|~~~).*?(?:^[ \t]*(?P=fence)|\Z)|`[^`\n]+`)"
# Marks around the answer that some of these formats have, too.
_ANSWER_MARKS = (
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<|begin_of_box|>", "<|end_of_box|>"),
    ("<answer>", "</answer>"),
    ("<response>", "</response>"),
    ("<solution>", "</solution>"),
)


@dataclass(frozen=True, slots=True)
class Split:
    """A text's `thought` ("" for none) and `answer`. `finished` is False if the thought never ends.

    The answer of an unfinished thought is empty.
    """

    thought: str
    answer: str
    finished: bool = True


def split(text: str, *, opened: bool = False, marks: Sequence[Marks] = ()) -> Split:
    """Take the thoughts of a text off; several are joined by a blank line.

    `opened`: the prompt ended with the opening mark, so the text begins inside the thought. Without
    it a closing mark that no opening one precedes is taken for the end of a thought, too, unless it
    is quoted as code. `marks` are looked for beside those that their form tells. A thought further
    down is taken off where its mark is that of the first one or begins a line; other marks belong
    to an answer about such marks.
    """
    if (found := channels(text)) is not None:
        thoughts, answers = found
        return Split("\n\n".join(filter(None, thoughts)), "\n\n".join(answers), finished=bool(answers))
    thoughts, rest, mark = [], text, None
    if opened and _first_opening(text, marks) is None:
        end = any_closing(marks).search(text)
        if end is None:
            return Split(text.strip(), "", finished=False)
        thoughts, rest = [text[: end.start()].strip()], text[end.end() :]
    while (opening := _first_opening(rest, marks)) is not None:
        end = opening.closing.search(rest, opening.end)
        if end is None and not opening.certain:
            break
        if end is None:
            return Split("\n\n".join((*thoughts, rest[opening.end :].strip())), "", finished=False)
        end = _last_closing(rest, opening, end, marks)
        thoughts.append(rest[opening.end : end.start()].strip())
        rest, mark = rest[end.end() :], opening.text
    if not thoughts and (lone := _lone_closing(text, marks)) is not None:
        thoughts, rest = [text[: lone.start()].strip()], text[lone.end() :]
    further, answer = _taken_out(rest, mark, marks)
    if not thoughts and not further:
        return Split("", text)
    return Split("\n\n".join(filter(None, (*thoughts, *further))), _unwrapped(answer.strip()))


def opens_thought(prompt: str, marks: Sequence[Marks] = ()) -> bool:
    """Whether a prompt ends with an opening mark, so that the reply begins inside the thought."""
    end = prompt.rstrip()
    start = max(0, len(end) - 200)
    found = (opening_at(end, at.start(), marks) for at in any_opening(marks).finditer(end, start))
    return any(opening is not None and opening.end == len(end) for opening in found)


def closes_thought(prompt: str, marks: Sequence[Marks] = ()) -> bool:
    """Whether a prompt ends with a closing mark, by which a template turns thinking off."""
    end = prompt.rstrip()
    return any(found.end() == len(end) for found in any_closing(marks).finditer(end, max(0, len(end) - 200)))


def _first_opening(text: str, marks: Sequence[Marks]) -> Opening | None:
    """The opening mark that a text begins with, after what stands before an answer anyway."""
    start = len(text) - len(text.lstrip())
    if (found := opening_at(text, start, marks)) is not None:
        return found
    head = _HEAD.match(text)
    return None if head is None else opening_at(text, head.end(), marks)


def _last_closing(text: str, opening: Opening, end: re.Match[str], marks: Sequence[Marks]) -> re.Match[str]:
    """The last closing mark of a thought that repeats its opening one; not all are closed."""
    for _ in range(text.count(opening.text, opening.end, end.start())):
        further = opening.closing.search(text, end.end())
        if further is None or any_opening(marks).search(text, end.end(), further.start()):
            break
        end = further
    return end


def _lone_closing(text: str, marks: Sequence[Marks]) -> re.Match[str] | None:
    """The first closing mark, if no opening one precedes it and it is not quoted as code."""
    found = any_closing(marks).search(text)
    if found is None:
        return None
    before = text[: found.start()]
    if any_opening(marks).search(before):
        return None
    quoted = "`" in text[max(0, found.start() - 1) : found.end() + 1]
    fenced = len(re.findall(r"^[ \t]*(?:```|~~~)", before, re.MULTILINE)) % 2 == 1
    return None if quoted or fenced else found


def _taken_out(answer: str, mark: str | None, marks: Sequence[Marks]) -> tuple[list[str], str]:
    """The thoughts inside an answer, whose first thought had the opening `mark`, and the rest."""
    pattern = re.compile(rf"{_CODE}|(?:{any_opening(marks).pattern})", re.IGNORECASE | re.MULTILINE | re.DOTALL)
    thoughts: list[str] = []
    kept: list[str] = []
    unclosed: set[str] = set()
    done = at = 0
    while (found := pattern.search(answer, at)) is not None:
        at = found.end()
        opening = None if found["code"] else opening_at(answer, found.start(), marks)
        if opening is None or opening.text in unclosed:
            continue
        begins_line = not answer[answer.rfind("\n", 0, found.start()) + 1 : found.start()].strip()
        if opening.text != mark and not begins_line:
            continue
        end = opening.closing.search(answer, opening.end)
        if end is None:
            unclosed.add(opening.text)
            continue
        thoughts.append(answer[opening.end : end.start()].strip())
        kept.append(answer[done : found.start()])
        done = at = end.end()
    return thoughts, "".join((*kept, answer[done:]))


def _unwrapped(answer: str) -> str:
    """The answer without marks around the whole of it."""
    for opening, closing in _ANSWER_MARKS:
        if answer[: len(opening)].lower() == opening.lower():
            answer = answer[len(opening) :].strip()
            if answer[-len(closing) :].lower() == closing.lower():
                answer = answer[: -len(closing)].strip()
    return answer
