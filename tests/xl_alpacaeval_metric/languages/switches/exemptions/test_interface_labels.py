"""Labels of menus and buttons in bold."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches.exemptions import interface_labels

ANSWERS = {
    "sw": "Fungua **Settings > Apps > Default apps** kisha chagua **Allow from this source** na uanzishe upya simu yako.",
    "fi": "Avaa asetukset, valitse sitten **Save password for this session** ja kirjaudu uudelleen sisään.",
    "uk": "Відкрийте меню, виберіть **Save password for this session** і зачекайте, поки з'явиться нове вікно.",
}


@pytest.mark.parametrize("language", ANSWERS)
def test_a_label_is_no_switch(language: str) -> None:
    found = text_fidelity(ANSWERS[language], language)
    assert (found.fidelity, found.switched) == (100, False)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Paina nyt **Start the new game** ja odota.", ["Start the new game"]),
        ("Katso: **The weather was nice today.** Sitten lähdimme.", []),  # A sentence.
        ("Menemme Turkuun, **where my old friends are waiting**, ja syömme.", []),  # Words of a sentence.
        ("1. **Joint research and development**: Teemme yhdessä töitä.", []),  # A heading.
        ("**Joint research and development**", []),
        ("| Name | Price per unit |\n|---|:-:|\n| Kynä | 2 |", ["| Name | Price per unit |"]),
        ("| Nimi | Yksikön hinta |\n|---|---|\n| Kynä | 2 |", []),
        ("| What you should do on the first day |\n|---|\n| Herää |", []),
        ("Tämä on **todella tärkeä asia meille kaikille** juuri nyt.", []),  # Not English.
    ],
)
def test_labels_are_found_where_they_stand(text: str, labels: list[str]) -> None:
    assert [text[start:end] for start, end in interface_labels.find(text)] == labels


def test_bold_english_in_an_english_text_counts() -> None:
    text = "Open the menu, choose {} and wait. Danach gehen wir alle zusammen in den Park und spielen Fußball."
    bold, plain = (text_fidelity(text.format(label), "en") for label in ("**Save my password**", "Save my password"))
    assert bold.fidelity == plain.fidelity
