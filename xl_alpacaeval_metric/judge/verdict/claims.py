"""What the clauses of a judge's text say of the two answers: which is better, or which is not."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import Literal

from xl_alpacaeval_metric.judge.verdict.words import COLON, LETTERS, OTHER, Lexicon, Token, tokens

Letter = Literal["A", "B"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A clause in favour of a letter.

    `concluded` is a verdict ("the answer is B", "I choose B"), `compared` a comparison ("B is
    better than A"), `alone` a line that is a letter, and `against` a clause against the other
    letter ("A is worse"). `final` clauses say that they conclude ("overall", "final answer").
    """

    letter: Letter
    kind: Literal["concluded", "compared", "alone", "against"]
    final: bool = False


_NAMES, _GLUE = "[ND]", "[NDGVF]"
_END = rf"{_GLUE}*(?:$|M{_NAMES}?G?{_NAMES}?(?P<rest>[AB]){_GLUE}*$)"
# Signs of a clause, as in words.PARTS. `letter` is the better answer, `rest` the other one.
_CONCLUDED = (
    r"^[FGKVREND]*[NRE][FGKVREND]*[KV][FGND]*(?P<letter>[AB])[NDGV]*$",
    r"^F[FG]*K?[NDG]*(?P<letter>[AB])G*$",
    r"^[FG]*C[NDGFVK]*(?P<letter>[AB])(?:$|[^ABab]*$|[NDG]*M[NDG]*(?P<rest>[AB])[^ABab]*$)",
    r"^[FGND]*(?P<letter>[ABab])[NDGVP]{0,3}C[GVND]*$",
)
_COMPARED = (
    rf"(?<!^M)(?<!^M[NDG])(?P<letter>[AB]){_GLUE}{{0,6}}[REL]{_END}",
    rf"(?:R|E[NDGF]*[KV])[NDGVKF]*(?P<letter>[AB]){_END}",
    r"(?P<letter>[AB])[NDGV]{0,4}[TE>][NDG]*(?P<rest>[AB])[NDGVF]*$",
    r"(?P<rest>[AB])<[NDG]*(?P<letter>[AB])[NDGVF]*$",
    r"RM[NDG]*(?P<rest>[AB])[NDGVK]*(?P<letter>[AB])$",
    rf"(?P<rest>[AB])[ND]?P[NDGV]{{0,3}}(?P<letter>[AB]){_GLUE}{{0,6}}R{_GLUE}*$",
    rf"(?P<letter>[AB])[NDGV]{{0,3}}(?P<rest>[AB])[ND]?P[GF]{{0,3}}R{_GLUE}*$",
    rf"(?P<letter>[AB])[ND]?M[NDG]*(?P<rest>[AB]){_GLUE}{{0,3}}R{_GLUE}*$",
    r"C[NDGFVK]*(?P<letter>[AB])(?:[^ABab]*$|[NDG]*M[NDG]*(?P<rest>[AB])[^ABab]*$)",
)
_PATTERNS = [
    *(("concluded", re.compile(pattern)) for pattern in _CONCLUDED),
    *(("compared", re.compile(pattern)) for pattern in _COMPARED),
]
_ALONE = re.compile(rf"G?{_NAMES}{{0,2}}(?P<letter>[AB])J?")
_ALONE_WITH_ARTICLE = re.compile(rf"G{_NAMES}+(?P<letter>[AB])|G(?P<second>[AB])N")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
# "Both are good", "neither is", "it is not as good as B", "B is not worse", "in English: not good".
_NO_REASON = re.compile(r"Y|^XV|X[GV]*[^ABabGV].*[ABab]|X.*W|W.*X|KX")
_NOT_ONLY_BECAUSE = frozenset(("as", "for"))
"""Words of a reason that begin something else after a comma: "A, as far as I can tell, ..."."""
_AND = frozenset(("and", "und", "et", "y", "e", "en", "och", "og", "ja", "i", "и", "és", "ve"))
"""Words for "and" in several languages."""
# In a later sentence: "B, because ...", "Answer B: ...", "or B, since ...", "so it loses".
_TAKES_BACK = re.compile(r"[ND]*[AB][,KZ]|[^XW]*[AB][,K]?Z|[FGV|]*W")
# "A: weak" and "A) weak" are remarks on an answer, no verdicts.
_REMARK = re.compile(r"^\W*?(?<!\()[AB]\s*[):：](?=\W*\w)")


def claims(lines: Sequence[str], lexicon: Lexicon) -> Iterator[Claim]:
    """The claims of a text, in their order; a line has at least one character."""
    if letter := _opening_with_reason(lines, lexicon):
        yield Claim(letter, "concluded")
    for line in lines:
        found = list(tokens(_REMARK.sub("", line), lexicon))
        if letter := _letter_alone(found, lexicon):
            yield Claim(letter, "alone")
            continue
        for sentence in _split(found, ".?", keep=True):
            if sentence[-1].sign == "?" or any(token.sign == "H" for token in sentence):
                continue
            yield from _of_sentence([token for token in sentence if token.sign != "."])


def _letter_alone(line: Sequence[Token], lexicon: Lexicon) -> Letter | None:
    """The letter of a line that says nothing else, or names an answer ("B", "Odpowiedź B")."""
    alone = _ALONE.fullmatch("".join(token.sign for token in line if token.sign not in ".,"))
    if alone is None and lexicon.has_article_a:
        alone = _ALONE_WITH_ARTICLE.fullmatch(_with_articles([token for token in line if token.sign != "."]))
    return None if alone is None else _letter(alone["letter"] or alone["second"])


def _of_sentence(sentence: Sequence[Token]) -> Iterator[Claim]:
    signs = "".join(token.sign for token in sentence)
    if (letter := _with_reason(sentence)) is not None:
        yield Claim(letter, "concluded")
    # "Overall, B": the comma separates nothing.
    begins = re.match(r"[FG]*F,", signs)
    if begins:
        sentence = [*sentence[: begins.end() - 1], *sentence[begins.end() :]]
    doubted = False  # "I do not think, that A is better": what follows is not meant.
    for part in _split(sentence, "|"):
        for clause in _split(part, ",Z"):
            signs = _with_articles(clause)
            if not doubted and (claim := _of_clause(signs)):
                yield claim
            doubted = doubted or _is_doubt(clause, signs)
        doubted = False


def _opening_with_reason(lines: Sequence[str], lexicon: Lexicon) -> Letter | None:
    """The letter of a first sentence such as "Answer A, because it is in German and B is not".

    Not where a later sentence has a letter in such a place, too, goes on about the same answer as
    the worse one, or perhaps prefers the other: a list of remarks has no verdict.
    """
    sentence, *later = [one for line in lines for one in _split(list(tokens(line, lexicon)), ".?", keep=True)] or [[]]
    if not sentence or sentence[-1].sign == "?" or any(token.sign == "H" for token in sentence):
        return None
    if any(_TAKES_BACK.match("".join(token.sign for token in one)) for one in later):
        return None
    sentence = list(dropwhile(lambda token: token.sign in "ND", sentence))
    is_reason = len(sentence) > 3 and sentence[1].sign in (",", COLON)
    if not is_reason or sentence[2].text.lower() in _NOT_ONLY_BECAUSE:
        return None
    others = (clause[0].sign for clause in list(_split([one for one in sentence if one.sign != "G"], ","))[2:])
    if not all(sign in "ABab|" for sign in others) and not _is_enumeration(list(_split(sentence, ",."))[2:]):
        return None
    letter = _with_reason([sentence[0], *sentence[2:]])
    return None if letter is None or any(_perhaps_prefers(one, _other(letter)) for one in later) else letter


def _perhaps_prefers(sentence: Sequence[Token], letter: Letter) -> bool:
    """Whether a sentence claims nothing but leans to a letter ("Perhaps B is better")."""
    signs = {token.sign for token in sentence}
    if letter not in signs or signs.isdisjoint("RELTC"):
        return False
    return "H" in signs or not any(_of_sentence([token for token in sentence if token.sign != "."]))


def _is_enumeration(clauses: Sequence[Sequence[Token]]) -> bool:
    """Whether clauses are the rest of "it is complete, correct, and in German"."""
    *middle, last = clauses
    joined = any(token.text.lower() in _AND for token in last[:2])
    words = [token for clause in clauses for token in clause]
    return (
        joined
        and all(len(clause) == 1 for clause in middle)
        and all(token.sign in (OTHER, "G", "R") for token in words)
    )


def _with_reason(sentence: Sequence[Token]) -> Letter | None:
    """The letter of a sentence such as "A because it is in German", where that is a verdict.

    Not where the sentence goes on to say something of the letter ("A, because it is in English, is
    worse"), or the reason is none to choose it.
    """
    if [token.sign for token in sentence[1:2]] != ["Z"] or sentence[0].sign not in LETTERS:
        return None
    for number, clause in enumerate(_split(sentence[2:], ",|")):
        signs = "".join(token.sign for token in clause).strip("G.")
        its_own = not set(signs) & set("ABab") or "M" in signs
        fails = "W" in signs or ("X" in signs and set(signs) & set("RLTEC"))
        if (fails and its_own) or _NO_REASON.search(signs) or (number and signs[:1] in tuple("VLWXTECR")):
            return None
    return _letter(sentence[0].sign)


def _of_clause(signs: str) -> Claim | None:
    letters = {sign.upper() for sign in signs if sign in "ABab"}
    if not letters or "Y" in signs:
        return None
    turned = "X" in signs
    if "W" in signs:
        return None if turned or len(letters) > 1 else Claim(_other(letters.pop()), "against")
    for kind, pattern in _PATTERNS:
        found = pattern.search(signs)
        if found is None:
            continue
        named = {found["letter"].upper(), *filter(None, [found.groupdict().get("rest")])}
        used = [sign for sign in signs if sign in "ABab"]
        if named != letters or len(used) != len(named):
            continue
        if turned:
            return Claim(_other(found["letter"]), "against") if len(letters) == 1 else None
        return Claim(_letter(found["letter"]), kind, final="F" in signs)  # type: ignore[arg-type]
    return None


def _is_doubt(clause: Sequence[Token], signs: str) -> bool:
    """Whether a clause such as "I do not think" takes back what follows.

    A short word alone is the "no" or "nein" of an answer: "No, B is better".
    """
    return "X" in signs and not set(signs) & set("ABab") and (len(clause) > 1 or len(clause[0].text) > 4)


def _with_articles(clause: Sequence[Token]) -> str:
    """The signs of a clause, where an A that is an article of its language is another word.

    "A better answer", "A resposta", "A válasz": at the beginning, before a word that is no verb.
    """
    signs = [token.sign for token in clause]
    for index, sign in enumerate(signs):
        if sign != "A" or (index and signs[index - 1] not in (COLON, "F")):
            continue
        following = next((token for token in clause[index + 1 :] if token.sign not in "GF"), None)
        if following is None or not _LATIN.match(following.text) or following.sign in "VLTXZCMP":
            continue
        if following.sign in (*LETTERS, "N", "D", "R", "O", "W", "Y", "a", "b"):
            signs[index] = OTHER if following.sign == OTHER else "G"
    return "".join(signs).replace("J", "N")


def _split(found: Sequence[Token], at: str, *, keep: bool = False) -> Iterator[list[Token]]:
    """Parts of a list of tokens, between those with a sign in `at`; empty parts are left out."""
    part: list[Token] = []
    for token in found:
        if token.sign not in at:
            part.append(token)
            continue
        if keep:
            part.append(token)
        if part:
            yield part
        part = []
    if part:
        yield part


def _letter(sign: str) -> Letter:
    return "A" if sign.upper() == "A" else "B"


def _other(sign: str) -> Letter:
    return "B" if sign.upper() == "A" else "A"
