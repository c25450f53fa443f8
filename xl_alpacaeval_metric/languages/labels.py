"""The languages that each identifier is asked about, its labels, and which languages are near."""

from collections.abc import Mapping
from functools import lru_cache

from xl_alpacaeval_metric.languages.own_model import TOGETHER, VARIETIES
from xl_alpacaeval_metric.languages.scripts import of_languages

_BENCHMARK = "ar de en es fr hi id it ja ko ru tr vi pt zh"
# The own model has thousands of sentences of each of these.
_OWN = (
    "af am as ast az ba be bem bg bn bo br bs ca ckb cs cy da dv dz ee el eo et eu fa ff fi fil fj fo ga gd gl gn gu "
    "ha he hr hu hy ig is ka kk km kn ku ky lb lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no nr nso ny oc om or "
    "pa pcm pl ps ro rw sd sh si sk sl sm sn so sq sr sr-Latn ss st sv sw szl ta te tg th ti tk tn to ts tt ty ug uk ur uz "
    "ve wo xh yo yue zu"
)
_LID176 = "br ceb eo fy gd gn ht ilo jv la lmo oc qu sa sah scn vec wa war yi"
_PY3LANGID = (
    "ace br crh-Latn eo fuv fy gd gn ht ig jv kab kok ky la lg lij ln nso oc om pcm qu rw sa se sn st ug vec wa xh zu"
)
# Of these the own model has less text; they are scored as far as they were measured.
_OF_LITTLE_TEXT = "ak ban bm mad min nds su"
BENCHMARK, OWN = frozenset(_BENCHMARK.split()), frozenset(_OWN.split())
"""Languages of the Language Confusion Benchmark, and those that the own model decides."""
SUPPORTED = BENCHMARK | OWN | frozenset(f"{_LID176} {_PY3LANGID} {_OF_LITTLE_TEXT}".split())

_LABELS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*VARIETIES, "sh"), (TOGETHER, "bs", "hr", "sh", "sr")),
    "ak": ("ak", "tw"),
    "ckb": ("ckb", "sdh"),
    "crh-Latn": ("crh",),
    "ff": ("ff", "fuv"),
    "fil": ("fil", "tl"),
    "fuv": ("ff", "fuv"),
    "gn": ("gn", "gug"),
    "kok": ("gom",),
    "nb": ("nb", "no"),
    "no": ("no", "nb", "nn"),
    "zh": ("zh", "zh-Hant", "yue", "wuu"),
}
ONLY: Mapping[str, str] = {
    "Kore": "ko",
    "Thai": "th",
    "Laoo": "lo",
    "Khmr": "km",
    "Grek": "el",
    "Armn": "hy",
    "Geor": "ka",
    "Sinh": "si",
    "Taml": "ta",
    "Telu": "te",
    "Knda": "kn",
    "Mlym": "ml",
    "Gujr": "gu",
    "Guru": "pa",
    "Orya": "or",
}
"""Scripts that one language of many speakers is written in: a line in one is in that language."""
_ALIASES = {"pbt": "ps", "quy": "qu", "quz": "qu", "tw": "ak"}
_CODES = {
    TOGETHER: "hr",
    "sh": "hr",
    "tl": "fil",
    "no": "nb",
    "zh-Hant": "zh",
    "fuv": "ff",
    "gug": "gn",
    "gom": "kok",
    "crh": "crh-Latn",
}
_IJEKAVIAN = frozenset(("ME", "BA", "ijekavsk"))
"""Regions in which Serbian has "ije" where it has "e" elsewhere, and BCP-47's variant for it."""

_NEAR = (
    "bs hr sh sr sr-Latn sl mk",
    "nb nn no da sv fo is",
    "id ms jv su min ace ban mad bug bjn",
    "cs sk pl szl hsb dsb",
    "pt gl es ca oc ast",
    "zu xh ss nr nd ts",
    "nso st tn",
    "af nl lb de fy li nds",
    "ru uk be bg mk",
    "hi mr ne mai bho mag sa kok",
    "fa ar ur ps sd ug ckb pnb",
    "tt ba kk ky cv mhr",
    "tr az tk uz crh-Latn",
    "ga gd gv",
    "zh zh-Hant yue wuu ja",
    "rw rn",
    "fi et",
    "sm to ty mi haw fj",
    "fil ceb ilo war hil bcl pam",
    "it co sc fur lij vec scn lmo",
    "bo dz",
    "he yi",
    "am ti",
    "ak tw",
    "as bn",
    "en pcm",
)
GROUPS: tuple[frozenset[str], ...] = tuple(frozenset(group.split()) for group in _NEAR)
"""Groups of near languages, which may be mistaken for one another."""
_ALIKE = (
    "bs hr sh sr sr-Latn",
    "nb nn no",
    "nn da",
    "id ms",
    "zh zh-Hant yue wuu ja",
    "bo dz",
    "am ti",
    "nso st tn",
    "zu xh ss nr",
    "ak tw",
    "en pcm",
)
ALIKE: tuple[frozenset[str], ...] = tuple(frozenset(group.split()) for group in _ALIKE)
"""Near languages in which a few words that follow one another are mostly the same."""


@lru_cache(maxsize=1024)
def key(code: str) -> str:
    """The code that the identifiers use: without region, variants, and the script of Chinese.

    A region where the language is written in another script than usual gives that script (pa-PK).
    """
    base, *rest = code.split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    if base in ("zh", "yue") and script in (None, "Hans", "Hant"):
        return base
    if script is None and rest and (of_region := of_languages.usual(code)) != of_languages.usual(base):
        script = of_region
    base = _ALIASES.get(base, base)
    return base if script is None else f"{base}-{script}"


@lru_cache(maxsize=1024)
def near(code: str) -> frozenset[str]:
    """The languages that a language may be mistaken for, with itself."""
    own = key(code)
    return frozenset((own, code)).union(*(group for group in GROUPS if own in group))


@lru_cache(maxsize=1024)
def alike(code: str) -> frozenset[str]:
    """The languages from which a few words do not tell a language, with itself."""
    own = key(code)
    return frozenset((own, code)).union(*(group for group in ALIKE if own in group))


def wanted(code: str) -> tuple[str, ...]:
    """The labels that stand for a language."""
    own = key(code)
    return _LABELS.get(own, (own,))


def codes(code: str) -> frozenset[str]:
    """The codes of a language as asked for, without region, and of what it may be written as."""
    return frozenset((code, key(code), *variety(code)))


def code_of(label: str) -> str:
    """The language code of a label; "hr" for that of Bosnian, Croatian and Serbian together."""
    return _CODES.get(label, label)


@lru_cache(maxsize=1024)
def labels_near(code: str) -> frozenset[str]:
    """The own model's labels of a language and of those near it."""
    return frozenset(of_own_model(one) for one in near(code)).union(*(wanted(one) for one in near(code)))


def of_own_model(code: str) -> str:
    """The own model's label of a language."""
    return TOGETHER if variety(code) else key(code)


@lru_cache(maxsize=1024)
def variety(code: str) -> tuple[str, ...]:
    """Which of Bosnian, Croatian and Serbian in Latin letters a language is; none where it is none.

    Ijekavian Serbian, that of Montenegro and of Bosnia, is written as Bosnian in what tells it from
    other Serbian.
    Serbo-Croatian is any of the three.
    """
    own = key(code)
    if own == "sh":
        return VARIETIES
    if own not in VARIETIES:
        return ()
    return (own, "bs") if own == "sr-Latn" and _IJEKAVIAN.intersection(code.split("-")) else (own,)
