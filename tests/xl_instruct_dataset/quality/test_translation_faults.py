"""What a translation must not lose."""

import itertools

import pytest

from tests.xl_instruct_dataset import bundled
from xl_alpacaeval_metric import benchmark
from xl_instruct_dataset.quality import kept_marks
from xl_instruct_dataset.quality.translation_faults import copy, fault, lost_breaks, untranslated_run

LOST = {
    "formulas lost": [
        ("The area is $\\pi r^2$ here.", "Die Fläche ist hier pi mal r im Quadrat."),
        ("Note that \\(a^2 + b^2\\) holds.", "Beachte, dass \\(a^2 + c^2\\) gilt."),
        ("It is $$E = mc^2$$ then.", "Dann gilt E = mc^2."),
        ("Solve $5x + 3 = 18$ now.", "Löse jetzt 5x + 3 = 18."),
        ("The rim is $2\\pi r$ long.", "Kehä on 2πr."),
        ("A number $12$ here.", "Eine Zahl, 12, hier."),
        ("It is $x^2$.", "Es ist $x2$."),
        ("It is $x^2$ and $x^2$.", "Es ist $x^2$ und noch einmal."),
        ("So $x \\le 5$ holds.", "Also gilt $x \\ge 5$."),
        ("So x^2 + 1 is odd.", "x2 + 1 on siis pariton."),
        ("So \\frac{a}{b} is it.", "So ist es a/b."),
        ("\\begin{align}a &= b\\end{align}", "a = b"),
    ],
    "placeholders lost": [
        ("Dear {name}, hello.", "Liebe Anna, hallo."),
        ("Dear {{first_name}}, hello.", "Hei, {{etunimi}}."),
        ("Dear {{ name }}, hello.", "Hei, {{ nimi }}."),
        ("Dear [Your Name], hello.", "Liebe Anna, hallo."),
        ("Dear <Your Name>, hello.", "Hei, nimesi."),
        ("Dear <your_name>, hello.", "Hei, <nimesi>."),
        ("Found %d files in %s.", "Tiedostoja löytyi %d."),
        ("It is %.2f km, %1$s.", "Es sind 2,00 km, %1$s."),
        ("Set {0} and {}.", "Setze {0}."),
        ("Call [PHONE_NUMBER] now.", "Rufen Sie jetzt an."),
        ("- [ ] one\n- [x] two", "- eins\n- zwei"),
        ("As [1] and [2] say.", "Wie [1] sagt."),
        ("Fill in: I ___ home.", "Ergänze: Ich gehe nach Hause."),
        ("Name: ______", "Nimi:"),
        ("It is in $HOME/bin.", "Es liegt in $HEIM/bin."),
    ],
    "HTML lost": [
        ("Use <b>this</b> one.", "Käytä tätä."),
        ("One.<br/>Two.", "Eins. Zwei."),
        ('Look <a href="a.html">here</a>.', 'Siehe <a href="b.html">hier</a>.'),
        ("One <!-- note --> two.", "Eins zwei."),
        ("A&nbsp;B is 3 &lt; 4.", "A&nbsp;B ist 3 < 4."),
        ("It is &copy; R&#38;D.", "Es ist &copy; F&D."),
    ],
    "links lost": [
        ("See [the page](docs/a.md).", "Siehe [die Seite]."),
        ("See ![a cat](cat.png).", "Katso kissaa."),
        ("See [it](https://x.org/a).", "Siehe dort: https://x.org/a"),
    ],
    "addresses lost": [("Write to jo@x.org.", "Schreib mir."), ("Go to www.x.org/a.", "Geh hin.")],
    "table rows": [("a | b\n--- | ---\n1 | 2", "a b\n1 2"), ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b\n1, 2")],
    "table cells": [("| a | b |\n|---|---|\n| 1 | 2 |", "| a |\n|---|\n| 1 |")],
    "quoted texts": [("> One\n> two\n\nThree", "Eins zwei\n\nDrei")],
}


@pytest.mark.parametrize(("reason", "source", "translated"), [(why, *pair) for why in LOST for pair in LOST[why]])
def test_what_is_lost_is_named(source: str, translated: str, reason: str) -> None:
    found = fault(source, translated)
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(
    ("source", "translated"),
    [
        ("It costs $5 or $10 a day.", "Es kostet 5 $ oder 10 $ am Tag."),
        ("From $5-$10 to $1.50, or between $5 and 10$.", "5 bis 10 Dollar oder 1,50."),
        ("About $100 (€92), $5 + tax or $20 USD/$30 CAD.", "Etwa 100 Dollar, 5 plus Steuer."),
        ("The area is $\\pi r^2$ here.", "Hier ist die Fläche $\\pi r^2$."),
        ("Solve $5x + 3.5 = 18$.", "解\\(5x+3{,}5=18\\)。"),
        ("$\\text{area} = 2 \\times r$", "$\\text{Fläche} = 2 \\cdot r$"),
        ("$x \\le 5$ and $y\\geq\\dfrac{1}{2}$", "$x\\leq 5$ und $y \\ge \\frac{1}{2}$"),
        ("$\\left(a \\rightarrow b\\right)$, $p \\land q$", "$(a \\to b)$, $p \\wedge q$"),
        ("So x \\le 5 holds, $a ≤ b$.", "Also gilt x \\leq 5, $a \\le b$."),
        ("It is x^2 in C:\\Program Files.", "Es ist x² in C:\\Programme."),
        ("Dear {name}, hello.", "Hallo, {name}!"),
        ("Dear {{ name }}, hello.", "Hallo, {{name}}!"),
        ("About 20 % say so.", "Etwa 20 % sagen das."),
        ("If x < y then go.", "Wenn x < y, dann los."),
        ("[Your name]", "[Ihr Name]"),
        ("Dear [Your Name] or {first name}", "亲爱的【您的姓名】或{名字}"),
        ("Use <b>this</b> one.", "Nimm <b>das</b> hier."),
        ("Don&#39;t say &quot;x&quot; &ndash; or so.", "Sag nicht „x“ – oder so."),
        ("Fill in: I ___ home.\n\nName: ____", "填空：我____回家。\n\n姓名：（　　）"),
        ("One\n\n___\n\n___two___", "Eins\n\n---\n\n***zwei***"),
        ("It is in $HOME, for $USD.", "Es liegt in $HOME, für US-Dollar."),
        ("See [the page](docs/a.md).", "Siehe [die Seite](docs/a.md)."),
        ("|a|b|\n|-|-|\n|1|2|", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("> One\n> two\n\nThree", "> Eins zwei\n\nDrei"),
        ("In the 19th century all changed.", "19. yüzyılda her şey değişti."),
        ("- On May 1 we rest.\n- On May 2 we work.", "- 1. Mai: Ruhe.\n- 2. Mai: Arbeit."),
        ("1. One\n2. Two\n\nOn May 2 we rest.", "1. Eins\n2. Zwei\n\n2. Mai: Ruhe."),
    ],
)
def test_what_is_kept_is_no_fault(source: str, translated: str) -> None:
    assert fault(source, translated) is None


def test_a_list_that_the_source_has_not_is_named() -> None:
    found = fault("Take tea and milk.", "1. Tee\n2. Milch")
    assert found is not None
    assert str(found) == "list items: 0 before, 2 after"


@pytest.mark.parametrize(
    ("translated", "lost"),
    [("Ensin. Toiseksi. Kolmanneksi.", True), ("Zuerst.\n\nDann und zum Schluss.", False), ("A\n\nB\n\nC", False)],
)
def test_lost_paragraphs_are_found(translated: str, lost: bool) -> None:
    assert (lost_breaks("First.\n\nSecond.\n\nThird.", translated) is not None) == lost


def test_lost_line_breaks_are_found() -> None:
    verse = "Roses are red,\nViolets are blue,\nSugar is sweet."
    found = lost_breaks(verse, "Rosen sind rot, Veilchen sind blau, Zucker ist süß.")
    assert found is not None
    assert found.reason == "line breaks lost"
    assert lost_breaks(verse, "Rosen sind rot,\nVeilchen sind blau,\nZucker ist süß.") is None
    wrapped = "\n".join([ENGLISH, ENGLISH, ENGLISH])
    assert lost_breaks(wrapped, "Der Tee ist fertig.") is None


@pytest.mark.parametrize(
    ("source", "translated", "target"),
    [
        ("100 men", "sata miestä", "fi"),
        ("365 days", "kolmesataakuusikymmentäviisi päivää", "fi"),
        ("100 guests, 1000 cups", "cem convidados, mil copos", "pt"),
        ("1,000 m", "bin metre", "tr"),
        ("1,500 m", "一千五百米", "zh"),
        ("12,345 and 2,300,000", "一万二千三百四十五和二百三十万", "zh"),
        ("12,000", "1万2千", "ja"),
        ("£125m, 375,000 of them", "1億2,500万、37万5,000", "ja"),
        ("140 million, 15,000", "1 億 4 千万と 1 万 5 千", "ja"),
        ("16,000", "1만 6천", "ko"),
        ("26,750", "۲۶،۷۵۰", "fa"),
        ("350,000,000 and 1,200,000,000,000", "三亿五千万和一万二千亿", "zh"),
        ("500 men", "пятисот человек", "ru"),
        ("1,000,000 a year", "milyonu aşkın", "tr"),
        ("150,000", "डेढ़ लाख", "hi"),
        ("1,00,000", "१,००,०००", "hi"),
        ("1,234.50 in 2024", "١٬٢٣٤٫٥ في ٢٠٢٤", "ar"),
        ("25.12.2023", "2023年12月25日", "zh"),
        ("1430 hours", "14:30 Uhr", "de"),
        ("from 1989 to 2024", "昭和64年から令和6年まで", "ja"),
        ("in 2019", "令和元年に", "ja"),
        ("in 1950", "昭和二十五年", "ja"),
        ("in 2024", "民國113年", "zh-TW"),
        ("in 2024", "ใน พ.ศ. 2567", "th"),
    ],
)
def test_a_number_may_be_written_in_words_and_in_other_digits(source: str, translated: str, target: str) -> None:
    assert fault(source, translated, target) is None


@pytest.mark.parametrize(
    ("source", "translated", "target"),
    [
        ("500 and 300", "viisisataa ja jotain", "fi"),
        ("two hundred men, 365 days", "kaksisataa miestä", "fi"),
        ("1,500 m", "一千四百米", "zh"),
        ("in 2024", "令和5年", "ja"),
        ("in 2024", "ใน พ.ศ. 2566", "th"),
        ("192.168.0.1", "192.168.1.0", "de"),
        # Words for a percentage or a century, and words that only look like numbers.
        ("20% of 300", "20 pour cent", "fr"),
        ("300 years", "ein Jahrhundert", "de"),
        ("500 guests", "ezek a vendégek, öt százalék", "hu"),
        ("500 guests", "toto mesto je často", "sk"),
        ("500 guests", "hostí je deset", "cs"),
        ("500 guests", "ospiti recenti", "it"),
        ("500 guests", "सौंदर्य और सौदा", "hi"),
    ],
)
def test_a_number_of_which_there_is_no_word_is_lost(source: str, translated: str, target: str) -> None:
    assert "numbers lost" in str(fault(source, translated, target))


def test_bundled_texts_have_lost_no_mark_and_hardly_any_break() -> None:
    pairs = [(one, other) for group in bundled.groups() for one, other in itertools.permutations(group.values(), 2)]
    assert [found for pair in pairs for found in kept_marks.lost(*pair)] == []
    assert sum(lost_breaks(*pair) is not None for pair in pairs) < 0.01 * len(pairs)


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
