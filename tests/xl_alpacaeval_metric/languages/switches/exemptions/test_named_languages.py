"""Phrases behind the names of their languages."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches.exemptions import named_languages

GREETINGS = {
    "de": "So grüßt man anderswo:\n\n- Englisch: Hello, how are you?\n- Französisch: Bonjour, comment ça va ?\n"
    "- Japanisch: こんにちは、お元気ですか？\n\nMit diesen Grüßen kommen Sie fast überall gut an.",
    "en": "How to greet people elsewhere:\n\n- **German:** Guten Morgen, wie geht es dir?\n"
    "- **Spanish:** Buenos días, ¿cómo estás?\n\nA simple greeting goes a long way when you travel.",
    "fi": "Näin tervehditään muualla:\n\nenglanniksi – Good morning, how are you?\nsaksaksi – Guten Morgen, wie geht es dir?"
    "\n\nOpettele ne ulkoa ennen matkaa ja käytä niitä rohkeasti.",
    "uk": "Ось вітання різними мовами: англійською — Hello, how are you?, німецькою — Guten Tag, wie geht es Ihnen? "
    "Вивчіть хоча б одне вітання перед подорожжю.",
    "zh": "各国语言的问候：\n\n- 英语：How are you doing today?\n- 德语：Guten Tag, wie geht es Ihnen?\n\n"
    "旅行之前，记住这些说法会很有用。",
    "vi": "Lời chào ở các nước:\n\n- Tiếng Anh: Nice to meet you, my friend!\n- Tiếng Pháp: Bonjour, comment ça va ?\n\n"
    "Hãy học thuộc vài câu trước khi đi du lịch nước ngoài.",
}


@pytest.mark.parametrize("language", GREETINGS)
def test_they_are_no_switch(language: str) -> None:
    found = text_fidelity(GREETINGS[language], language)
    assert (found.fidelity, found.switched) == (100, False)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Er spricht Englisch and he likes to play football with his friends."),  # No mark.
        ("de", "Wetter: The sun is out and we should all go for a walk."),  # No name.
        ("de", "Englisch: eine Sprache, die in vielen Ländern gesprochen wird."),  # In the language.
        ("id", "Latihan: There are many other things that we could do."),  # Begins like Latin.
        ("en", "The Italian-American kid grew up in Brooklyn."),
    ],
)
def test_other_phrases_are_looked_at(language: str, text: str) -> None:
    assert named_languages.find([text], Passes(language, "Latn"), language) == [[]]
