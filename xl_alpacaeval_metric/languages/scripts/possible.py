"""Which languages texts can be in by their letters."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages import scripts
from xl_alpacaeval_metric.languages.scripts import letter_counts, of_languages

_LEAST = 0.1
"""The share of a text's letters that is in a script of its language."""


def languages(texts: Sequence[str], codes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Whether each text can be in each language by its letters: texts x languages.

    It can where a tenth of the letters are of a script of the language; where there are no letters,
    or the language's scripts are not known, any can.
    """
    names, written = scripts.names(), _scripts_of(tuple(codes))
    found = np.ones((len(texts), len(codes)), np.bool_)
    # The letters of ASCII are Latin: none need be counted.
    latin = [at for at, text in enumerate(texts) if text.isascii() and scripts.has_letters(text)]
    found[latin] = written[:, names.index("Latn")]
    rest = [at for at, text in enumerate(texts) if not text.isascii()]
    counts = letter_counts.by_script([texts[at] for at in rest])
    whole = counts.sum(1, keepdims=True)
    there = counts >= np.maximum(_LEAST * whole, 1)
    of_rest = np.repeat(whole == 0, len(codes), axis=1)
    for script in np.flatnonzero(there.any(0)):
        of_rest |= there[:, script, None] & written[:, script]
    found[rest] = of_rest
    return found


@lru_cache(maxsize=256)
def _scripts_of(codes: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Whether each language is written in each script: languages x scripts."""
    names = scripts.names()
    return np.array([[_has(code, name) for name in names] for code in codes], bool).reshape(-1, len(names))


def _has(code: str, name: str) -> bool:
    known = of_languages.written_in(code)
    return not known or any(name in scripts.parts_of(script) for script in known)
