"""Formulas without marks, hashtags."""

import pytest

from xl_alpacaeval_metric.languages.switches.exemptions import symbols


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Yhtälö on 6CO2 + 6H2O → C6H12O6 + 6O2 kasveissa.", ["6CO2 + 6H2O → C6H12O6 + 6O2"]),
        ("Kun x = 3, f(x) = 2x + 1 on seitsemän.", ["x = 3", "f(x) = 2x + 1"]),
        ("Hyvää matkaa! #travel #foodlover #paris", ["#travel #foodlover #paris"]),
        ("A well-known place, open 24/7, has a 4-star hotel.", ["24/7"]),
        ("# One heading", []),
    ],
)
def test_they_are_found(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in symbols.find(text)] == found
