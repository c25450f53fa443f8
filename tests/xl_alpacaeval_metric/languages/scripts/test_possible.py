"""Languages that texts can be in by their letters."""

from hypothesis import given
from hypothesis import strategies as st

from xl_alpacaeval_metric.languages import scripts
from xl_alpacaeval_metric.languages.scripts import possible

WRITTEN: dict[str, tuple[str, ...]] = {"de": ("Latn",), "ru": ("Cyrl",), "sr": ("Cyrl", "Latn"), "ja": ("Hani", "Kana")}


@given(st.lists(st.text("aZ1 .éяж山か\U00020000", max_size=30), max_size=6))
def test_a_tenth_of_the_letters_is_in_a_script_of_the_language(texts: list[str]) -> None:
    found = possible.languages(texts, list(WRITTEN))
    for text, row in zip(texts, found.tolist(), strict=True):
        counts = {name: len(letters.findall(text)) for name in scripts.names() if (letters := scripts.letters_of(name))}
        whole = sum(counts.values())
        expected = [
            not whole or any(counts[name] >= max(0.1 * whole, 1) for name in written) for written in WRITTEN.values()
        ]
        assert row == expected


def test_any_text_can_be_in_a_language_whose_scripts_are_not_known() -> None:
    assert possible.languages(["The sun is out.", "Светит солнце.", "12"], ["xx"]).tolist() == [[True]] * 3
