"""The form of address of a text, formal or informal, in languages whose pronouns tell it."""

import re
from functools import cache
from importlib import resources

FORMS = ("formal", "informal")
_PACKAGE = "xl_instruct_dataset"


def known(language: str) -> bool:
    """Whether the form of address can be told in the language (by its BCP-47 code)."""
    return language.partition("-")[0] in _words()


def other(text: str, language: str, form: str) -> list[str]:
    """The words of the other form than `form` in a text that has none of this form.

    Empty for a text that addresses nobody, or in both ways, as a story with its dialogue may, and
    for a language in which it cannot be told.
    """
    patterns = _words().get(language.partition("-")[0])
    if patterns is None or patterns[form].search(text):
        return []
    wrong = patterns[FORMS[1 - FORMS.index(form)]]
    return list(dict.fromkeys(match[0] for match in wrong.finditer(text)))


@cache
def _words() -> dict[str, dict[str, re.Pattern[str]]]:
    import yaml

    content = yaml.safe_load((resources.files(_PACKAGE) / "data" / "address.yaml").read_text("utf-8"))
    return {
        language: {"informal": _pattern(lists, lists["informal"]), "formal": _formal(lists)}
        for language, lists in content.items()
    }


def _formal(lists: dict[str, str]) -> re.Pattern[str]:
    if "capital" not in lists:
        return _pattern(lists, lists["formal"])
    # Not where a sentence begins: German Sie is "they" there, too.
    return re.compile(rf"(?:(?<=[^\W\d_] )|(?<=\w, ))(?:{'|'.join(lists['capital'].split())})(?!\w)")


def _pattern(lists: dict[str, str], words: str) -> re.Pattern[str]:
    either = "|".join(words.split())
    if lists.get("characters"):
        return re.compile(either)
    # In Devanagari a vowel sign is no \w.
    return re.compile(rf"(?<![\w\u0900-\u097f])(?:{either})(?![\w\u0900-\u097f])", re.IGNORECASE)
