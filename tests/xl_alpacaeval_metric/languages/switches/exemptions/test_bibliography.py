"""Bibliographies at the end of an answer."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches.exemptions import bibliography

ENTRIES = [
    "1. Virtanen J, Okafor CM, et al. Effects of cold on the growth of trees. J For Res. 2019;28(3):e12.",
    "- Lindqvist, P., & Okafor, C. (2017). A short history of the printed page. Journal of Paper Studies, 12(3).",
    "1. Moreau, J.-P. (2011). How rivers change their beds. Northern Press.",
    '[3] K. Adeyemi, R. Novak, and T. Ito, "Learning to read maps without names," 2019.',
    '* Brandt, Eva. "The effects of rain on old bridges." Bridges and Roads 12, no. 3 (2015): 45-67.',
    'Okafor, Chidi, and Eva B. Brandt. "Roads without names." Journal of Maps 3 (1999): 1-12.',
    "- Centre for Rural Studies. (2021). Guidelines for the care of small forests (3rd ed.).",
    "Virtanen, M. et al. (2024). What children remember of their first winter. Tampere.",
    "Żeleński, Ł. (1998). On the use of salt in village kitchens. Polish Folklore, 4, 12-30.",
]

ANSWERS = {
    "fi": "Sillat ja joet muuttuvat hitaasti, ja niiden historiaa on tutkittu paljon. Lähteet:",
    "de": "Brücken und Flüsse verändern sich langsam, und ihre Geschichte ist gut erforscht. Quellen:",
    "hi": "पुल और नदियाँ धीरे-धीरे बदलती हैं, और उनके इतिहास पर बहुत शोध हुआ है। स्रोत:",
    "zh": "桥梁和河流变化缓慢，人们对它们的历史做过很多研究。参考文献：",
}


@pytest.mark.parametrize("language", ANSWERS)
def test_an_answer_with_a_bibliography_is_in_its_language(language: str) -> None:
    found = text_fidelity("\n".join((ANSWERS[language], *ENTRIES[:4])), language)
    assert (found.fidelity, found.answered_in, found.switched) == (100, language, False)


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_found(entry: str) -> None:
    assert list(bibliography.find(f"Lähteet:\n{entry}")) == [(9, 9 + len(entry))]


@pytest.mark.parametrize(
    "line",
    [
        "The war ended in the region (1945). After that the town grew quickly.",
        "In 1952 the games were held in Helsinki, and the city built a new stadium.",
        "Helsinki, Finland. In 1952 the games were held here for the first time.",
        "A. The bridge was built in 1932.",
        "- Rivers, lakes and seas froze in the winter of 1987.",
        "1. Open the file. 2. Write the year 2024 into it.",
        "However, Edison showed his *talking machine* to the world in 1877.",
        "Yes, Selma wrote “The Winter Road” in 1931, when she was ill.",
        "Smith, J. said in 2019 that the city is one of the best places to live.",
        "J. M. Halvorsen and her agent sold the book in 1997.",
        'конечно, например группа "Север" выпустила альбом в 1988 году.',
    ],
)
def test_prose_with_a_year_is_no_entry(line: str) -> None:
    assert list(bibliography.find(line)) == []


def test_an_english_answer_with_a_bibliography_is_english() -> None:
    text = "\n".join(("Bridges and rivers change slowly, and their history is well known.", *ENTRIES[:2]))
    found = text_fidelity(text, "fi")
    assert (found.line_pass, found.fidelity) == (False, 0)
