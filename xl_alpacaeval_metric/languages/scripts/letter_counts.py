"""Letters counted in many texts at once, as `scripts.weight` counts them in one."""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages import scripts

_LAST = 0xFFFF
_RANGE = re.compile("(.)(?:-(.))?", re.DOTALL)


def weights(texts: Sequence[str]) -> list[int]:
    """The letters of each text."""
    return _sums(_weights()[_places(_joined(texts))], texts)


def weights_up_to(text: str) -> npt.NDArray[np.int64]:
    """The letters before each character of a text, and those of the whole text at the end."""
    found = np.zeros(len(text) + 1, np.int64)
    np.cumsum(_weights()[_places(text)], out=found[1:])
    return found


def shares(texts: Sequence[str], script: str | None) -> list[float]:
    """The share of each text's letters that are of a script; 1 without letters or for no script."""
    known = script is not None and scripts.letters_of(script) is not None
    if script is None or not known or (script == "Latn" and all(map(str.isascii, texts))):
        return [1.0] * len(texts)
    places = _places(_joined(texts))
    own = _sums((_weights() * _is_of(script))[places], texts)
    return [part / whole if whole else 1.0 for part, whole in zip(own, _sums(_weights()[places], texts), strict=True)]


def outside(texts: Sequence[str], script: str) -> list[int]:
    """The letters of other scripts in each text."""
    if script == "Latn" and all(map(str.isascii, texts)):
        return [0] * len(texts)
    return _sums((_weights() * ~_is_of(script))[_places(_joined(texts))], texts)


def _joined(texts: Sequence[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def _places(text: str) -> npt.NDArray[np.uint32]:
    """Each character's place in the tables below; characters beyond them have the last."""
    codes: npt.NDArray[np.uint32] = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return np.minimum(codes, np.uint32(_LAST))


def _sums(of_characters: npt.NDArray[np.uint8], texts: Sequence[str]) -> list[int]:
    """The sum over each text's characters, of texts that were joined."""
    if not texts:
        return []
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    found: list[int] = np.add.reduceat(of_characters, np.append(0, ends[:-1]), dtype=np.int64).tolist()
    return found


@lru_cache(maxsize=1)
def _weights() -> npt.NDArray[np.uint8]:
    """What each character up to `_LAST` counts as."""
    found = _is_of("").astype(np.uint8)
    found[_is_of("Jpan")] = scripts.WEIGHT
    return found


@lru_cache(maxsize=64)
def _is_of(script: str) -> npt.NDArray[np.bool_]:
    """Whether each character up to `_LAST` is a letter of a script; of any for ""."""
    found = np.zeros(_LAST + 1, np.bool_)
    for first, last in _RANGE.findall(scripts.characters_of(script)):
        found[ord(first) : ord(last or first) + 1] = True
    return found
