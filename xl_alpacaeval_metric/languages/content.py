"""The content of a text: what is written in a language, without code, addresses and the like.

Left out are fenced and inline code, markup tags, addresses and file paths, formulas, rows of
figures, and quotations up to `QUOTED` of the letters. What is left out becomes spaces, so that a
character stays at its place.
"""

import re

from xl_alpacaeval_metric.languages import scripts

QUOTED = 0.4
"""The largest share of a text's letters in quotation marks that counts as citations."""

_FENCE = re.compile(r"^[ \t>]*(```+|~~~+)[^\n]*\n.*?(?:^[ \t>]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"(`+)[^`\n]{1,200}\1")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,300}>|&[A-Za-z]{2,8};")
_ADDRESS = re.compile(
    r"(?:https?|ftp)://[^\s<>\"')\]]+|www\.[^\s<>\"')\]]+|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|(?<![\w/])(?:[A-Za-z]:)?[\\/~](?:[\w.-]+[\\/]){1,20}[\w.-]*"
    r"|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|edu|gov|io|html?|json|py|js|csv|txt|pdf|png|jpg)\b(?:/\S*)?"
)
_MAY_HAVE_ADDRESS = re.compile(r"[/@\\]|\w\.[a-z]{2}")
_FORMULA = re.compile(r"\$\$.{1,2000}?\$\$|\\\[.{1,2000}?\\\]|\\\(.{1,500}?\\\)|\$[^$\n]{1,300}\$", re.DOTALL)
_COMMAND = re.compile(r"\\[A-Za-z]+(?:\{[^{}\n]{0,100}\})*")
_QUOTATION = re.compile(
    r"“[^“”\n]{2,600}”|„[^„“”\n]{2,600}[“”]|«[^«»\n]{2,600}»|»[^«»\n]{2,600}«|「[^「」\n]{1,300}」|『[^『』\n]{1,300}』"
    r"|《[^《》\n]{1,300}》|\"[^\"\n]{2,600}\"|”[^”\n]{2,600}”|(?<![\w*])\*[^*\n]{2,200}\*(?![\w*])|(?<!\w)_[^_\n]{2,200}_(?!\w)"
)
_MAY_HAVE_QUOTATION = re.compile('[“„«»「『《"”*_]')
_NOT_NEWLINE = re.compile(r"[^\n]")
_FIGURES = re.compile(r"^(?=[^\n]*\d)[^\n]*$", re.MULTILINE)


def of(text: str) -> str:
    """The text without what is in no language; quotations stay where they are most of it."""
    found = without_code(text)
    if _MAY_HAVE_QUOTATION.search(found):
        found = _without_quotations(found)
    return found


def without_code(text: str) -> str:
    """The text without code, markup, addresses, formulas and rows of figures."""
    if "```" in text or "~~~" in text:
        text = _FENCE.sub(_blank, text)
    if "`" in text:
        text = _INLINE_CODE.sub(_blank, text)
    if "<" in text or "&" in text:
        text = _TAG.sub(_blank, text)
    if "$" in text or "\\" in text:
        text = _COMMAND.sub(_blank, _FORMULA.sub(_blank, text))
    if _MAY_HAVE_ADDRESS.search(text):
        text = _ADDRESS.sub(_blank, text)
    return _FIGURES.sub(_unless_figures, text)


def _blank(found: re.Match[str]) -> str:
    return _NOT_NEWLINE.sub(" ", found[0])


def _unless_figures(found: re.Match[str]) -> str:
    """The line, or nothing where it has more digits than letters."""
    line = found[0]
    digits = sum(map(str.isdecimal, line))
    return " " * len(line) if digits > scripts.weight(line) else line


def _without_quotations(text: str) -> str:
    shorter = _QUOTATION.sub(_blank, text)
    if shorter == text:
        return text
    whole = scripts.weight(text)
    return shorter if scripts.weight(shorter) >= (1 - QUOTED) * whole else text
