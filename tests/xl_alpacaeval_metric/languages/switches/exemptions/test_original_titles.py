"""Titles in their own language, in parentheses behind a translation."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches.exemptions import original_titles

RIGHT = {
    "cs": "Večer si pustíme Život je krásný (La vita è bella, 1997), protože ho ještě nikdo z nás neviděl.",
    "de": "Lesen Sie Das Geisterhaus (La casa de los espíritus) und Verblendung (Män som hatar kvinnor, 2005).",
    "en": "I recommend The Discovery of Heaven (De ontdekking van de hemel) and The Wages of Fear (Le salaire de la peur).",
    "tr": "Yüzyıllık Yalnızlık (Cien años de soledad) ve Hayat Güzeldir (La vita è bella) mutlaka bilinmeli.",
    "ru": "Вечером мы хотим посмотреть фильм «Жизнь прекрасна» (La vita è bella, 1997), его никто ещё не видел.",
    "ja": "おすすめの小説は『百年の孤独』（Cien años de soledad）や『天国の発見』（De ontdekking van de hemel）です。",
    "ar": "أنصحك بمشاهدة الحياة جميلة (La vita è bella, 1997) وكل شيء عن أمي (Todo sobre mi madre, 1999) قريبا.",
}


@pytest.mark.parametrize("language", RIGHT)
def test_they_are_no_switch(language: str) -> None:
    found = text_fidelity(RIGHT[language], language)
    assert (found.fidelity, found.switched) == (100, False)


@pytest.mark.parametrize(
    "text",
    [
        "Das Haus (Dat is heel goed gebouwd.) ist alt.",  # Ends like a sentence.
        "Das Haus (het is heel goed gebouwd) ist alt.",  # No capital.
        "Das Haus (Great houses and long walks) ist alt.",  # English.
        "Das Haus (We like it very much) ist alt.",
        "Das Haus (Je ne sais pas pourquoi) ist alt.",  # Words of what is said.
        "Das Haus (La maison est belle et je crois que nous allons rester ici) ist alt.",  # Too long.
        "Das Haus (Villa) ist alt.",
    ],
)
def test_other_parentheses_are_looked_at(text: str) -> None:
    assert list(original_titles.find(text)) == []


def test_a_remark_in_another_language_is_a_switch() -> None:
    text = "Das Haus am See (Dat is heel mooi en goed gebouwd.) steht schon lange leer und wird bald verkauft."
    assert text_fidelity(text, "de").switched
