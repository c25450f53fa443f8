import json
from pathlib import Path

import pytest

from xl_alpacaeval_metric import benchmark, languages
from xl_alpacaeval_metric.errors import UserError


@pytest.mark.parametrize("code", benchmark.MINI_LANGUAGES)
def test_mini_has_sixteen_references_of_everyday_length(code: str) -> None:
    rows = benchmark.load("mini", [code]).rows
    assert [row.id for row in rows] == [f"mini-{n:02d}" for n in range(1, 17)]
    for row in rows:
        assert row.reference is not None
        # Chinese is written without spaces: about 1.6 characters make a word.
        size = sum("\u4e00" <= c <= "\u9fff" for c in row.reference) if code == "zh" else len(row.reference.split())
        low, high = (110, 150) if code == "zh" else (60, 150)
        assert low <= size <= high, f"{code} {row.id}: {size}"
        assert row.instruction_language == "en"
        assert row.response_language == code
        assert languages.get(code).name in row.instruction
        assert row.request in row.instruction


def test_references_are_plain_prose() -> None:
    for row in benchmark.load("mini", benchmark.MINI_LANGUAGES).rows:
        text = str(row.reference)
        assert text == text.strip()
        assert not {"**", "##", "[", "\u00a0", "\ufffd"} & {
            c for c in ("**", "##", "[", "\u00a0", "\ufffd") if c in text
        }, row.id


def test_references_differ_from_each_other() -> None:
    texts = [row.reference for row in benchmark.load("mini", benchmark.MINI_LANGUAGES).rows]
    assert len(set(texts)) == len(texts) == 16 * 12


def test_two_languages_differ_in_the_name_alone() -> None:
    finnish, irish = (benchmark.load("mini", [code]).rows for code in ("fi", "ga"))
    for one, other in zip(finnish, irish, strict=True):
        assert one.instruction.replace("Finnish", "Irish") == other.instruction


def test_phrasings_vary_with_the_item_and_the_seed_and_nothing_else() -> None:
    asked = {benchmark.ask_in("R", "fi", item=str(n)) for n in range(200)}
    assert len(asked) >= 8
    assert any(text.startswith("R") for text in asked)
    assert any(text.endswith("R") for text in asked)
    assert benchmark.ask_in("R", "fi", item="1", seed=3) == benchmark.ask_in("R", "fi", item="1", seed=3)
    assert any(
        benchmark.ask_in("R", "fi", item=str(n)) != benchmark.ask_in("R", "fi", item=str(n), seed=1) for n in range(9)
    )


def test_a_request_with_a_slot_in_it_stays_text() -> None:
    assert "{language}" in benchmark.ask_in("What does {language} mean?", "fi", item="1")


def test_limit_counts_rows_a_language() -> None:
    assert [row.response_language for row in benchmark.load("mini", ["fi", "de"], limit=2).rows] == [
        "fi",
        "fi",
        "de",
        "de",
    ]


def test_the_revision_follows_what_is_asked() -> None:
    revision = benchmark.load("mini", ["fi"]).revision
    assert revision == benchmark.load("mini", ["fi"]).revision
    assert revision != benchmark.load("mini", ["fi"], seed=1).revision
    assert revision != benchmark.load("mini", ["de"]).revision


def test_xl_and_m_read_a_local_copy(tmp_path: Path) -> None:
    for split in ("finnish", "english"):
        rows = [{"instruction": f"Question {n}, {split}."} for n in range(3)]
        (tmp_path / f"{split}.json").write_text(json.dumps(rows), encoding="utf-8")
    rows = benchmark.load("xl", ["fi"], path=tmp_path).rows
    assert [(row.id, row.instruction, row.reference) for row in rows[:1]] == [("xl-0000", "Question 0, finnish.", None)]
    swahili = benchmark.load("xl", ["sw"], path=tmp_path).rows
    assert "Question 0, english." in swahili[0].instruction
    assert "Swahili" in swahili[0].instruction
    assert [row.instruction_language for row in benchmark.load("m", ["fi"], path=tmp_path).rows] == ["fi"] * 3
    assert benchmark.load("en", path=tmp_path).rows[0].request == "Question 0, english."


def test_without_the_hub_the_error_names_the_file_and_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"viyer98/XL-AlpacaEval, split 'finnish'.*finnish.json.*--benchmark-path"):
        benchmark.load("xl", ["fi"])


@pytest.mark.parametrize(
    ("name", "codes", "message"),
    [
        ("alpaca", ["fi"], "unknown benchmark 'alpaca'; there are xl, m, en, mini"),
        ("mini", ["sw"], "no references in 'sw'"),
        ("mini", ["qqq"], "qqq"),
        ("en", ["fi"], "English only"),
    ],
)
def test_bad_choices_are_one_line(name: str, codes: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        benchmark.load(name, codes)
    assert "\n" not in str(error.value)


def test_a_missing_reference_is_named(tmp_path: Path) -> None:
    (tmp_path / "finnish.json").write_text('[{"instruction": "Q"}]', encoding="utf-8")
    rows = benchmark.load("xl", ["fi"], path=tmp_path)
    with pytest.raises(UserError, match="no reference for id 'xl-0000', language 'fi'"):
        benchmark.with_references(rows, {})
    given = benchmark.with_references(rows, {("xl-0000", "fi"): "Vastaus."})
    assert given.rows[0].reference == "Vastaus."
