import json
from pathlib import Path

import pytest

from tests.helpers import SHARED
from xl_alpacaeval_metric import benchmark, languages
from xl_alpacaeval_metric.benchmark import alpaca
from xl_alpacaeval_metric.errors import UserError


@pytest.mark.parametrize("code", benchmark.MINI_LANGUAGES)
def test_mini_has_32_references_of_everyday_length(code: str) -> None:
    rows = benchmark.load("mini", [code]).rows
    assert [row.id for row in rows] == [f"mini-{n:02d}" for n in range(1, 33)]
    for row in rows:
        assert row.reference is not None
        # Chinese is written without spaces: about 1.6 characters make a word.
        size = sum("\u4e00" <= c <= "\u9fff" for c in row.reference) if code == "zh" else len(row.reference.split())
        low, high = (130, 210) if code == "zh" else (60, 160)
        assert low <= size <= high, f"{code} {row.id}: {size}"
        assert row.instruction_language == "en"
        assert row.response_language == code
        assert (languages.get(code).name in row.instruction) == (code != "en")
        assert row.request is not None
        assert row.request in row.instruction


def test_references_are_plain_prose() -> None:
    for row in benchmark.load("mini", benchmark.MINI_LANGUAGES).rows:
        text = str(row.reference)
        assert text == text.strip()
        assert not [mark for mark in ("**", "##", "[", "\ufffd") if mark in text], row.id
        # French alone sets a no-break space before its double punctuation.
        assert ("\u00a0" in text or "\u202f" in text) <= (row.response_language == "fr"), row.id


def test_references_differ_from_each_other() -> None:
    texts = [row.reference for row in benchmark.load("mini", benchmark.MINI_LANGUAGES).rows]
    assert len(set(texts)) == len(texts) == 32 * 13


def test_two_languages_differ_in_the_name_alone() -> None:
    finnish, irish = (benchmark.load("mini", [code]).rows for code in ("fi", "ga"))
    for one, other in zip(finnish, irish, strict=True):
        assert one.instruction.replace("Finnish", "Irish") == other.instruction


def test_phrasings_vary_with_the_item_and_the_seed_and_nothing_else() -> None:
    asked = {benchmark.ask_in("R", "fi", item=str(n)) for n in range(200)}
    assert len(asked) >= 8
    assert any(text.startswith("R") for text in asked)
    assert any(text.endswith("R") for text in asked)
    # The same in every version: an item of the benchmark is one text.
    assert benchmark.ask_in("R", "fi", item="1", seed=3) == "R\n\nPlease answer in Finnish."
    assert benchmark.ask_in("R", "fi", item="2", seed=3) == "Answer the following in Finnish.\n\nR"
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
        written = [{"instruction": f"Question {n}, {split}."} for n in range(3)]
        (tmp_path / f"{split}.json").write_text(json.dumps(written), encoding="utf-8")
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
        ("alpaca", ["fi"], "unknown benchmark 'alpaca'; there are xl, m, en, mini, context"),
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


def alpaca_eval(tmp_path: Path, *texts: str) -> Path:
    file = tmp_path / "alpaca_eval.json"
    rows = [
        {"dataset": "koala", "instruction": text, "output": "An answer.", "generator": "somebody"} for text in texts
    ]
    file.write_text(json.dumps(rows), encoding="utf-8")
    return file


def test_xl_is_built_from_alpaca_eval_itself(tmp_path: Path) -> None:
    file = alpaca_eval(tmp_path, "How do kites fly?", "Why do cats purr?")
    finnish, hant = (benchmark.load("xl", [code], path=file).rows for code in ("fi", "zh-Hant"))
    assert [row.request for row in finnish] == ["How do kites fly?", "Why do cats purr?"]
    assert {row.subset for row in finnish} == {"koala"}
    for one, other in zip(finnish, hant, strict=True):
        assert one.id == other.id
        assert one.instruction.replace("Finnish", "Traditional Chinese") == other.instruction
    assert [row.instruction for row in benchmark.load("en", path=file).rows] == [
        "How do kites fly?",
        "Why do cats purr?",
    ]
    with pytest.raises(UserError, match="translate-benchmark"):
        benchmark.load("m", ["fi"], path=file)


def test_a_row_is_known_by_its_text_not_by_its_place(tmp_path: Path) -> None:
    forward = benchmark.load("xl", ["fi"], path=alpaca_eval(tmp_path, "How do kites fly?", "Why do cats purr?")).rows
    other = tmp_path / "other"
    other.mkdir()
    turned = benchmark.load("xl", ["fi"], path=alpaca_eval(other, "Why do  cats purr?\n", "How do kites fly?")).rows
    assert {row.id for row in forward} == {row.id for row in turned}
    assert forward[0].instruction == turned[1].instruction


def test_the_same_request_twice_is_two_rows(tmp_path: Path) -> None:
    rows = benchmark.load("xl", ["fi"], path=alpaca_eval(tmp_path, "Why?", "Why?")).rows
    assert rows[1].id == f"{rows[0].id}-2"


def test_what_only_makes_sense_in_english_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = alpaca_eval(tmp_path, "How do kites fly?", "Correct my spelling: teh kite.")
    monkeypatch.setattr(
        alpaca, "english_only", lambda _exclusion: {alpaca.row_hash("Correct my spelling:  teh kite."): "spelling"}
    )
    assert len(benchmark.load("xl", ["fi"], path=file).rows) == 1
    assert "1 of 2 requests only make sense in English" in caplog.text


def test_the_strict_list_is_a_part_of_the_broad_one() -> None:
    strict, broad = (alpaca.english_only(name) for name in alpaca.EXCLUSIONS)
    assert strict.items() < broad.items()
    assert alpaca.english_only("broad") is broad, "it is read once"


def test_an_unknown_list_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"excluded requests 'loose'; there are strict, broad"):
        benchmark.load("xl", ["fi"], path=alpaca_eval(tmp_path, "Why?"), exclusion="loose")


def test_the_list_stands_in_the_version(tmp_path: Path) -> None:
    file = alpaca_eval(tmp_path, "Why?")
    built = benchmark.load("xl", ["fi"], path=file, exclusion="broad")
    assert built.version == f"xl-broad@{built.revision}"
    mini = benchmark.load("mini", ["fi"], exclusion="broad")
    assert mini.version == f"mini@{mini.revision}"


def test_every_entry_of_the_list_has_its_reason() -> None:
    reasons = alpaca.english_only("broad")
    assert all(len(identity) == 16 and int(identity, 16) >= 0 for identity in reasons)
    assert all(len(reason) > 10 for reason in reasons.values())


def test_the_real_805_requests(tmp_path: Path) -> None:
    file = SHARED / "alpaca_eval" / "instructions.jsonl"
    if not file.exists():
        pytest.skip("AlpacaEval's requests are not here")
    for exclusion in alpaca.EXCLUSIONS:
        rows = benchmark.load("xl", ["fi"], path=file, exclusion=exclusion).rows
        assert len(rows) == 805 - len(alpaca.english_only(exclusion))
    assert len({row.id for row in rows}) == len(rows)
    assert benchmark.load("xl", ["fi"], path=file, exclusion="broad").rows == rows


def test_without_the_hub_alpaca_eval_is_asked_for_by_its_file() -> None:
    with pytest.raises(
        UserError, match=r"alpaca_eval.json of tatsu-lab/alpaca_eval: is not available.*--benchmark-path FILE"
    ):
        benchmark.load("xl", ["fi"], path=Path("tatsu-lab/alpaca_eval"))


def test_a_damaged_file_of_requests_is_named_with_its_row(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text('{"instruction": "Why?"}\n{"instruction": ""}\n')
    with pytest.raises(UserError, match=r"requests.jsonl line 2: no text in column"):
        benchmark.load("xl", ["fi"], path=file)


def test_requests_with_half_a_character_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "alpaca_eval.json").write_text('[{"instruction": "ok"}, {"instruction": "half \\ud83d"}]')
    with pytest.raises(UserError, match=r"alpaca_eval.json entry 2: .* lone surrogate"):
        alpaca.requests(tmp_path / "alpaca_eval.json")
