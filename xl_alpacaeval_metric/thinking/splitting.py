"""A model's text taken apart into its thought and its answer.

Models that reason write a thought before the answer, and some write more of them in between.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric.thinking.harmony import channels
from xl_alpacaeval_metric.thinking.lead_in import is_followed_by_answer, is_lead_in
from xl_alpacaeval_metric.thinking.marks import Marks, Opening, any_closing, any_opening, lone_closing, opening_at

# What a server that keeps special tokens leaves before the thought: <|im_start|>assistant.
_HEAD = re.compile(
    r"(?:\s|\ufeff|\u200b|<\|\w{1,30}\|>|<｜\w{1,30}｜>|<(?:s|bos)>|<\w{1,20}_of_turn>|\b(?:assistant|model)\b:?)+",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s*")
_QUOTED_LINE = r"^[ \t>]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?"
_CODE = rf"(?P<code>{_QUOTED_LINE}(?P<fence>`{{3,}}|~{{3,}}).*?(?:^[ \t>]*(?P=fence)|\Z)|`[^`\n]+`)"
# A sentence about a mark that ends with it: a thought would stop at a word, not at a space.
_PUNCTUATION = re.compile(r"[.,;:!)\]\"'”»。]+\s*")
_MARK_AS_WORD = re.compile(r"[^\n]* [<\[◁]\S{3,40}")
_SHORT_SENTENCE = re.compile(r"[^\n]{0,100}\w ")
_QUOTE_BEFORE = re.compile(r"(?:(?:^|[\s(])(?:[\"'“„«»‘]|\*{1,3})|[「『（])\Z")
_QUOTE_AFTER = re.compile(r"(?:[\"'”“»«’]|\*{1,3})(?:[\s.,;:!?)]|\Z)|[」』）]")
_LETTER = re.compile(r"\W*\w\W*")
_LINE = 200
"""Characters of a line that are looked at on each side of a mark for what quotes it."""
_MOST_PLACES = 20
"""Repetitions of an answer that `place_of_answer` tries, the last ones of the text."""
# Marks around the answer that some of these formats have, too.
_ANSWER_MARKS = (
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<|begin_of_box|>", "<|end_of_box|>"),
    ("<answer>", "</answer>"),
    ("<response>", "</response>"),
    ("<solution>", "</solution>"),
    ("<output>", "</output>"),
    ("<final_answer>", "</final_answer>"),
)


@dataclass(frozen=True, slots=True)
class Split:
    """A text's `thought` ("" for none) and `answer`. `finished` is False if the thought never ends.

    The answer of an unfinished thought is empty.
    """

    thought: str
    answer: str
    finished: bool = True


def split(text: str, *, opened: bool = False, marks: Sequence[Marks] = (), anywhere: bool = False) -> Split:
    """Take the thoughts of a text off; several are joined by a blank line.

    `opened`: the prompt ended with the opening mark, so the text begins inside the thought. Without
    it a closing mark that no opening one precedes is taken for the end of a thought, too, unless it
    is quoted. `marks` are looked for beside those that their form tells. A thought further down is
    taken off where its mark is that of the first one or begins a line, or where a word or two
    precede it (`lead_in`); other marks belong to an answer about such marks, or to a document that
    the answer holds. Where a text cannot be such an
    answer, as a judge's reply, `anywhere` takes off these, too, unless they are code, and one that
    never ends after a letter.
    """
    if (found := channels(text)) is not None:
        thoughts, answers = found
        return Split("\n\n".join(filter(None, thoughts)), "\n\n".join(answers), finished=bool(answers))
    thoughts, at, mark = [], 0, None
    if opened and _first_opening(text, 0, marks) is None:
        end = _closing_in(text, 0, any_closing(marks))
        if end is None:
            return Split(text.strip(), "", finished=False)
        thoughts, at = [text[: end.start()].strip()], end.end()
    while (opening := _first_opening(text, at, marks)) is not None:
        end = _closing_in(text, opening.end, opening.closing)
        if end is None and not opening.certain:
            break
        if end is None:
            return Split("\n\n".join((*thoughts, text[opening.end :].strip())), "", finished=False)
        end = _last_closing(text, opening, end, marks)
        thoughts.append(text[opening.end : end.start()].strip())
        at, mark = end.end(), opening.text
    if not thoughts and (lone := _lone_closing(text, marks)) is not None:
        thoughts, at = [text[: lone.start()].strip()], lone.end()
    if thoughts and (
        repeated := re.compile(rf"(?:\s*(?:{any_closing(marks).pattern}))+", re.IGNORECASE).match(text, at)
    ):
        at = repeated.end()
    further, answer = _taken_out(text[at:], mark, marks, thinks=bool(thoughts), anywhere=anywhere)
    if (not thoughts and not further) or (not opened and _about_a_mark(text, answer)):
        return Split("", text)
    return Split("\n\n".join(filter(None, (*thoughts, *further))), _unwrapped(answer.strip()))


def place_of_answer(text: str, answer: str) -> int | None:
    """The place in a judge's reply of the answer that `split` takes out of it `anywhere`.

    None where a thought interrupts it, where it is empty, and if it is repeated in many places.
    """
    places = [found.start() for found in re.finditer(re.escape(answer), text)] if answer else []
    if len(places) == 1:
        return places[0]
    for at in (*places[: -_MOST_PLACES - 1 : -1], *places[:1]):
        if split(f"{text[:at]}\0{text[at + len(answer) :]}", anywhere=True).answer == "\0":
            return at
    return None


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


def _first_opening(text: str, at: int, marks: Sequence[Marks]) -> Opening | None:
    """The opening mark that a text begins with there, after what stands before an answer anyway."""
    space = _SPACE.match(text, at)
    if space is not None and (found := opening_at(text, space.end(), marks)) is not None:
        return found
    head = _HEAD.match(text, at)
    return None if head is None else opening_at(text, head.end(), marks)


def _closing_in(text: str, at: int, closing: re.Pattern[str]) -> re.Match[str] | None:
    """The first closing mark from there on that is not quoted; the first one if all are."""
    found = (found for found in closing.finditer(text, at) if not _quoted(text, found))
    return next(found, None) or closing.search(text, at)


def _last_closing(text: str, opening: Opening, end: re.Match[str], marks: Sequence[Marks]) -> re.Match[str]:
    """The last closing mark of a thought that repeats its opening one; not all are closed."""
    for _ in range(text.count(opening.text, opening.end, end.start())):
        further = opening.closing.search(text, end.end())
        if further is None or any_opening(marks).search(text, end.end(), further.start()):
            break
        end = further
    return end


def _lone_closing(text: str, marks: Sequence[Marks]) -> re.Match[str] | None:
    """The first closing mark that is not quoted, if no opening one precedes it."""
    found = next((found for found in lone_closing(marks).finditer(text) if not _quoted(text, found)), None)
    if found is None:
        return None
    before = text[: found.start()]
    about_the_mark = _SHORT_SENTENCE.fullmatch(before) and text.startswith(" ", found.end())
    if about_the_mark or any_opening(marks).search(before):
        return None
    fenced = len(re.findall(r"^[ \t]*(?:```|~~~)", before, re.MULTILINE)) % 2 == 1
    return None if fenced else found


def _quoted(text: str, found: re.Match[str]) -> bool:
    """Whether a mark is in code, quotation marks or emphasis of its own, or escaped."""
    before = text[max(0, found.start() - _LINE) : found.start()].rpartition("\n")[2]
    after = text[found.end() : found.end() + _LINE].partition("\n")[0]
    if before.endswith("\\") or (before.count("`") % 2 == 1 and "`" in after):
        return True
    return bool(_QUOTE_BEFORE.search(before[-4:]) and _QUOTE_AFTER.match(after))


def _about_a_mark(text: str, answer: str) -> bool:
    """Whether a text is one line that ends with a mark as its last word, and a full stop."""
    return bool(_PUNCTUATION.fullmatch(answer) and _MARK_AS_WORD.fullmatch(text.strip()))


def _taken_out(
    answer: str, mark: str | None, marks: Sequence[Marks], *, thinks: bool, anywhere: bool
) -> tuple[list[str], str]:
    """The thoughts inside an answer, whose first thought had the opening `mark`, and the rest.

    `thinks` says that there was a first thought, `anywhere` is that of `split`.
    """
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
        # In a document an element is indented.
        begins_line = found.start() == 0 or answer[found.start() - 1] == "\n"
        led_in = opening.certain and opening.plain and is_lead_in(answer, found.start())
        known = anywhere or opening.text == mark or (begins_line and (thinks or opening.plain))
        if not known and not led_in:
            continue
        end = opening.closing.search(answer, opening.end)
        if not known and not (
            end and is_followed_by_answer(answer[opening.end : end.start()].strip(), answer[end.end() :], marks)
        ):
            continue
        if end is None:
            # Not "A <think> tag is left in it".
            begins = opening.certain and not answer.startswith(" ", opening.end)
            if anywhere and begins and _LETTER.fullmatch(answer, 0, found.start()):
                return [answer[opening.end :].strip()], answer[: found.start()]
            unclosed.add(opening.text)
            continue
        thoughts.append(answer[opening.end : end.start()].strip())
        kept.append(answer[done : found.start()])
        two_spaces = led_in and answer[found.start() - 1].isspace() and answer.startswith(" ", end.end())
        done = at = end.end() + two_spaces
    return thoughts, "".join((*kept, answer[done:]))


def _unwrapped(answer: str) -> str:
    """The answer without marks around the whole of it."""
    for opening, closing in _ANSWER_MARKS:
        if answer[: len(opening)].lower() == opening.lower():
            answer = answer[len(opening) :].strip()
            if answer[-len(closing) :].lower() == closing.lower():
                answer = answer[: -len(closing)].strip()
    return answer
