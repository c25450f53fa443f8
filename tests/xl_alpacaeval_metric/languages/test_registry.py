"""The registry: complete for the papers' languages, open to others, clear about unknown codes."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import identify

XL_ALPACAEVAL = ["de", "pt", "hu", "lt", "ga", "mt", "zh", "hi", "fi", "tr", "fr", "en"]
LANGUAGE_CONFUSION = ["ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "pt", "ru", "tr", "vi", "zh"]

# English name, autonym, script; written down by hand.
EXPECTED = {
    "ar": ("Arabic", "العربية", "Arab", 5),
    "de": ("German", "Deutsch", "Latn", 5),
    "en": ("English", "English", "Latn", 5),
    "es": ("Spanish", "español", "Latn", 5),
    "fi": ("Finnish", "suomi", "Latn", 4),
    "fr": ("French", "français", "Latn", 5),
    "ga": ("Irish", "Gaeilge", "Latn", 2),
    "hi": ("Hindi", "हिन्दी", "Deva", 4),
    "hu": ("Hungarian", "magyar", "Latn", 4),
    "id": ("Indonesian", "Indonesia", "Latn", 3),
    "it": ("Italian", "italiano", "Latn", 4),
    "ja": ("Japanese", "日本語", "Jpan", 5),
    "ko": ("Korean", "한국어", "Kore", 4),
    "lt": ("Lithuanian", "lietuvių", "Latn", 3),
    "mt": ("Maltese", "Malti", "Latn", 2),
    "pt": ("Portuguese", "português", "Latn", 4),
    "ru": ("Russian", "русский", "Cyrl", 4),
    "tr": ("Turkish", "Türkçe", "Latn", 4),
    "vi": ("Vietnamese", "Tiếng Việt", "Latn", 4),
    "zh": ("Chinese", "中文", "Hans", 5),
}


@pytest.mark.parametrize("code", sorted({*XL_ALPACAEVAL, *LANGUAGE_CONFUSION}))
def test_every_language_of_the_papers_is_complete(code: str) -> None:
    language = languages.get(code)
    assert (language.name, language.autonym, language.script, language.resource_class) == EXPECTED[code]
    assert language.code == code
    assert identify.supported(code)
    assert languages.caveats(language) == []


def test_the_paper_and_what_was_released() -> None:
    assert set(languages.PAPER) == {"de", "pt", "hu", "lt", "ga", "mt", "zh", "hi"}
    assert set(languages.RELEASED) == {*languages.PAPER, "fi", "tr", "fr"}
    assert "Joshi" in languages.RESOURCE_CLASS_SOURCE
    assert all(languages.get(code).code == code for code in languages.RESOURCE_CLASS)
    assert set(languages.RESOURCE_CLASS.values()) <= {0, 1, 2, 3, 4, 5}


def test_languages_that_no_paper_has() -> None:
    found = languages.parse("sw,yo,eu,pt-BR,zh-Hant")
    assert [language.name for language in found] == [
        "Swahili",
        "Yoruba",
        "Basque",
        "Brazilian Portuguese",
        "Traditional Chinese",
    ]
    assert [language.code for language in found] == ["sw", "yo", "eu", "pt-BR", "zh-Hant"]
    assert [language.autonym for language in found] == [
        "Kiswahili",
        "Èdè Yorùbá",
        "euskara",
        "português (Brasil)",
        "繁體中文",
    ]
    assert [language.script for language in found] == ["Latn", "Latn", "Latn", "Latn", "Hant"]
    assert [language.resource_class for language in found] == [2, 2, 4, 4, 5]


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ("FI", "fi"),
        (" fi ", "fi"),
        ("fin", "fi"),
        ("deu", "de"),
        ("ger", "de"),
        ("gle", "ga"),
        ("cmn", "zh"),
        ("zho", "zh"),
        ("swh", "sw"),
        ("iw", "he"),
        ("yue", "yue"),
        ("pt_br", "pt-BR"),
        ("ZH-HANT", "zh-Hant"),
        ("cmn-Hant", "zh-Hant"),
        ("de-Latn", "de"),
        ("sr-Cyrl", "sr"),
        ("sr-Latn", "sr-Latn"),
        ("sh-Latn", "sh"),
        ("sh-HR", "sh"),
        ("hbs_Latn_BA", "sh"),
        ("sh-Cyrl", "sr"),
        ("de-u-co-phonebk", "de"),
    ],
)
def test_codes_become_canonical(given_: str, code: str) -> None:
    assert languages.get(given_).code == code


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("finnish", "fi (Finnish)"),
        ("Deutsch", "de (German)"),
        ("germn", "de (German)"),
        ("portugese", "did you mean pt (Portuguese)?"),
        ("Dutsh", "nl (Dutch)"),
        ("suomi", "did you mean fi (Finnish)?"),
        ("elvish", "'elvish': give a BCP-47 code such as de"),
        ("dothraki", "'dothraki': give a BCP-47 code such as de"),
        ("python", "'python': give a BCP-47 code such as de"),
        ("jp", "ja (Japanese)"),
        ("gr", "el (Greek)"),
        ("xx", "such as de"),
        ("und", "such as de"),
        ("mul", "such as de"),
        ("qaa", "such as de"),
        ("pt-XX", "such as de"),
        ("x-private", "such as de"),
        ("", "empty"),
        ("de\nfr", "such as de"),
        ("no such language at all", "such as de"),
        (None, "None"),
        (float("nan"), "nan"),
    ],
)
def test_what_is_no_language_is_refused_in_one_line(wrong: object, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        languages.get(wrong)  # type: ignore[arg-type]
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.one_of(st.text(max_size=12), st.from_regex(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", fullmatch=True)))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_language_or_an_error_of_the_user(text: str) -> None:
    try:
        language = languages.get(text)
    except UserError:
        pass
    else:
        assert language.name
        assert language.autonym
        assert languages.get(language.code) == language


def test_a_list_keeps_its_order_and_drops_what_comes_twice() -> None:
    assert [language.code for language in languages.parse("fi, de,deu,pt-BR , FI")] == ["fi", "de", "pt-BR"]
    for empty in ("", " ", ",", " , "):
        with pytest.raises(UserError, match="no language"):
            languages.parse(empty)
    for codes, number in (("fi,,ga", 2), ("fi,ga,", 3), (", fi", 1)):
        with pytest.raises(UserError, match=f"code {number} is empty"):
            languages.parse(codes)
    with pytest.raises(UserError, match="klingonish"):
        languages.parse("de,klingonish")


def test_too_little_known_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        languages.parse("de,sw")
    assert caplog.messages == []
    with caplog.at_level(logging.WARNING):
        languages.parse("de,mni")
    assert len(caplog.messages) == 2
    assert all("mni (Manipuri)" in message for message in caplog.messages)
    assert any("resource class" in message for message in caplog.messages)
    assert any("identifier does not know it" in message for message in caplog.messages)
    assert languages.get("tlh").script is None
    assert any("script" in caveat for caveat in languages.caveats(languages.get("tlh")))
