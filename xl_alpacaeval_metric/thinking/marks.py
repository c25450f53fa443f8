"""What opens and what closes a thought.

Marks are recognised by their form: a bracket around a name that says that it is a thought. Marks
of another form are listed. A chat template or a tokenizer tells which of them a model has.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_BRACKETS = {"<|": "|>", "<": ">", "◁": "▷", "＜": "＞", "[": "]", "【": "】", "〈": "〉"}
_IN_PROSE = frozenset("[【〈")
"""Brackets of prose: a name in them is no mark unless it is closed or a model has it."""
_WORDS = (
    r"(?:think(?:ing)?|thoughts?|reason(?:ing|s)?|reflect(?:ions?|ing)?|scratch_?pads?|monologues?"
    # Not <Thinker> or <thoughtful ...>.
    r"|deliberat(?:e|ions?|ing)|working_out)(?:process|trace|steps?|block)?(?![a-z])"
)
_NAME = rf"(?!end_|\w{{0,30}}_end\b)(?:[\w:.-]{{0,30}}?{_WORDS}[\w:.-]{{0,30}}|cot|analysis)"
_PLAIN_NAME = r"(?:\w{1,20}[:_])?(?:think|thinking|thought|reasoning)"
_LEFT, _RIGHT = r"(?:<\||[<◁＜\[【〈])", r"(?:\|>|[>▷＞\]】〉])"
_ATTRIBUTES = r"(?:\s[^<>\[\]\n]{0,100}(?<!/))?"

OPENING = re.compile(rf"(?P<left>{_LEFT})(?P<name>{_NAME}){_ATTRIBUTES}(?P<right>{_RIGHT})", re.IGNORECASE)
"""An opening mark by its form: <think>, <seed:think>, [THINK], <|begin_of_thought|>, ..."""
_CLOSING_NAME = rf"/\s?(?:[\w:.-]{{0,30}}?{_WORDS}[\w:.-]{{0,30}}|cot|analysis)"
_END_NAME = rf"end_[\w]{{0,30}}?{_WORDS}[\w]{{0,30}}|\w{{0,30}}?{_WORDS}\w{{0,30}}?_end"
_CLOSING = rf"{_LEFT}(?:{_CLOSING_NAME}|{_END_NAME})\s?{_RIGHT}"
_LONE = rf"{_LEFT}(?:/\s?{_PLAIN_NAME}|{_END_NAME})\s?{_RIGHT}"
# What an element of a document begins with, and hardly a thought.
_ELEMENT = re.compile(r"\s*<[A-Za-z]")
# As Open WebUI keeps them, and as a page shows them. Where marks are escaped, a thought is a
# sentence, and the answer does not go on with it: the text may be about escaping.
_DETAILS = re.compile(r"<details\b[^<>\n]{0,200}?\btype=([\"']?)(?:reasoning|thinking)\1[^<>\n]{0,200}>", re.IGNORECASE)
_ESCAPED = re.compile(rf"&lt;(?P<name>{_PLAIN_NAME})&gt;(?=(?:[^&]|&(?!lt;))*\w[.!?…。！？])", re.IGNORECASE)
_BEGINS = re.compile(r"(?:start|begin)(?=_)|(?<=_)(?:start|begin)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Marks:
    """What opens and what closes a thought."""

    opening: str
    closing: str


LISTED = (
    Marks("[THINK]", "[/THINK]"),
    Marks("<|inner_prefix|>", "<|inner_suffix|>"),
    Marks("<|channel>thought", "<channel|>"),
    Marks("<unused94>thought", "<unused95>"),
)
"""Marks that their form does not tell, and one in brackets of prose that several models share."""

PHRASES = (
    Marks("Here is my thought process:", "Here is my response:"),
    Marks("Here's my thought process:", "Here's my response:"),
)
"""Sentences that a template asks for; anybody may write the first, so both have to be there."""


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening mark in a text, up to `end`, and the pattern of what closes it.

    `certain` says that it opens a thought even where nothing closes it, `plain` that hardly another
    element of an XML or HTML document has its name.
    """

    text: str
    end: int
    closing: re.Pattern[str]
    certain: bool = True
    plain: bool = True


def opening_at(text: str, at: int, marks: Sequence[Marks]) -> Opening | None:
    """The opening mark at a place of the text; `marks` are those that the model has."""
    for mark in (*marks, *LISTED, *PHRASES):
        if text.startswith(mark.opening, at):
            closing = re.compile(re.escape(mark.closing), re.IGNORECASE)
            return Opening(mark.opening, at + len(mark.opening), closing, mark not in PHRASES)
    if found := _DETAILS.match(text, at):
        return Opening(found[0], found.end(), re.compile("</details>", re.IGNORECASE), plain=False)
    if found := _ESCAPED.match(text, at):
        closing = re.compile(rf"(?i:&lt;/{re.escape(found['name'])}&gt;)(?![ \t]*[a-z.,;:])")
        return Opening(found[0], found.end(), closing, certain=False, plain=False)
    found = OPENING.match(text, at)
    if found is None or _BRACKETS[found["left"]] != found["right"]:
        return None
    left, right = found["left"], found["right"]
    names = [rf"/\s?{re.escape(found['name'])}"]
    if ended := _ended(found["name"]):
        names.append(re.escape(ended))
    pattern = rf"{re.escape(left)}(?:{'|'.join(names)})\s?{re.escape(right)}"
    plain = left == "<|" or re.fullmatch(_PLAIN_NAME, found["name"], re.IGNORECASE) is not None
    if not plain and _ELEMENT.match(text, found.end()):
        return None
    return Opening(found[0], found.end(), re.compile(pattern, re.IGNORECASE), left not in _IN_PROSE, plain)


def any_closing(marks: Sequence[Marks]) -> re.Pattern[str]:
    """The pattern of every closing mark."""
    return _closing(_CLOSING, marks)


def lone_closing(marks: Sequence[Marks]) -> re.Pattern[str]:
    """The pattern of closing marks that say without an opening one that a thought ends."""
    return _closing(_LONE, marks)


def _closing(form: str, marks: Sequence[Marks]) -> re.Pattern[str]:
    listed = "|".join(re.escape(mark.closing) for mark in (*marks, *LISTED))
    return re.compile(rf"{form}|{listed}", re.IGNORECASE)


def any_opening(marks: Sequence[Marks]) -> re.Pattern[str]:
    """The pattern of every opening mark; `opening_at` says whether it is one."""
    openings = "|".join(re.escape(mark.opening) for mark in (*marks, *LISTED))
    return re.compile(rf"(?:{OPENING.pattern})|{openings}", re.IGNORECASE)


def marks_of_template(template: str) -> list[Marks]:
    """The marks of thoughts that a chat template or a list of special tokens mentions.

    A template may name only what closes a thought.
    """
    return list(dict.fromkeys(_marks_in(template)))


def _marks_in(template: str) -> Iterator[Marks]:
    for left, slash, name, right in re.findall(rf"({_LEFT})(/?)({_NAME})\s*({_RIGHT})", template, re.IGNORECASE):
        if _BRACKETS[left] == right:
            ended = None if slash else _ended(name)
            yield Marks(f"{left}{name}{right}", f"{left}{ended or '/' + name}{right}")


def _ended(name: str) -> str | None:
    """The name of the closing mark for a name that says "start" or "begin": END_THINKING."""
    ended, n = _BEGINS.subn(lambda found: "END" if found[0].isupper() else "end", name)
    return ended if n else None
