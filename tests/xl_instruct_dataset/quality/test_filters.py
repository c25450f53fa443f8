"""The filters: what each drops, and that nothing good is dropped."""

import itertools
import re

import pytest

from tests.xl_instruct_dataset import bundled
from tests.xl_instruct_dataset.quality.texts import CHINESE, ENGLISH, FINNISH, GERMAN, HINDI
from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.quality import filters
from xl_instruct_dataset.quality.filters import Drop


def reason(found: Drop | None) -> str | None:
    return None if found is None else found.reason


def test_no_bundled_text_is_dropped() -> None:
    texts = list(bundled.texts())
    assert len(texts) > 500
    for code, text in texts:
        assert filters.wrong_language(text, code) is None, (code, text)
        assert filters.repetition(text) is None, (code, text)
        assert filters.leaked(text) is None, (code, text)


def test_bundled_instructions_leak_nothing() -> None:
    assert [filters.leaked(text) for text in bundled.instructions()] == [None] * len(bundled.instructions())


def test_no_bundled_text_is_too_long_or_too_short_for_another_language() -> None:
    for group in bundled.groups():
        for a, b in itertools.permutations(group, 2):
            assert filters.length_ratio(group[a], group[b], a, b) is None, (a, b, group[a])


def test_every_bundled_text_is_in_the_wrong_language_for_another() -> None:
    for group in bundled.groups():
        codes = sorted(code for code in group if "-" not in code)
        for code, other in zip(codes, codes[1:] + codes[:1], strict=True):
            assert reason(filters.wrong_language(group[code], other)) == "wrong language"


@pytest.mark.parametrize("other", ["tr", "fr", "hu", "zh"])
@pytest.mark.parametrize("code", ["de", "fi", "hi", "mt"])
def test_two_sentences_of_a_third_language_are_too_many_in_a_text_of_any_length(code: str, other: str) -> None:
    texts = [group[code] for group in bundled.groups() if code in group and len(group[code]) > 600][:4]
    assert filters.wrong_language("\n\n".join(texts), code) is None
    stranger = next(group[other] for group in bundled.groups() if other in group and len(group[other]) > 200)
    sentences = "".join(re.split(r"(?<=[.!?。！？])", stranger)[:2])
    texts[1] = f"{texts[1]} {sentences}"
    assert reason(filters.wrong_language("\n\n".join(texts), code)) == "wrong language"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (FINNISH, "fi"),
        (GERMAN, "DE"),
        (CHINESE, "zh"),
        (f"```\nx = 1\n```\n      \n{CHINESE}", "zh"),  # In Chinese, spaces count, too.
        (HINDI, "hi"),
        (f"{FINNISH}\n\n```python\nfor the_cat in all_of_the_cats: print('this is an English sentence')\n```", "fi"),
        ("\n".join([FINNISH] * 9 + ["The cat sleeps for most of the day."]), "fi"),
        ("Helsinki", "de"),
        ("42", "fi"),
        ("", "fi"),
        (ENGLISH, "yue-Latn"),
        ("Famous works include Der Ring des Nibelungen, Tristan und Isolde and Die Meistersinger von Nürnberg.", "en"),
        ("Beatlesin albumeita ovat Sgt. Pepper's Lonely Hearts Club Band, Magical Mystery Tour ja Abbey Road.", "fi"),
        ("1. The Great Gatsby\n2. Of Mice and Men\n3. Lord of the Flies", "de"),
        (
            "Hier sind fünf Filme, die ich empfehlen kann:\n\n1. The Shawshank Redemption (1994)\n2. The Lord of the "
            "Rings: The Return of the King\n3. No Country for Old Men\n4. Eternal Sunshine of the Spotless Mind\n"
            "5. One Flew Over the Cuckoo's Nest",
            "de",
        ),
    ],
)
def test_the_right_language_is_kept(text: str, code: str) -> None:
    assert filters.wrong_language(text, code) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ENGLISH, "fi"),
        (CHINESE, "de"),
        (GERMAN, "hi"),
        (f"{FINNISH}\n{ENGLISH}", "fi"),
        ("\n".join([FINNISH] * 8 + [ENGLISH]), "fi"),
        ("- red\n- green\n- blue\n- yellow\n- black and white together", "fi"),
        (f"{ENGLISH}\n\n```\n{FINNISH}\n```", "fi"),
        ("Why the Mayor Will Win a Second Term", "de"),
    ],
)
def test_another_language_is_dropped(text: str, code: str) -> None:
    found = filters.wrong_language(text, code)
    assert reason(found) == "wrong language"
    assert found is not None
    assert code in found.detail


def test_a_language_that_the_identifier_does_not_know_is_unscored_and_kept() -> None:
    assert filters.unscored("yue-Latn")
    assert not filters.unscored("fi")
    assert not filters.unscored("pt-BR")
    with pytest.raises(UserError, match="unknown language"):
        filters.wrong_language("x", "qq")


def test_lengths_are_compared_across_scripts() -> None:
    english, chinese = ENGLISH * 3, CHINESE * 3
    assert filters.length_ratio(english, chinese, "en", "zh") is None
    assert filters.length_ratio(chinese, english, "zh", "en") is None
    assert reason(filters.length_ratio(english, chinese, "en", "fi")) == "length ratio"
    assert reason(filters.length_ratio(english, chinese * 3, "en", "zh-Hant")) == "length ratio"


def test_latin_letters_and_digits_are_no_longer_in_chinese_than_in_english() -> None:
    english = (
        "Run `pip install xl-suite==0.1.0` first, then `python -m xl_suite --url https://example.org/files/list.json`."
    )
    chinese = (
        "先运行 `pip install xl-suite==0.1.0`，再运行 `python -m xl_suite --url https://example.org/files/list.json`。"
    )
    assert filters.length_ratio(english, chinese, "en", "zh") is None
    assert filters.length_ratio(chinese, english, "zh", "en") is None


def test_rows_of_tables_are_too_short_to_tell_a_language_by() -> None:
    table = (
        "| 行星 | 直径 | 距离 | 卫星 |\n|---|---|---|---|\n| 水星 | 4,879 | 57.9 | 0 |\n| 木星 | 142,984 | 778.5 | 95 |"
    )
    assert (
        filters.wrong_language(f"下面的表格列出了太阳系里几颗行星的大小和它们到太阳的距离。\n\n{table}", "zh") is None
    )
    english = "| The small planets | Mercury and Mars and the Earth |\n" * 3
    assert reason(filters.wrong_language(english, "zh")) == "wrong language"


def test_what_is_cut_off_or_goes_on_is_dropped_and_short_texts_are_not_measured() -> None:
    assert reason(filters.length_ratio(ENGLISH * 3, FINNISH, "en", "fi")) == "length ratio"
    assert reason(filters.length_ratio(ENGLISH, FINNISH * 3, "en", "fi")) == "length ratio"
    assert reason(filters.length_ratio(ENGLISH, "", "en", "fi")) == "length ratio"
    assert filters.length_ratio("Yes.", "Kyllä, niin on asia.", "en", "fi") is None
    assert filters.length_ratio("", "", "en", "fi") is None


def test_code_has_no_length() -> None:
    code = "```\n" + "x = 1\n" * 200 + "```"
    assert reason(filters.length_ratio(f"{ENGLISH * 3}\n\n{code}", f"{FINNISH[:30]}\n\n{code}", "en", "fi")) is not None


@pytest.mark.parametrize(
    "text",
    [
        "I am fine, thank you. " * 4,
        "The answer is simple. The answer is simple. The answer is simple.",
        f"{ENGLISH}\n\n" + "and then we went home " * 20,
        "Kissa nukkuu. " * 10,
        "我很好，谢谢你。" * 6,
        "मैं ठीक हूँ, धन्यवाद। " * 5,
        "a" * 100,
        "ha" * 60,
        "no no no no no no no no no no",
        "- one\n- two\n" * 4,
        "Yes\n" * 5,
    ],
)
def test_looping_texts_are_dropped(text: str) -> None:
    assert reason(filters.repetition(text)) == "repetition"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        "Yes, yes, yes!",
        "Row, row, row your boat, gently down the stream, merrily, merrily, merrily, merrily, life is but a dream.",
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n| --- | --- |\n| 3 | 4 |",
        "```\n" + "x = 1\n" * 50 + "```",
        f"{ENGLISH}\n\n{'-' * 80}\n\n{GERMAN}",
        "好好学习，天天向上。",
    ],
)
def test_ordinary_texts_are_kept(text: str) -> None:
    assert filters.repetition(text) is None


@pytest.mark.parametrize(
    "said",
    [
        "Here is the translation:",
        "Here's the translated text in Finnish:",
        "Sure! Here is the translation of the text into Finnish:",
        "**Translation:**",
        "Translation (Finnish):",
        "Finnish translation:",
        "Below is the response translated into Finnish.",
        "Hier ist die Übersetzung:",
        "Natürlich! Hier ist die deutsche Übersetzung:",
        "Voici la traduction en français :",
        "Aqui está a tradução:",
        "Íme a magyar fordítás:",
        "Štai vertimas į lietuvių kalbą:",
        "Seo an t-aistriúchán:",
        "Hawn hi t-traduzzjoni:",
        "以下是翻译：",
        "好的，以下是中文翻译：",
        "यहाँ अनुवाद है:",
        "Tässä on käännös:",
        "İşte çeviri:",
        "As an AI language model, I have no cats.",
        "Als KI-Sprachmodell habe ich keine Katzen.",
        "En tant qu'IA, je n'ai pas de chat.",
        "Como um modelo de linguagem, não tenho gatos.",
        "作为一个人工智能语言模型，我没有猫。",
        "Tekoälymallina minulla ei ole kissoja.",
        "Bir yapay zeka dil modeli olarak kedim yok.",
        "I'm sorry, but I cannot translate this.",
        "The passage above says that cats sleep.",
    ],
)
def test_talk_of_the_work_at_the_beginning_is_dropped(said: str) -> None:
    assert reason(filters.leaked(f"{said}\n\n{FINNISH}")) == "leaked"


@pytest.mark.parametrize(
    "said",
    [
        "(Note: I kept the original names in the translation.)",
        "Let me know if you need any changes!",
        "Feel free to ask.",
        "I hope this translation helps.",
        "Anmerkung zur Übersetzung: Namen blieben stehen.",
        "Note du traducteur : les noms restent.",
        "译者注：名字未译。",
        "Kääntäjän huomautus: nimet säilyivät.",
    ],
)
def test_talk_of_the_work_at_the_end_is_dropped(said: str) -> None:
    assert reason(filters.leaked(f"{FINNISH}\n\n{said}")) == "leaked"


@pytest.mark.parametrize(
    "text",
    [
        f"{FINNISH} <text 0123456789ab> {GERMAN}",
        f"{FINNISH}\n</passage 0123456789ab>",
        f"{FINNISH}<|im_end|>",
        f"{FINNISH}\n<end_of_turn>\n{GERMAN}",
        f"{FINNISH}\n</think>\n{GERMAN}",
        f"{FINNISH}\n\nUser: And dogs?\nAssistant: {GERMAN}",
        f"{FINNISH}assistant\n\n{GERMAN}",
    ],
)
def test_markers_are_dropped_wherever_they_stand(text: str) -> None:
    assert reason(filters.leaked(text)) == "leaked"


@pytest.mark.parametrize(
    "text",
    [
        f"Sure! Tässä on käännös:\n\n{FINNISH}",
        f"Finnish: {FINNISH}",
        f"**Finnish version:**\n\n{FINNISH}",
        f"{FINNISH} (Translated from English)",
        "Certainly, here's the Finnish version:\n\nKissa istuu matolla.",
        "Kissa istuu matolla.\n\nLet me know if you need anything else!",
    ],
)
def test_announcements_in_two_languages_and_around_short_texts_are_dropped(text: str) -> None:
    assert reason(filters.leaked(text, "fi")) == "leaked"


def test_a_short_english_text_may_be_polite() -> None:
    assert filters.leaked("Dear Sir or Madam,\n\nplease let me know if Tuesday suits you.", "en") is None
    assert filters.leaked("French cuisine: a short history of butter.", "en") is None
    assert filters.leaked("Sure, I will bring the cake.", "en") is None
    for code in ("en", "en-GB", "en-US"):
        assert filters.leaked("Here is how a vaccine works. It trains the immune system.", code) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("French: Bonjour\nGerman: Guten Tag\nSpanish: Buenos días", "en"),
        ("**Chinese (Mandarin):** about 940 million people speak it from birth.", "en"),
        ("Greek: the oldest written Indo-European language that is still spoken.", "en"),
        ("Spanish: „Hola“ heißt auf Deutsch „Hallo“.", "de"),
        ("Read a classic such as The Odyssey (translated by Emily Wilson).", "en"),
        ("The motto is E pluribus unum (translated from Latin: out of many, one).", "en"),
        ("Genes are copied to RNA (translated into proteins later).", "en"),
    ],
)
def test_names_of_languages_and_translators_are_no_talk(text: str, code: str) -> None:
    assert filters.leaked(text, code) is None


def test_many_empty_lines_are_no_talk() -> None:
    assert filters.leaked(f"{FINNISH}{chr(10) * 20_000}{FINNISH}", "fi") is None


@pytest.mark.parametrize("said", ["Sure! Here are some facts:", "Certainly! I can help.", "Here is what cats do:"])
def test_english_courtesies_are_a_leak_only_in_another_language(said: str) -> None:
    assert reason(filters.leaked(f"{said}\n\n{FINNISH} {FINNISH}")) == "leaked"
    assert filters.leaked(f"{said}\n\n{ENGLISH}") is None
    assert filters.leaked(f"{ENGLISH}\n\nLet me know if you want to hear more. I hope this helps!") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{ENGLISH} A good translation keeps the tone: read it aloud. {ENGLISH}",
        f"{ENGLISH}\n\nHere is the translation industry in numbers.\n\n{ENGLISH}",
        f"{ENGLISH} Some people ask an AI language model for help. {ENGLISH}",
        "Here is a recipe for four: flour, water and salt.",
        "Übersetzungen altern schneller als ihre Originale.",
        "Dear Sir or Madam,\n\nplease let me know if Tuesday suits you.",
        "The translation of a novel takes months. First comes a draft.",
        "翻译是一门艺术。好的译者读得很慢。",
        "Aistriúchán maith: sin an sprioc.",
    ],
)
def test_texts_about_translating_are_kept(text: str) -> None:
    assert filters.leaked(text) is None


def test_what_a_benchmark_asks_or_answers_is_dropped() -> None:
    request = "Explain to a child of eight why the sea is salty, and why rivers are not, in no more than six sentences."
    index = contamination.Index([contamination.Text("mini", "mini-77", "en", "request", request)])
    assert filters.overlap("Why do cats sleep?", ENGLISH, index) is None
    for row in ((f"Please: {request} Thanks.", ENGLISH), ("Why do cats sleep?", request.upper())):
        found = filters.overlap(*row, index)
        assert reason(found) == "overlap"
        assert found is not None
        assert "request of mini mini-77" in found.detail
