"""What a translation keeps to the letter: formulas, placeholders, HTML, links and brackets."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from xl_instruct_dataset.quality import kept_numbers

_FORMULA = re.compile(
    r"\$\$.{1,2000}?\$\$|\\\[.{1,2000}?\\\]|\\\(.{1,2000}?\\\)|\\begin\{(\w+\*?)\}.{1,2000}?\\end\{\1\}"
    r"|(?<![A-Za-z0-9$\\])\$(?![\s$])(?P<inline>[^$\n]{0,400}(?<![\s\\]))\$(?![A-Za-z0-9$])",
    re.DOTALL,
)
_SIGN, _WORD = re.compile(r"[\\^_=<>]"), re.compile(r"[^\W\d_]{2}")
"""A sign of mathematics, and a word: what begins with a digit is money where it has but words."""
_WORDS_INSIDE = re.compile(r"\\(?:text\w*|mbox|operatorname)\{[^{}]*\}")
_DELIMITER = re.compile(r"\\[()\[\]]|\$\$")
_SPACING = re.compile(r"\s|\\[,;:!]|\\q?quad\b")
_SYNONYMS = {
    name: canonical
    for canonical, names in {
        "leq": ("le", "leqslant", "leqq"),
        "geq": ("ge", "geqslant", "geqq"),
        "neq": ("ne",),
        "cdot": ("times",),
        "to": ("rightarrow",),
        "gets": ("leftarrow",),
        "implies": ("Rightarrow", "Longrightarrow"),
        "iff": ("Leftrightarrow", "Longleftrightarrow"),
        "land": ("wedge",),
        "lor": ("vee",),
        "lnot": ("neg",),
        "frac": ("dfrac", "tfrac", "cfrac"),
        "binom": ("dbinom", "tbinom"),
        "ldots": ("dots", "cdots", "dotsc", "dotsb"),
        "emptyset": ("varnothing",),
        "": ("left", "right", "displaystyle", "textstyle", "limits", "nolimits", "big", "Big", "bigl", "bigr"),
    }.items()
    for name in names
}
"""Commands of LaTeX that say what another one does, and those that say nothing but a size."""
_SYNONYM = re.compile(rf"\\({'|'.join(_SYNONYMS)})(?![A-Za-z])")
_LETTERS = {"≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "×": r"\cdot", "·": r"\cdot", "→": r"\to", "−": "-"}
"""Signs in formulas that have a command, too."""
_COMMA = re.compile(r"(?<=\d)(?:\{,\}|,)(?=\d)")
_BARE = re.compile(r"(?<![\w\\:])\\[A-Za-z]{2,}(?![\w\\])|(?<=[\w)\]])\^\{?[-\w]+")
"""What belongs to a formula without dollars: a command, but no path of Windows, or a power."""
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ", "0123456789n")

_PLACEHOLDER = re.compile(
    r"\{\{[^\n]{0,80}?\}\}|\{%[^\n]{0,80}?%\}|\$?\{(?:\w[\w.-]*)?(?:![rsa])?(?::[^{}\s]*)?\}"
    r"|(?<![\w%])(?<!\d )%(?:\(\w+\)|\d\$)?[-+0#]*\d*(?:\.\d+)?l{0,2}[A-Za-z@](?!\w)"
    r"|</?[A-Z][A-Z0-9_]*>|<[a-z0-9]+(?:[_-][a-z0-9]+)+>|<\|\w+\|>|\[[A-Z][A-Z0-9_]{2,}\]|\$[A-Z][A-Z0-9_]{3,}(?![\w$])"
)
_LINK = re.compile(r"(?<=\]\()[^()\s]+")
_HTML = re.compile(r"</?[a-z][a-z0-9]*(?=\s*/?>|\s+[\w:-]+\s*=)|<!--")
_TAG = re.compile(r"</?[a-z][^<>\n]{0,400}>|<!--.{0,2000}?-->", re.DOTALL)
_ATTRIBUTE = re.compile(r"""(?<=\s)(?:href|src|class|id|style)\s*=\s*(?:"[^"\n]*"|'[^'\n]*')""")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]+|#\d+|#[xX][0-9a-fA-F]+);")
_QUOTES = re.compile(
    r"&(?:quot|apos|[lr]s?[ad]?quo|[bs]dquo|sbquo|[mn]dash|hellip|#(?:34|39|x22|x27|82(?:1[1267]|2[01])));"
)
"""Signs of quotation, dashes and apostrophes differ from one language to another."""
_BRACKET = re.compile(
    r"[\[［【〔][^\[\]［］【】〔〕\n]*[\]］】〕]|<[A-Za-z][\w ]*>|\{[^{}\n]{0,80}[^\W\d_][^{}\n]{0,80}\}"
    r"|(?<![A-Za-z0-9*_])_{3,}(?=[^A-Za-z0-9*_\n][^\n]{0,80}[^\s_])"
    r"|(?:(?<=[^\s_*]) |(?<=[^\s_*A-Za-z0-9]))_{3,}(?![A-Za-z0-9*_])|＿{2,}|[(（][ \u3000]+[)）]"
)
"""What is to be filled in: blanks, and words that are translated, as those of [Your name] are."""


def lost(source: str, translated: str) -> Iterator[tuple[str, list[str]]]:
    """Each kind of which the translation lacks some, with these; both texts without their code.

    A formula may have other delimiters, spaces, words inside \\text{}, a decimal comma, and a
    command that says the same (`\\le`, `\\leq`). Dollars around a number with words are money.
    """
    formulas = [found for found in _FORMULA.finditer(source) if _is_formula(found["inline"])]
    there = _normal(translated)
    wanted = Counter(_normal(found[0]) for found in formulas)
    written = {_normal(found[0]): found[0] for found in formulas}
    if missing := [written[form] for form, count in wanted.items() if there.count(form) < count]:
        yield "formulas", missing
    before, after = (_plain_commands(_without_formulas(text)) for text in (source, translated))
    kinds: tuple[tuple[str, Callable[[str], Iterable[str]]], ...] = (
        ("formulas", lambda text: _BARE.findall(_RAISED.sub(lambda found: f"^{found[0].translate(_LOWERED)}", text))),
        ("placeholders", lambda text: (re.sub(r"\s", "", found) for found in _PLACEHOLDER.findall(text))),
        ("links", _LINK.findall),
        ("HTML", lambda text: [*_HTML.findall(text), *_ATTRIBUTE.findall(text), *_entities(text)]),
    )
    for kind, found_in in kinds:
        if missing := list((Counter(found_in(before)) - Counter(found_in(after))).elements()):
            yield kind, missing
    brackets = _BRACKET.findall(before)
    if (there_are := len(_BRACKET.findall(after))) < len(brackets):
        yield "placeholders", [f"{len(brackets)} in brackets before, {there_are} after", *brackets]


def without(text: str) -> str:
    """The text without what is kept to the letter, that is the words that are to be translated."""
    text = _without_formulas(text)
    for pattern in (_PLACEHOLDER, _TAG, _ENTITY, _LINK):
        text = pattern.sub(" ", text)
    return text


def _is_formula(inline: str | None) -> bool:
    """Whether what stands between two dollars, if it does, is no money."""
    if inline is None or not re.match(r"\.?\d", inline):
        return True
    return bool(_SIGN.search(inline)) or not _WORD.search(inline)


def _without_formulas(text: str) -> str:
    return _FORMULA.sub(lambda found: " " if _is_formula(found["inline"]) else found[0], text)


def _normal(text: str) -> str:
    """The text with all its formulas written in one way."""
    text = _plain_commands(_WORDS_INSIDE.sub(r"\\text", kept_numbers.plain_digits(text)))
    for sign, command in _LETTERS.items():
        text = text.replace(sign, command)
    return _COMMA.sub(".", _SPACING.sub("", _DELIMITER.sub("$", text)))


def _plain_commands(text: str) -> str:
    """The text with one command of LaTeX for those that say the same."""
    return _SYNONYM.sub(lambda found: f"\\{name}" if (name := _SYNONYMS[found[1]]) else "", text)


def _entities(text: str) -> list[str]:
    return [found for found in _ENTITY.findall(text) if not _QUOTES.fullmatch(found)]
