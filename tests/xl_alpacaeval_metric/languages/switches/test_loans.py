import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches import loans


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "De CEO gaf een update.\nKey takeaways: focus op customer success en employee engagement."),
        (
            "id",
            "Kami bekerja keras hari ini di kantor.\nStrategi growth hacking meliputi referral program, email automation, dan influencer.",
        ),
        ("es", "Mejores porteros: Thibaut Courtois, Alisson Becker, Ederson Moraes, Jan Oblak."),
        (
            "pt",
            "O Benfica venceu o Sporting no Estádio da Luz.\nNa Premier League, o Arsenal bateu o Brighton por 3-0.",
        ),
        ("tr", "Veri biliminde data cleaning, feature selection ve model deployment adımları vardır."),
    ],
)
def test_sentences_around_names_and_terms_are_in_the_language(language: str, text: str) -> None:
    found = text_fidelity(text, language)
    assert (found.fidelity, found.spans) == (100.0, ())


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "De CEO gaf een update.\nKey takeaways: focus on customer success and employee engagement."),
        ("nl", "De CEO gaf een update en we should definitely focus more on customer success this year."),
        (
            "tr",
            "Bugün çok çalıştık ve yorulduk.\nBiliminde data cleaning takes most of the time, feature selection vardır.",
        ),
        (
            "id",
            "Kami bekerja keras hari ini di kantor.\nStrategi growth hacking, and then we send them an email, dan seterusnya.",
        ),
    ],
)
def test_english_sentences_and_clauses_stay_switches(language: str, text: str) -> None:
    assert text_fidelity(text, language).switched


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("focus op customer success en employee engagement", "op en"),
        ("focus on customer success en employee engagement", ""),  # A word of an English sentence.
        ("focus op new major enterprise customer success en geld", ""),  # Too long for a term.
        ("customer success op employee engagement", ""),  # One word tells too little.
    ],
)
def test_words_between_terms_tell_the_language(text: str, words: str) -> None:
    assert loans.around_terms(text, "nl") == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Na Premier League, o Arsenal bateu o Brighton por 3-0.", "o bateu o por"),
        ("Abnormal lab results: Troponin I, CK", ""),  # Words in small letters that look English.
        ("o time bateu o Brighton por 3-0.", ""),  # Few names.
    ],
)
def test_words_between_names(text: str, words: str) -> None:
    assert loans.around_names(text, "pt") == words
