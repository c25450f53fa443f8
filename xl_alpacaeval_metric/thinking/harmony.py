"""Thoughts and answers in the channels of the harmony format.

<|start|>assistant<|channel|>analysis<|message|>THOUGHT<|end|>
<|start|>assistant<|channel|>final<|message|>ANSWER<|return|>
"""

import re

_CHANNEL = re.compile(r"<\|channel\|>[ \t]*(\w+)[^<]{0,200}(?:<\|constrain\|>[^<]{0,200})?<\|message\|>")
_END = re.compile(r"<\|(?:end|return|call|start)\|>")
_START = re.compile(r"\s*(?:<\|start\|>)?(?:assistant)?[^<\s]{0,50}\s*")
# The prompt has opened the first thought.
_OPENED = re.compile(r"(.*)<\|end\|>\s*<\|start\|>assistant\s*", re.DOTALL)
# The same after a decoder has removed the special tokens: analysisTHOUGHTassistantfinalANSWER.
_BARE = re.compile(r"\A\s*analysis(.*?)assistant(?:[ \t]*\n\s*)?final(.*)\Z", re.DOTALL)


def channels(text: str) -> tuple[list[str], list[str]] | None:
    """The thoughts and the answers of a text in this format; None for another text.

    Every channel but the final one is a thought.
    """
    heads = list(_CHANNEL.finditer(text))
    if not heads:
        bare = _BARE.match(text)
        return ([bare[1].strip()], [bare[2].strip()]) if bare else None
    begin = text[: heads[0].start()]
    opened = _OPENED.fullmatch(begin)
    if not opened and not _START.fullmatch(begin):
        return None
    thoughts = [opened[1].strip()] if opened else []
    answers: list[str] = []
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : following.start() if following else len(text)]
        end = _END.search(body)
        part = body[: end.start()] if end else body
        (answers if head[1] == "final" else thoughts).append(part.strip())
    return thoughts, answers
