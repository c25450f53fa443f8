"""The one registry of languages: any BCP-47 code, with its name from CLDR."""

import logging
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.languages.scripts import of_languages

if TYPE_CHECKING:
    from babel import Locale

logger = logging.getLogger(__name__)

PAPER = ("de", "pt", "hu", "lt", "ga", "mt", "zh", "hi")
"""The languages of the XL-AlpacaEval paper."""
RELEASED = (*PAPER, "fi", "tr", "fr")
"""The paper's languages and the ones released since."""

RESOURCE_CLASS_SOURCE = "Joshi et al. 2020, doi:10.18653/v1/2020.acl-main.560"
# From 5 ("the winners") to 1 ("the scraping-bys"). Languages of class 0 and doubtful ones are left
# out.
_BY_CLASS = {
    5: "ar de en es fr ja zh",
    4: "ca cs eu fa fi hi hr hu it ko nl pl pt ru sr sv tr vi",
    3: "af arz be bg bn bs ceb da el et fil gl he id ka kk la lt lv ms ro sk sl ta th uk ur uz",
    2: "am ga ha ht is lo mr mt pa sa sw ti tn wo xh yo zu",
    1: "as az ba bm bo br cy eo fo gd gu hy ig jv kab ki km kn lb ln mg mi mk ml mn my nb ne nn oc om or "
    "rw sd se sg sm sn so sq ss su te tg tk ts tt ug vo yi",
}
RESOURCE_CLASS = MappingProxyType({code: level for level, codes in _BY_CLASS.items() for code in codes.split()})
"""Resource class by language code, 1 to 5 (high-resource), from `RESOURCE_CLASS_SOURCE`."""

# FLORES-200 writes Korean so, and GlotLID Chinese; CLDR's usual script of Korean, Kore, is Hangul
# with Han characters.
_ALSO_USUAL = frozenset((("ko", "Hang"), ("ja", "Hrkt"), ("zh", "Hani"), ("yue", "Hani")))
_NOT_IN_CLDR = {
    "acm": "Mesopotamian Arabic",
    "acq": "Ta'izzi-Adeni Arabic",
    "apc": "North Levantine Arabic",
    "azb": "South Azerbaijani",
    "cjk": "Chokwe",
    "fuv": "Nigerian Fulfulde",
    "hne": "Chhattisgarhi",
    "kbp": "Kabiyè",
    "pbt": "Southern Pashto",
    "quy": "Ayacucho Quechua",
    "taq": "Tamasheq",
}
"""Names of languages of FLORES-200 that CLDR does not have."""
_VARIANT = 4
"""Letters up to which a part of a tag is a script or territory, and no variant."""
_NOT_LANGUAGES = frozenset(("und", "mul", "mis", "zxx"))
# In Latin letters, of any region. For CLDR it is an alias of Serbian in these, which would exclude
# Croatian and Bosnian.
_SERBO_CROATIAN = re.compile("(sh|hbs)([-_]latn)?([-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Language:
    """A language under its canonical BCP-47 code.

    `name` is CLDR's English name, `script` the ISO 15924 code of its usual script, `resource_class`
    is 1 to 5 (see `RESOURCE_CLASS`). Script and class are None where unknown.
    """

    code: str
    name: str
    script: str | None
    resource_class: int | None

    @property
    def autonym(self) -> str:
        """The language's own name for itself, from CLDR; `name` where CLDR has none."""
        # Not a field: CLDR's data for a locale take a while to load.
        return _autonym(self.code, self.code.split("-")[0]) or self.name


def get(code: str) -> Language:
    """The language of a BCP-47 code in upper or lower case, with `-` or `_`.

    An ISO 639-3 code becomes the two-letter code where there is one. Raises UserError for an
    unknown code, with the nearest ones.
    """
    if not isinstance(code, str):
        raise UserError(f"language {code!r} is no text; give a BCP-47 code such as de or pt-BR")
    return _get(code)


@lru_cache(maxsize=4096)
def _get(code: str) -> Language:
    import langcodes
    from babel.core import get_global

    code = code.strip()
    if _SERBO_CROATIAN.fullmatch(code):
        return Language("sh", "Serbo-Croatian", "Latn", RESOURCE_CLASS["sr"])
    try:
        base, *rest = langcodes.standardize_tag(code).split("-")
        found = langcodes.Language.get("-".join([base, *rest]))
    except (langcodes.LanguageTagError, AttributeError):
        raise UserError(_unknown(code)) from None
    # CLDR uses the code of a macrolanguage for its main language: zh for cmn, sw for swh.
    base = get_global("language_aliases").get(base, base).split("_")[0]
    script = found.script
    if (base, script) in _ALSO_USUAL or (base != "zh" and script == of_languages.usual(base)):
        script = None
    parts = [base, script, found.territory, *(found.variants or ())]
    tag = "-".join(part for part in parts if part)
    known = len(base) > 1 and found.is_valid() and not found.extlangs and base not in _NOT_LANGUAGES
    name = _name(tag) if known else None
    if name is None:
        raise UserError(_unknown(code))
    script = script or of_languages.usual(tag) or of_languages.usual(base)
    return Language(tag, name, script, RESOURCE_CLASS.get(base))


def parse(codes: str) -> list[Language]:
    """The languages of a comma-separated list, each once, in order.

    Logs the `caveats` of each as warnings. Raises UserError for an empty list and for an
    empty or unknown code in it.
    """
    given = [part.strip() for part in codes.split(",")]
    if not any(given):
        raise UserError("no language given; give codes such as de or fi,pt-BR")
    if "" in given:
        raise UserError(f"languages {codes[:40]!r}: code {given.index('') + 1} is empty; give codes such as fi,pt-BR")
    found = list(dict.fromkeys(get(code) for code in given))
    for language in found:
        for caveat in caveats(language):
            logger.warning("%s", caveat)
    return found


def caveats(language: Language) -> list[str]:
    """A line for the user about each thing that registry and identifier lack for a language."""
    named = f"{language.code} ({language.name})"
    missing = []
    if language.script is None:
        missing.append(f"{named}: its script is not known, so word fidelity is not scored")
    if language.resource_class is None:
        missing.append(f"{named}: no resource class is known ({RESOURCE_CLASS_SOURCE})")
    if not identify.supported(language.code):
        missing.append(f"{named}: the language identifier does not know it, so language fidelity is not scored")
    return missing


@lru_cache(maxsize=1)
def _english() -> "Locale":
    from babel import Locale

    return Locale("en")


def _name(tag: str) -> str | None:
    """CLDR's English name, or one composed of the tag's parts; None if a part is unassigned."""
    english, (base, *parts) = _english(), tag.split("-")
    whole = english.languages.get(tag.replace("-", "_"))
    if whole is not None:
        return str(whole)
    own = english.languages.get(base) or _NOT_IN_CLDR.get(base)
    details = [english.scripts.get(part) or english.territories.get(part) for part in parts if len(part) <= _VARIANT]
    if own is not None and None not in details:
        name = f"{own} ({', '.join(map(str, details))})" if details else str(own)
    else:
        # It has more languages than CLDR, and takes 330 MB and a second to load them.
        import langcodes

        name = str(langcodes.Language.get(tag).display_name())
    return None if "Unknown" in name else name


@lru_cache(maxsize=4096)
def _autonym(tag: str, base: str) -> str | None:
    """The language's name in the language itself; None where CLDR has no such locale."""
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse("sr-Latn" if tag == "sh" else tag, sep="-")
    except (UnknownLocaleError, ValueError):
        try:
            locale = Locale.parse(base)
        except (UnknownLocaleError, ValueError):
            return None
    whole = locale.languages.get(tag.replace("-", "_"))
    if whole is not None:
        return str(whole)
    own = locale.languages.get(base)
    if own is None:
        return None
    parts = tag.split("-")[1:]
    details = [str(known) for part in parts if (known := locale.scripts.get(part) or locale.territories.get(part))]
    return f"{own} ({', '.join(details)})" if details else str(own)


def _unknown(code: str) -> str:
    """The error message for an unknown code, with the nearest languages."""
    if not code:
        return "empty language code; give a BCP-47 code such as de or pt-BR"
    from babel.core import get_global

    given = code.lower()
    names = {str(name).lower(): key for key, name in _english().languages.items() if "_" not in key}
    for key in RESOURCE_CLASS:
        names.setdefault((_autonym(key, key) or key).lower(), key)
    # A country's code in place of its language's: jp, gr, cz, dk.
    of_country = get_global("likely_subtags").get(f"und_{code.upper()}")
    if given in names:
        near = [names[given]]
    elif of_country is not None and code.upper() in _english().territories:
        near = [of_country.split("_")[0]]
    elif len(given) > 2 and given not in _NOT_LANGUAGES:
        # A slip of the pen leaves the first letter and most of the others: not elvish for English.
        alike = [name for name in (*names, *RESOURCE_CLASS) if name[:1] == given[:1]]
        near = [names.get(close, close) for close in get_close_matches(given, alike, n=3, cutoff=0.8)]
    else:
        near = []
    near = [key for key in dict.fromkeys(near) if key not in _NOT_LANGUAGES]
    hint = ", ".join(f"{key} ({_english().languages.get(key, key)})" for key in near)
    ask = f"did you mean {hint}?" if hint else "give a BCP-47 code such as de or pt-BR"
    return f"unknown language {code[:40]!r}: {ask}"
