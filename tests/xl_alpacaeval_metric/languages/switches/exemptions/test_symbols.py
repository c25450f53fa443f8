"""Formulas without marks, moves of chess, hashtags."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches.exemptions import symbols


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Yhtälö on 6CO2 + 6H2O → C6H12O6 + 6O2 kasveissa.", ["6CO2 + 6H2O → C6H12O6 + 6O2"]),
        ("Kun x = 3, f(x) = 2x + 1 on seitsemän.", ["x = 3", "f(x) = 2x + 1"]),
        ("Hyvää matkaa! #travel #foodlover #paris", ["#travel #foodlover #paris"]),
        ("A well-known place, open 24/7, has a 4-star hotel.", ["24/7"]),
        ("# One heading", []),
        ("Valkea jatkaa 1. e4 c5 2. Nf3 d6 3. d4, ja peli aukeaa.", ["1. e4 c5 2. Nf3 d6 3. d4"]),
        ("Wariant otwarty: 3...a6 4.Ga4 Sf6 5.O-O Sxe4, potem d4.", ["3...a6 4.Ga4 Sf6 5.O-O Sxe4"]),
        ("Белые выигрывают: 25. Фg8+!! Крxg8 26. Кe7# и мат.", ["25. Фg8+!! Крxg8 26. Кe7#"]),
        ("El alfil de c4 mira a la casilla f7 y nada más.", []),
    ],
)
def test_they_are_found(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in symbols.find(text)] == found


def test_a_line_of_moves_is_in_no_language() -> None:
    text = (
        "Debiut hiszpański powstaje po 1.e4 e5 2.Sf3 Sc6 3.Gb5. Czarne mogą wybrać:\n\n"
        "- **obronę berlińską** 3...Sf6, która jest bardzo solidna,\n"
        "- **wariant otwarty** 3...a6 4.Ga4 Sf6 5.O-O Sxe4,\n"
        "- **atak Marshalla** z ofiarą pionka."
    )
    found = text_fidelity(text, "pl")
    assert found.fidelity == 100.0
    assert not found.switched


def test_squares_and_what_looks_like_moves_take_bounded_time() -> None:
    assert len(list(symbols.find("e4 " * 20_000))) == 1
    assert list(symbols.find("1. " * 20_000 + "e4 e")) == []
