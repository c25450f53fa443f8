"""What a page of the docs holds: prose, code, and calls of our commands."""

import re
import shlex
from collections.abc import Iterator

PROGRAMS = {"xl-alpacaeval": "xl_alpacaeval_metric.cli", "xl-instruct": "xl_instruct_dataset.cli"}
SEPARATORS = (";", "&&", "||", "|", "&", ">")
BEFORE = ("$", "do", "export")
"""What may stand before the name of a program: a prompt, a loop, a variable."""


def lines_outside_code(text: str) -> Iterator[tuple[int, str]]:
    """The numbered lines that are neither front matter nor in a fence of code."""
    fence, front = False, text.startswith("---\n")
    for number, line in enumerate(text.splitlines(), 1):
        if front:
            front = number == 1 or line != "---"
        elif line.lstrip().startswith("```"):
            fence = not fence
        elif not fence:
            yield number, line


def lines_of_code(text: str) -> Iterator[str]:
    """The lines in fences of code, those that end in a backslash joined with the next."""
    fence, begun = False, ""
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fence, begun = not fence, ""
        elif fence:
            begun += line.removesuffix("\\")
            if not line.endswith("\\"):
                yield begun
                begun = ""


def commands_in(line: str) -> Iterator[list[str]]:
    """The words of each call of our commands in a line of shell."""
    try:
        words = shlex.split(line.replace("$(", " ; ").replace(")", " ; "), comments=True)
    except ValueError:  # A sentence with an apostrophe, the reply of a program.
        return
    call: list[str] = []
    for word in [*words, ";"]:
        if word not in SEPARATORS:
            if call or not (word in BEFORE or re.match(r"[A-Z_]+=", word)):
                call.append(word)
            continue
        if call and call[0] in PROGRAMS:
            yield call
        call = []
