import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches.exemptions import latin_terms


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("el", "Το τεκμήριο αθωότητας (in dubio pro reo) κατοχυρώνεται στο Σύνταγμα. Ισχύει η αρχή ne bis in idem."),
        (
            "uk",
            "Діє принцип non bis in idem: двічі за одне й те саме не карають нікого в державі. Також важливе nullum crimen sine lege.",
        ),
        ("bg", "Аргументът е post hoc ergo propter hoc: едното събитие следва другото, но не е причинено от него."),
    ],
)
def test_latin_terms_are_no_switch(language: str, text: str) -> None:
    found = text_fidelity(text, language)
    assert (found.fidelity, found.spans) == (100.0, ())


def test_other_latin_is_a_switch() -> None:
    text = "Діє принцип рівності, et tamen nemo scit quid cras futurum sit, тому будьмо обережні."
    assert text_fidelity(text, "uk").switched


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Принцип Ne bis in idem діє, а non bis in idem теж.", ["Ne bis in idem", "non bis in idem"]),
        ("bene bis in idemque", []),  # Inside other words.
        ("İ ne bis in idem", []),  # In small letters it has one character more.
    ],
)
def test_terms_are_whole_words(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in sorted(latin_terms.find(text))] == found
