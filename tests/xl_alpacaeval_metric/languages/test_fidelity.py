"""Fidelity against published rates, native texts, a naive count, and hostile texts."""

import csv
import json
import math
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import helpers
from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import fidelity, identify
from xl_alpacaeval_metric.languages.fidelity import TextFidelity, language_fidelity, text_fidelity, texts_fidelity
from xl_alpacaeval_metric.languages.vocabulary import lexicon

SHARED = helpers.SHARED / "language_confusion"
REFERENCES = helpers.ROOT / "xl_alpacaeval_metric" / "data" / "mini" / "references"

GERMAN = "Heute scheint die Sonne und die Kinder spielen im Garten."
ENGLISH = "The sun is out today and the children play in the garden."
RUSSIAN = "Сегодня светит солнце, и дети весело играют в саду."
HINDI = "आज धूप निकली है और बच्चे बगीचे में खेल रहे हैं।"
CHINESE = "今天阳光很好，孩子们在花园里玩。"
TRADITIONAL = "今天陽光很好，孩子們在花園裡玩。"
JAPANESE = "今日は天気がよくて、子どもたちが庭で遊んでいます。"
THAI = "วันนี้อากาศดีมากและเด็กๆ กำลังเล่นอยู่ในสวน"
IRISH = "Tá an ghrian ag taitneamh inniu agus tá na páistí ag súgradh."
KLINGON = "tlhIngan maH taHjaj reH batlh Daqawlu'taH"

PASS, FAIL, UNSCORED = (True, None, True), (False, None, True), (None, None, False)


def benchmarks(found: TextFidelity) -> tuple[bool | None, bool | None, bool]:
    """The values that the benchmark defines."""
    return found.line_pass, found.word_pass, found.scored


@pytest.mark.skipif(not SHARED.is_dir(), reason="the benchmark's outputs are not beside the repository")
def test_the_language_confusion_benchmarks_rates() -> None:
    import pyarrow.parquet as pq

    with (SHARED / "expected.csv").open(encoding="utf-8") as lines:
        expected = {row["model"]: row for row in csv.DictReader(lines) if row["language"] == "all"}
    table = pq.read_table(SHARED / "crosslingual.parquet").to_pydict()
    assert len(expected) == 5
    for model, published in expected.items():
        rows = [i for i, of in enumerate(table["model"]) if of == model]
        found = language_fidelity([table["completion"][i] for i in rows], [table["language"][i] for i in rows])
        assert found.line_pass_rate == pytest.approx(100 * float(published["lpr"]), abs=1.0), model
        assert found.word_pass_rate == pytest.approx(100 * float(published["wpr"]), abs=1.0), model
        assert found.coverage is not None
        assert 98 < found.coverage < 100
        assert found.n == len(rows)
        assert len(found.by_language) == 14


def test_references_in_every_language_pass_whole() -> None:
    files = sorted(REFERENCES.glob("*.jsonl"))
    assert {file.stem for file in files} >= {"en", *languages.RELEASED}
    for file in files:
        texts = [json.loads(line)["reference"] for line in file.read_text(encoding="utf-8").splitlines()]
        for text, found in zip(texts, texts_fidelity(texts, [file.stem] * len(texts)), strict=True):
            assert found.line_pass is True, (file.stem, text[:200])
            assert found.word_pass is not False, (file.stem, text[:200])


def test_references_fail_in_every_other_language() -> None:
    codes = sorted(file.stem for file in REFERENCES.glob("*.jsonl"))
    for code in codes:
        lines = (REFERENCES / f"{code}.jsonl").read_text(encoding="utf-8").splitlines()[:3]
        texts = [json.loads(line)["reference"] for line in lines]
        for other in [other for other in codes if other.split("-")[0] != code.split("-")[0]]:
            assert not any(found.line_pass for found in texts_fidelity(texts, [other] * len(texts))), (code, other)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (GERMAN, "de", PASS),
        (GERMAN, "de-CH", PASS),
        (IRISH, "ga", PASS),
        (ENGLISH, "ga", FAIL),
        (f"{GERMAN}\n{ENGLISH}", "de", FAIL),
        (f"{GERMAN}\n{GERMAN}", "de", PASS),
        # Lines of fewer than five words are not scored.
        (f"Sure, here it is:\n\n{GERMAN}", "de", PASS),
        (f"Sure, here it is then:\n\n{GERMAN}", "de", FAIL),
        (f"{GERMAN}\nUnd was?\n\n- Eis", "de", PASS),
        ("Sure, here it is", "de", UNSCORED),
        # Punctuation is no word, and joins what it stands between.
        ("Und - was - ist - das - hier?", "de", PASS),
        ("Und - was - ist - das?", "de", UNSCORED),
        ("well-known open-source real-time", "de", UNSCORED),
        ("", "de", UNSCORED),
        (None, "de", UNSCORED),
        (math.nan, "de", UNSCORED),
        ("   \n\r\n\t", "de", UNSCORED),
        # Neither identifier knows it: unscored, not failed.
        (KLINGON, "tlh", UNSCORED),
        # One long word by a count of spaces.
        (CHINESE, "de", FAIL),
        (JAPANESE, "de", FAIL),
        (THAI, "zh", FAIL),
    ],
)
def test_lines(text: str | None, language: str, expected: tuple[bool | None, bool | None, bool]) -> None:
    assert benchmarks(text_fidelity(text, language)) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (RUSSIAN, "ru", True),
        (f"{RUSSIAN} Это хороший smartphone для детей.", "ru", False),
        # Names, short words and attached letters are no English words.
        (f"{RUSSIAN} Это Smartphone, iOS и USB.", "ru", True),
        (HINDI, "hi", True),
        (f"{HINDI} यह बहुत important है।", "hi", False),
        (CHINESE, "zh", True),
        (TRADITIONAL, "zh-Hant", True),
        (f"{CHINESE}他们都有smartphone。", "zh", False),
        (f"{CHINESE}他们都有Smartphone。", "zh", True),
        (JAPANESE, "ja", True),
        (f"{JAPANESE}みんなsmartphoneを持っています。", "ja", False),
        (THAI, "th", True),
        (f"{THAI}smartphoneของเขา", "th", False),
        # Not asked for Latin script, nor where the lines fail.
        (GERMAN, "de", None),
        (ENGLISH, "ru", None),
    ],
)
def test_words(text: str, language: str, expected: bool | None) -> None:
    found = text_fidelity(text, language)
    assert found.word_pass is expected
    assert found.line_pass is (text != ENGLISH)


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "🙂" * 50,
        "1\n2\n3",
        "\x00\ud800",
        "https://example.org/a/b?c=d",
        "```python\nprint(1)\n```",
        "-\n-\n-",
        "x" * 500_000,
    ],
)
@pytest.mark.parametrize("language", ["de", "mt", "zh", "ru"])
def test_odd_texts_do_not_crash(text: str, language: str) -> None:
    assert benchmarks(text_fidelity(text, language)) in (UNSCORED, FAIL)


def test_very_many_lines() -> None:
    assert benchmarks(text_fidelity("\n".join([GERMAN] * 20_000), "de")) == PASS
    assert benchmarks(text_fidelity("\n".join([GERMAN] * 20_000 + [ENGLISH]), "de")) == FAIL


def test_very_many_sentences_without_words() -> None:
    """Those that stay short together are read a few at a time: as one they would take minutes."""
    assert text_fidelity(CHINESE + "a.b." * 25_000, "zh").scored


def test_rates_by_hand() -> None:
    texts = [GERMAN, GERMAN, ENGLISH, "", RUSSIAN, f"{RUSSIAN} Это smartphone.", ENGLISH, KLINGON, KLINGON]
    codes = ["de", "deu", "de", "de", "ru", "ru", "ru", "tlh", "tlh"]
    found = language_fidelity(texts, codes)
    german, russian, klingon = (found.by_language[code] for code in ("de", "ru", "tlh"))
    assert list(found.by_language) == ["de", "ru", "tlh"]
    assert german.line_pass_rate == pytest.approx(200 / 3)
    assert german.word_pass_rate is None
    assert (german.coverage, german.n, german.n_scored) == (75.0, 4, 3)
    assert russian.line_pass_rate == pytest.approx(200 / 3)
    assert (russian.word_pass_rate, russian.coverage) == (50.0, 100.0)
    assert (klingon.line_pass_rate, klingon.word_pass_rate, klingon.coverage) == (None, None, 0.0)
    assert klingon.unsupported == found.unsupported == ("tlh",)
    # Few texts: every one weighs the same.
    assert found.line_pass_rate == pytest.approx(400 / 6)
    assert found.word_pass_rate == 50.0
    assert found.coverage == pytest.approx(600 / 9)
    assert (found.n, found.n_scored) == (9, 6)


def test_a_language_with_many_texts_does_not_drown_the_others() -> None:
    texts = [GERMAN] * 900 + [RUSSIAN] * 50 + [ENGLISH] * 250
    codes = ["de"] * 900 + ["ru"] * 300
    found = language_fidelity(texts, codes)
    assert found.line_pass_rate == pytest.approx((100 + 100 / 6) / 2)
    assert language_fidelity(texts[:925], codes[:925]).line_pass_rate == 100.0
    mixed = language_fidelity([GERMAN] * 900 + [ENGLISH] * 25, ["de"] * 900 + ["ru"] * 25)
    assert mixed.line_pass_rate == pytest.approx(100 * 100 / 125)


def test_nothing_to_score() -> None:
    nothing = language_fidelity([], [])
    assert (nothing.line_pass_rate, nothing.word_pass_rate, nothing.coverage, nothing.n) == (None, None, None, 0)
    empty = language_fidelity(["", None], ["de", "zh"])
    assert (empty.line_pass_rate, empty.word_pass_rate, empty.coverage, empty.n) == (None, None, 0.0, 2)


def test_bad_input_is_refused() -> None:
    with pytest.raises(UserError, match="2 texts but 1 language;"):
        language_fidelity([GERMAN, GERMAN], ["de"])
    with pytest.raises(UserError, match="did you mean de"):
        language_fidelity([GERMAN], ["german"])


def naive(text: str, code: str) -> bool | None:
    """The benchmark's line test for languages with spaces, as a plain count."""
    for mark in string.punctuation:
        text = text.replace(mark, "")
    verdicts = [identify.identify([line])[0] == code for line in text.strip().split("\n") if len(line.split()) >= 5]
    return all(verdicts) if verdicts else None


PIECES = [GERMAN, ENGLISH, RUSSIAN, "- Eis", "Ja, so ist das.", "1. Und noch: eins, zwei!", "", "a\tb c-d e_f g h", "—"]


@given(
    st.lists(st.sampled_from(PIECES), max_size=6),
    st.sampled_from(["de", "en", "ru"]),
    st.sampled_from(["\n", "\n\n"]),
)
@settings(max_examples=150, deadline=None)
def test_against_a_naive_count(pieces: list[str], code: str, between: str) -> None:
    text = between.join(pieces).replace("—", " ")
    found = text_fidelity(text, code)
    assert found.line_pass == naive(text, code)
    assert found.scored == (found.line_pass is not None)


@given(
    st.lists(
        st.tuples(st.sampled_from([GERMAN, ENGLISH, RUSSIAN, CHINESE, ""]), st.sampled_from(["de", "ru", "zh"])),
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_many_at_once_are_as_one_by_one(items: list[tuple[str, str]]) -> None:
    together = texts_fidelity([text for text, _ in items], [code for _, code in items])
    assert together == [text_fidelity(text, code) for text, code in items]


def test_the_word_list_is_english_in_lower_case() -> None:
    words = lexicon.english_words()
    assert len(words) > 50_000
    assert {"smartphone", "important", "running", "children"} <= words
    assert all(len(word) > 3 and word == word.lower() for word in words)


def test_each_long_line_passes_or_not() -> None:
    assert fidelity.line_passes(f"{GERMAN}\nOK\n{ENGLISH}", "deu") == [True, False]
    assert fidelity.line_passes(GERMAN, "yue-Latn") == []
    with pytest.raises(UserError, match="unknown language"):
        fidelity.line_passes(GERMAN, "qq")
