"""The word forms of a Hunspell dictionary: every stem with the suffixes that its flags allow.

Prefixes, compounds and what an affix forbids are left out (the format: man 5 hunspell).
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple


class _Suffix(NamedTuple):
    """What is taken off a word that matches, what is added, and the flags of the new form."""

    off: str
    added: str
    condition: re.Pattern[str]
    flags: list[str]


def of_dictionary(stem: Path) -> dict[bool, set[str]]:
    """The forms in lower case, of names (True) and of other words, of `stem`.aff and `stem`.dic."""
    encoded = stem.with_suffix(".aff").read_bytes()
    encoding = (re.search(rb"^SET (\S+)", encoded, re.MULTILINE) or [b"", b"latin-1"])[1].decode()
    rules = encoded.decode(encoding)
    kind = (re.search(r"^FLAG (\w+)", rules, re.MULTILINE) or ["", ""])[1]
    aliases = re.findall(r"^AF (\S+)", rules, re.MULTILINE)[1:]

    def flags(text: str) -> list[str]:
        text = aliases[int(text) - 1] if aliases and text.isdigit() else text
        return text.split(",") if kind == "num" else re.findall("..?" if kind == "long" else ".", text)

    suffixes: dict[str, list[_Suffix]] = defaultdict(list)
    for name, off, added, rest in re.findall(r"^SFX +(\S+) +([^YN\s]\S*) +(\S+)(.*)$", rules, re.MULTILINE):
        added, _, more = added.partition("/")
        condition = re.compile(f"{(rest.split() or ['.'])[0]}$")
        suffixes[name].append(_Suffix(off.replace("0", ""), added.replace("0", ""), condition, flags(more)))
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for line in stem.with_suffix(".dic").read_text(encoding=encoding).splitlines()[1:]:
        written, _, of_word = re.split(r"\s", line, maxsplit=1)[0].partition("/")
        forms, new = found[written != written.lower()], [(written.lower(), flags(of_word))]
        while new:
            word, those = new.pop()
            forms.add(word)
            for suffix in (suffix for flag in those for suffix in suffixes.get(flag, ())):
                if word.endswith(suffix.off) and suffix.condition.search(word):
                    new.append((f"{word.removesuffix(suffix.off)}{suffix.added}", suffix.flags))
    return found
