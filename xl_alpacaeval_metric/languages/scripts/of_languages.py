"""Which scripts a language is written in."""

from functools import lru_cache

from xl_alpacaeval_metric.languages import scripts

_ALSO = {
    "az": "Cyrl Arab",
    "bs": "Cyrl",
    "crh": "Latn",
    "ff": "Arab",
    "ha": "Arab",
    "kk": "Arab Latn",
    "ku": "Arab Cyrl",
    "ky": "Arab Latn",
    "mn": "Mong",
    "ms": "Arab",
    "pa": "Arab",
    "sd": "Deva",
    "so": "Arab",
    "sr": "Latn",
    "tg": "Arab Latn",
    "tk": "Arab Cyrl",
    "tt": "Latn",
    "ug": "Cyrl Latn",
    "uz": "Arab Cyrl",
    "wo": "Arab",
}
"""Scripts that languages are also written in, beside the usual one that CLDR has."""
_NOT_IN_CLDR = {"hbs": "Latn", "sh": "Latn", "bh": "Deva", "eml": "Latn", "als": "Latn"}


def usual(tag: str) -> str | None:
    """The usual script of a language as CLDR has it; None where it does not know."""
    from babel.core import get_global

    likely = get_global("likely_subtags").get(tag.replace("-", "_"))
    return None if likely is None else str(likely).split("_")[1]


@lru_cache(maxsize=1024)
def written_in(code: str) -> tuple[str, ...]:
    """The scripts of a language, the usual one first; none where they are not known."""
    base, *rest = code.split("-")
    script = next((part for part in rest if len(part) == 4), None)
    if script is not None:
        return (script,)
    first = _NOT_IN_CLDR.get(base) or usual(base)
    return () if first is None else (first, *_ALSO.get(base, "").split())


def form(code: str, text: str) -> str:
    """The code with the script of the text, if this is not the language's usual one."""
    others = written_in(code)[1:]
    main = scripts.main_script(text) if others else None
    return f"{code}-{main}" if main in others else code
