"""The verdict in a judge's text: A, B, or none where the text does not conclude.

A judge is asked for one letter, and many write more: a list of remarks on both answers, then a
conclusion. Only a conclusion counts. A letter that merely names an answer is no verdict, and a text
that contradicts itself has none.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from xl_alpacaeval_metric.judge.verdict import words
from xl_alpacaeval_metric.judge.verdict.claims import Claim, Letter, claims

_READ = 2000
"""Characters of a long reply that are read at either end."""
_RUN = re.compile(r"([^\w\s])\1{2,}")
_MARKER_CODE = re.compile(r"\b([AB])\s+[0-9a-f]{12}\b")
_MARKUP = re.compile(r"[*_`\"“”„«»「」『』#|]+|(?<!\w)['‘’]+|['‘’]+(?!\w)|</?\w+>|<\|[^\s<>|]+\|>")

_NOUN = r"(?:verdict|answer|choice|decision|judge?ment|winner|conclusion|result|preference|pick|selection)"
_NAME = r"(?:(?:answer|option|response|candidate|assistant)[\s_~]*)?"
# In these forms a letter is a verdict wherever it stands.
_FORMS = (
    re.compile(
        rf"\"(?:(?:final|overall|better|best|preferred|winning|chosen)[_\s])?(?:{_NOUN}|response|better|best|preferred)\"\s*:\s*\"{_NAME}([AB])\"",
        re.IGNORECASE,
    ),
    re.compile(r"\[\[\s*([AB])\s*\]\]"),
    re.compile(rf"<({_NOUN})>\s*{_NAME}([AB])\s*</\1>", re.IGNORECASE),
    re.compile(rf"\\boxed\s*\{{\s*(?:\\(?:text\w{{0,2}}|math\w{{2}})\s*\{{\s*)?{_NAME}([AB])\s*\}}", re.IGNORECASE),
)
_COMPARISON = re.compile(r"\[\[\s*([AB])\s*(>{1,2}|<{1,2}|=)\s*([AB])\s*\]\]")
_SMALL = re.compile(r"((?:\A|[:=]|\b(?:is|answer|option|response))\s*[\[({]*)([ab])(?=\W*\Z)", re.IGNORECASE)
# Letters of other scripts that look like the two, as the whole of a reply or after a colon.
_LOOKALIKE = re.compile(r"((?:\A|[:：])\W*)([АВΑΒ])(?=\W*\Z)")
_LATIN = {"А": "A", "В": "B", "Α": "A", "Β": "B"}
_BRACKETS = re.compile(r"[\[({]\s*([AB])\s*[\])}]")
_GRADE = re.compile(r"\W*[AB][+-]\W*")
_OPENS = re.compile(r"\W*([AB])\s*([.,]|\s[–—-])\s+(?=\S)")
# The signs of "It is in German and B is not": what is said of A is not true of B.
_OTHER_IS_NOT = {
    letter: re.compile(rf"(V[GNDO]*),?G?{other}V?X(?=\.|\Z)") for letter, other in (("A", "B"), ("B", "A"))
}
_OTHER_ANSWER = re.compile(r"\b(?:other|others|first|second|former|latter)\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def read_verdict(text: str) -> Letter | None:
    """The letter that the text concludes with; None if there is none, or if conclusions differ.

    `text` is the reply without its thought.
    """
    text = _MARKER_CODE.sub(r"\1", unicodedata.normalize("NFKC", _short(text))).strip()
    text = _SMALL.sub(lambda found: found[1] + found[2].upper(), text)
    text = _LOOKALIKE.sub(lambda found: found[1] + _LATIN[found[2]], text)
    forms = _of_forms(text)
    if _GRADE.fullmatch(text):  # "B+" is a grade.
        return None
    text = _BRACKETS.sub(r"\1", text)
    lines = [line for line in (_MARKUP.sub("", line).strip() for line in text.splitlines()) if line]
    if not lines:
        return _single(forms)
    lexicon = words.lexicon_of("\n".join(lines))
    found = list(claims(lines, lexicon))
    strong = {*forms, *_concluded(found)}
    if not strong:
        strong = set(_letters_alone(lines, lexicon))
        if not strong:
            return _compared(found) or (None if found else _opening(lines, lexicon))
    alone = {claim.letter for claim in found if claim.kind == "alone"}
    if len(alone) == 1:
        strong |= alone
    letter = _single(strong)
    return None if letter is None or _is_revoked(letter, found) else letter


def _short(text: str) -> str:
    """Beginning and end of a long text without long runs of a sign: patterns take bounded time."""
    if len(text) > 2 * _READ:
        text = f"{text[:_READ]}\n{text[-_READ:]}"
    return _RUN.sub(r"\1\1", re.sub(r"[^\S\n]+", " ", text))


def _of_forms(text: str) -> set[str]:
    letters = {found.group(found.lastindex or 1).upper() for form in _FORMS for found in form.finditer(text)}
    for first, sign, second in _COMPARISON.findall(text):
        letters |= {"A", "B"} if sign == "=" or first == second else {first if sign[0] == ">" else second}
    return letters


def _concluded(found: Sequence[Claim]) -> set[str]:
    """The letters of the conclusions: that of the last one where it says that it is final."""
    concluded = [claim for claim in found if claim.kind == "concluded"]
    if concluded and concluded[-1].final and not any(claim.final for claim in concluded[:-1]):
        return {concluded[-1].letter}
    return {claim.letter for claim in concluded}


def _letters_alone(lines: Sequence[str], lexicon: words.Lexicon) -> list[str]:
    """The letters on lines of their own, if one of these is the first line or the last."""
    ends = [claim for line in (lines[0], lines[-1]) for claim in claims([line], lexicon) if claim.kind == "alone"]
    return [claim.letter for claim in claims(lines, lexicon) if claim.kind == "alone"] if ends else []


def _compared(found: Sequence[Claim]) -> Letter | None:
    """The letter that all comparisons favour; what is said against the other one has to agree."""
    if not any(claim.kind == "compared" for claim in found):
        return None
    return _single({claim.letter for claim in found if claim.kind in ("compared", "against")})


def _opening(lines: Sequence[str], lexicon: words.Lexicon) -> Letter | None:
    """The letter of a text such as "A. It is in the right language", which says nothing else."""
    opens = _OPENS.match(lines[0])
    if opens is None:
        return None
    rest = "\n".join([lines[0][opens.end() :], *lines[1:]])
    signs = _OTHER_IS_NOT[opens[1]].sub(r"\1", "".join(token.sign for token in words.tokens(rest, lexicon)))
    interrupted = opens[2] == "," and not set(signs).isdisjoint(",|")  # "A, however, ..."
    says_more = interrupted or not set(signs).isdisjoint("XWYHABab?")
    return None if says_more or _OTHER_ANSWER.search(rest) else _single({opens[1]})


def _is_revoked(letter: Letter, found: Sequence[Claim]) -> bool:
    """Whether all that is compared after the last conclusion favours the other letter."""
    last = max((i for i, claim in enumerate(found) if claim.kind in ("concluded", "alone")), default=-1)
    later = {claim.letter for claim in found[last + 1 :] if claim.kind in ("compared", "against")}
    return bool(later) and letter not in later


def _single(letters: set[str]) -> Letter | None:
    if letters == {"A"}:
        return "A"
    return "B" if letters == {"B"} else None
