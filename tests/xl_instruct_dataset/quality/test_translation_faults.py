"""What a translation must not lose."""

import pytest

from xl_alpacaeval_metric import benchmark
from xl_instruct_dataset.quality.translation_faults import copy, fault, lost_paragraphs, untranslated_run


@pytest.mark.parametrize(
    ("source", "translated", "reason"),
    [
        ("The area is $\\pi r^2$ here.", "Die Fläche ist hier pi mal r im Quadrat.", "formulas lost"),
        ("Note that \\(a^2 + b^2\\) holds.", "Beachte, dass \\(a^2 + c^2\\) gilt.", "formulas lost"),
        ("It is $$E = mc^2$$ then.", "Dann gilt E = mc^2.", "formulas lost"),
        ("Dear {name}, hello.", "Liebe Anna, hallo.", "placeholders lost"),
        ("Dear {{first_name}}, hello.", "Hei, {{etunimi}}.", "placeholders lost"),
        ("Found %d files in %s.", "Tiedostoja löytyi %d.", "placeholders lost"),
        ("Call [PHONE_NUMBER] now.", "Rufen Sie jetzt an.", "placeholders lost"),
        ("Use <b>this</b> one.", "Käytä tätä.", "HTML lost"),
        ("One.<br/>Two.", "Eins. Zwei.", "HTML lost"),
    ],
)
def test_what_is_lost_is_named(source: str, translated: str, reason: str) -> None:
    found = fault(source, translated)
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(
    ("source", "translated"),
    [
        ("It costs $5 or $10 a day.", "Es kostet 5 $ oder 10 $ am Tag."),
        ("The area is $\\pi r^2$ here.", "Hier ist die Fläche $\\pi r^2$."),
        ("Dear {name}, hello.", "Hallo, {name}!"),
        ("About 20 % say so.", "Etwa 20 % sagen das."),
        ("If x < y then go.", "Wenn x < y, dann los."),
        ("[Your name]", "[Ihr Name]"),
        ("Use <b>this</b> one.", "Nimm <b>das</b> hier."),
    ],
)
def test_what_is_kept_is_no_fault(source: str, translated: str) -> None:
    assert fault(source, translated) is None


@pytest.mark.parametrize(
    ("translated", "lost"),
    [("Ensin. Toiseksi. Kolmanneksi.", True), ("Zuerst.\n\nDann und zum Schluss.", False), ("A\n\nB\n\nC", False)],
)
def test_lost_paragraphs_are_found(translated: str, lost: bool) -> None:
    assert (lost_paragraphs("First.\n\nSecond.\n\nThird.", translated) is not None) == lost


def test_bundled_texts_have_lost_no_formula_placeholder_tag_or_paragraphs() -> None:
    by_item: dict[str, list[str]] = {}
    for row in benchmark.load("mini", benchmark.MINI_LANGUAGES).rows:
        by_item.setdefault(row.id, []).append(str(row.reference))
    pairs = [(one, other) for texts in by_item.values() for one in texts for other in texts]
    reasons = {"formulas lost", "placeholders lost", "HTML lost"}
    found = [fault(one, other) for one, other in pairs]
    assert sum(one is not None and one.reason in reasons for one in found) == 0
    assert not any(lost_paragraphs(one, other) for one, other in pairs)


ENGLISH = "The tea is ready and the water is hot, so come in now and sit down with us."


@pytest.mark.parametrize(
    "translated",
    [
        ENGLISH,
        f"  {ENGLISH.upper()}  ",
        f"{ENGLISH} Tee on valmista.",
        "Tee ist fertig. The tea is ready and the water is hot, so come in now.",
        "Tee on valmista ja vesi kuumaa. " * 9 + "The tea is ready and the water is hot.",
    ],
)
def test_a_copy_of_the_source_is_found_whatever_the_language(translated: str) -> None:
    found = copy(ENGLISH, translated)
    assert found is not None
    assert found.reason == "copied from the source"


@pytest.mark.parametrize(
    "translated",
    [
        "Tee on valmista ja vesi kuumaa, joten tule sisään ja istu seuraamme.",
        "The Water of Life",
        "茶好了，水也热了，进来坐吧。",
    ],
)
def test_a_translation_is_no_copy(translated: str) -> None:
    assert copy(ENGLISH, translated) is None


MORE_GERMAN = (
    " Das Buch ist alt, doch viele lesen es noch heute mit Gewinn. Wer es zuklappt, hört den anderen besser zu, fragt "
    "öfter nach und streitet seltener um Kleinigkeiten. Am Ende jedes Kapitels steht, was man an einem gewöhnlichen "
    "Tag davon üben kann: einen Namen behalten, ein Lob aussprechen, einen Fehler zugeben."
)


def test_a_title_numbers_and_code_are_no_copy() -> None:
    english = (
        "Read How to Win Friends and Influence People, then 1 2 3 4 5 6 7 8 9, and `a b c d e f g h i j k l m n o p`."
    )
    german = (
        "Lies How to Win Friends and Influence People, dann 1 2 3 4 5 6 7 8 9, und `a b c d e f g h i j k l m n o p`."
    )
    assert copy(english, german + MORE_GERMAN) is None


def test_no_two_bundled_texts_share_a_clause() -> None:
    by_item: dict[str, list[str]] = {}
    for row in benchmark.load("mini", ("de", "fi", "tr", "zh", "en")).rows:
        by_item.setdefault(row.id, []).append(str(row.reference))
    assert not any(
        untranslated_run(one, other) for texts in by_item.values() for one in texts for other in texts if one != other
    )
