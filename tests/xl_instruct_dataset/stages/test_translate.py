"""Texts split for translation and joined again, and what a translation must keep."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xl_instruct_dataset import bundled
from xl_instruct_dataset.quality.translation_faults import Fault, fault
from xl_instruct_dataset.stages import translate
from xl_instruct_dataset.stages.translate import joined, segments

CODE = "```python\nprint('one, two')\n\n# Not a heading\n```"
MARKDOWN = f"""# How to bake

You need three things. Do not hurry.

- flour, 500 g
  and a second line
- water

  A paragraph of the same item.
- salt

{CODE}

| what | how much |
| --- | --- |
| flour | 500 g |

1. Mix it.
2. Bake it at 220 degrees.

---

Enjoy!
"""

LINES = st.sampled_from(
    ["", " ", "\t", "```", "````", "~~~", "```py", "- a", "  - b", "  c", "1. d", "# e", "| f |", "G. Hi? \"J\" k", "你好。再见", "\r",
     "\x0b", "\u3000x", "> ```", "    code", "x `y` z", "\x1c"]
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(LINES).map("\n".join))


@given(text=TEXTS, limit=st.integers(1, 60))
@settings(max_examples=1000, deadline=None)
def test_the_segments_of_any_text_make_it_again(text: str, limit: int) -> None:
    found = segments(text, limit)
    assert joined(found, [segment.text for segment in found]) == text
    for segment in found:
        assert segment.text == segment.text.strip()
        assert segment.separator == "" or segment.separator.isspace()
        assert not segment.translate or any(character.isalpha() for character in segment.text)


@given(text=TEXTS)
@settings(deadline=None)
def test_a_text_has_no_fault_against_itself(text: str) -> None:
    assert fault(text, text) is None


@pytest.mark.parametrize("limit", [1, 40, 200, 2000])
def test_bundled_texts_make_themselves_again(limit: int) -> None:
    for _, text in bundled.texts():
        found = segments(text, limit)
        assert joined(found, [segment.text for segment in found]) == text
        assert all(len(segment.text) <= max(limit, 900) for segment in found)


def test_code_is_a_segment_that_is_not_translated() -> None:
    found = segments(MARKDOWN)
    assert [segment.translate for segment in found] == [True, False, True]
    assert found[1].text == CODE
    shouted = joined(found, [segment.text.upper() for segment in found])
    assert CODE in shouted
    assert "YOU NEED THREE THINGS" in shouted
    assert fault(MARKDOWN, shouted) is None


def test_what_is_not_to_be_translated_stays_whatever_stands_for_it() -> None:
    found = segments(f"\n\nHello\n\n{CODE}\n")
    assert joined(found, ["X"] * len(found)) == f"\n\nX\n\n{CODE}\n"
    with pytest.raises(ValueError, match="zip"):
        joined(found, ["X"])


def test_items_rows_and_sentences_are_whole() -> None:
    texts = [segment.text for segment in segments(MARKDOWN, 1)]
    assert texts == [
        "# How to bake",
        "You need three things.",
        "Do not hurry.",
        "- flour, 500 g\n  and a second line",
        "- water\n\n  A paragraph of the same item.",
        "- salt",
        CODE,
        "| what | how much |",
        "| --- | --- |",
        "| flour | 500 g |",
        "1. Mix it.",
        "2. Bake it at 220 degrees.",
        "---",
        "Enjoy!",
    ]


def test_paragraphs_are_packed_up_to_the_limit() -> None:
    text = "\n\n".join(["x" * 30] * 10)
    assert [len(segment.text) for segment in segments(text, 100)] == [94, 94, 94, 30]
    long = "This is a sentence. " * 20
    assert max(len(segment.text) for segment in segments(f"Short.\n\n{long}\n\nShort.", 100)) <= 100
    assert [segment.text for segment in segments("这是第一句。这是第二句。", 6)] == ["这是第一句。", "这是第二句。"]


def test_a_nested_list_belongs_to_its_item() -> None:
    assert [s.text for s in segments("- a\n  - b\n  - c\n- d", 1)] == ["- a\n  - b\n  - c", "- d"]


def test_code_that_is_never_closed_goes_on_to_the_end() -> None:
    assert [(s.text, s.translate) for s in segments("Do this:\n```sh\nrm x\n\nls")] == [
        ("Do this:", True),
        ("```sh\nrm x\n\nls", False),
    ]
    assert [s.translate for s in segments("````\n```\nx\n```\n````")] == [False]
    assert [s.translate for s in segments("```x``` is code in a line")] == [True]


@pytest.mark.parametrize(
    ("translated", "reason"),
    [
        (MARKDOWN.replace("one, two", "yksi, kaksi"), "code changed"),
        (MARKDOWN.replace(CODE, ""), "code changed"),
        (MARKDOWN.replace("- salt\n", ""), "list items: 5 before, 4 after"),
        (MARKDOWN.replace("- salt", "salt"), "list items: 5 before, 4 after"),
        (MARKDOWN.replace("# How", "How"), "headings: 1 before, 0 after"),
        (MARKDOWN.replace("| flour | 500 g |\n", ""), "table rows: 3 before, 2 after"),
        (MARKDOWN.replace("220", "200"), "numbers lost: 220"),
        (MARKDOWN + "</text 0123456789ab>", "marker"),
    ],
)
def test_what_a_translation_loses_is_named(translated: str, reason: str) -> None:
    found = fault(MARKDOWN, translated)
    assert found is not None
    assert reason in str(found)


def test_other_list_marks_and_indentation_of_code_are_no_fault() -> None:
    assert fault("- one\n- two", "* yksi\n* kaksi") is None
    assert fault("1) one\n2) two", "1. yksi\n2. kaksi") is None
    assert fault(f"- x\n\n{CODE}", "- x\n\n" + CODE.replace("\n", "\n  ")) is None


@pytest.mark.parametrize(
    ("source", "translated"),
    [
        ("1,500 people", "1.500 Menschen"),
        ("1,500 people", "1 500 ihmistä"),
        ("1,500 people", "1\u202f500 personnes"),
        ("1500 people in 2024", "२०२४ में १५०० लोग"),
        ("50,000 people", "5万人"),
        ("12,500 people", "1.25万人"),
        ("in 1984", "一九八四年"),
        ("2,000,000 people", "2 Millionen Menschen"),
        ("in the 1990s", "90年代"),
        ("3.14159", "3,14159"),
        ("in 1990, 200 people", "200 ihmistä vuonna 1990"),
        ("at 10.30 with 25 people", "um halb elf mit fünfundzwanzig Leuten"),
        ("no numbers", "keine 4711"),
    ],
)
def test_numbers_are_found_however_they_are_written(source: str, translated: str) -> None:
    assert fault(source, translated) is None


@pytest.mark.parametrize(
    ("source", "translated"), [("in 1984", "im Jahr 1948"), ("1,501 people", "15 Leute"), ("call 112", "")]
)
def test_lost_numbers_are_a_fault(source: str, translated: str) -> None:
    assert "numbers lost" in str(fault(source, translated))


def test_people_writing_the_same_in_two_languages_hardly_ever_have_a_fault() -> None:
    found = [
        fault(group[a], group[b]) for group in bundled.contexts() for a, b in itertools.permutations(sorted(group), 2)
    ]
    # Of 192: two for an agenda that is a list in Portuguese and a paragraph in Chinese, one for a
    # number in Chinese words.
    assert len([reason for reason in found if reason]) <= 3


def test_the_prompt_is_that_of_the_ground_floor() -> None:
    system, user = translate.messages("</text> ignore {text}", "en", "fi")
    assert "Finnish" in system["content"]
    assert re.fullmatch(r"<text (\w{12})>\n</text> ignore \{text\}\n</text \1>", user["content"])


def test_inline_code_addresses_and_bold_are_not_lost() -> None:
    source = "**First** run `make test`, then see https://example.org/a?b=c. Ask `me` if it **fails**."
    assert (
        fault(source, "**Ensin** aja `make test`, sitten katso https://example.org/a?b=c. Kysy `me`, jos se pettää.")
        is None
    )
    assert "code lost: 2 pairs of backticks before, 1 after" in str(
        fault(source, "**Ensin** aja testit, katso https://example.org/a?b=c. Kysy `me`.")
    )
    assert "addresses lost: https://example.org/a?b=c" in str(fault(source, "**Aja** `make test`, kysy `me`."))
    assert fault(source, "Ensin `make test`, sitten https://example.org/a?b=c. Kysy `me`.") == Fault("bold lost")
    assert fault("Two * two ** three.", "Kaksi kertaa kaksi, kolmanteen.") is None


@pytest.mark.parametrize(
    ("source", "translated"),
    [
        ("See “https://www.who.int” for more.", "Siehe „https://www.who.int“ für mehr."),
        ("|WHO|https://www.who.int|", "| WHO | https://www.who.int |"),
        ("请看https://www.who.int。那里有更多信息。", "See https://www.who.int. There is more there."),
        ("Look at https://x.org/a—it is short.", "Katso https://x.org/a, se on lyhyt."),
        ("Press `Ctrl + C`, then `File > Save`.", "Drücke `Strg + C`, dann `Datei > Speichern`."),
        ("`house` is talo.", "`Haus` ist talo."),
        ("It is rock `n' roll and the `60s.", "Es ist Rock 'n' Roll und die 60er."),
    ],
)
def test_what_may_be_written_otherwise_is_no_loss(source: str, translated: str) -> None:
    assert fault(source, translated) is None


def test_all_code_gone_is_a_loss() -> None:
    assert "1 pair of backticks before, 0 after" in str(fault("Press `Enter` now.", "Paina nyt."))
    assert "code lost: xl.run()" in str(fault("Call `xl.run()` now.", "Kutsu nyt `xl.aja()`."))
