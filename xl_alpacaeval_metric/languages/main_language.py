"""The language that most of a text is in."""

from collections import Counter
from collections.abc import Iterable, Sequence

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import identify

MIN_LETTERS = 12
"""Lines with fewer are not identified."""
_LINES = 60
"""Lines of a long text that are identified, spread evenly over it."""


def main_languages(texts: Sequence[str]) -> list[str | None]:
    """The code of the language with the most letters in each text; None where none is identified.

    The lines are identified one by one by fastText, and code blocks are left out.
    """
    lines = [(index, line) for index, text in enumerate(texts) for line in _lines(text)]
    letters: list[Counter[str]] = [Counter() for _ in texts]
    for (index, line), label in zip(lines, identify.identify([line for _, line in lines]), strict=True):
        if label is not None:
            letters[index][_code(label)] += _letters(line)
    return [counted.most_common(1)[0][0] if counted else None for counted in letters]


def _lines(text: str) -> list[str]:
    found, fenced = [], False
    for line in text.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and _letters(line) >= MIN_LETTERS:
            found.append(line.strip())
    step = max(1, len(found) / _LINES)
    return [found[int(step * number)] for number in range(min(len(found), _LINES))]


def _letters(text: Iterable[str]) -> int:
    # A character of Chinese or Japanese says as much as three letters.
    return sum(3 if "\u3040" <= character <= "\u9fff" else 1 for character in text if character.isalpha())


def _code(label: str) -> str:
    """The canonical code of a label of the identifier; the label itself where it is no code."""
    try:
        return languages.get(label).code
    except UserError:
        return label
