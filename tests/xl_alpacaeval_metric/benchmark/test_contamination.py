"""Training rows that contain a benchmark's request or reference."""

import json
from pathlib import Path

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.foreign_rows import ANSWERED, ASKED, FORMS
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.benchmark.contamination import Index, Text, index_of, not_checked, search, texts
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import words
from xl_alpacaeval_metric.languages.words import tokens

MINI = benchmark.load("mini", ["fi", "zh"])
INDEX = Index(texts(MINI))
BREAD = str(MINI.rows[0].request)


def found(row: dict[str, object]) -> list[tuple[str, str]]:
    return [(o.text.id, o.text.kind) for o in search(INDEX, [("data line 1", row)]) if o is not None]


def test_a_request_is_found_however_it_is_dressed() -> None:
    for instruction in (
        BREAD,
        f"{BREAD} Please answer in Finnish.",
        f"Hello!\n\n{BREAD.upper().replace(',', ' --')}",
        "Question: Why does bread dough rise, and what are the most likely reasons then?",
    ):
        assert found({"id": "1", "instruction": instruction, "response": "Koska hiiva elää."}) == [
            ("mini-01", "request")
        ]
    assert found({"messages": [{"role": "user", "content": BREAD}]}) == [("mini-01", "request")]
    assert found({"prompt": [{"role": "user", "content": BREAD}], "completion": []}) == [("mini-01", "request")]


@pytest.mark.parametrize("row", FORMS)
def test_requests_and_references_are_found_in_every_form(row: dict[str, object]) -> None:
    whole = [Text("mine", "1", "en", "request", ASKED.split("\n\n")[0]), Text("mine", "1", "de", "reference", ANSWERED)]
    index = Index(whole)
    assert {o.text.kind for o in search(index, [("line 1", row)]) if o is not None} == {"request", "reference"}


def test_texts_in_any_column_are_looked_at() -> None:
    rows: list[dict[str, object]] = [
        {"instruction": "Tell me.", "history": [[BREAD, "Well."]]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": BREAD}]}]},
        {"prompt": "Tell me.", "rejected": [{"role": "assistant", "content": BREAD}]},
        {"text": "Tell me.", "about": {"source": BREAD}},
    ]
    for row in rows:
        assert found(row) == [("mini-01", "request")]
    assert found({"id": BREAD, "text": "Tell me."}) == []


def test_a_reference_is_found_in_words_and_in_characters() -> None:
    for row in (MINI.rows[2], MINI.rows[18]):
        half = str(row.reference)[: int(len(str(row.reference)) * 0.7)]
        assert found({"instruction": "Tell me.", "response": half}) == [(row.id, "reference")]
        assert found({"instruction": "Tell me.", "response": half[: len(half) // 4]}) == []


def test_what_people_say_everywhere_is_no_overlap() -> None:
    for text in (
        "How can I bring this up?",
        "Please answer in Finnish.",
        "Write your whole answer in Chinese.",
        "Why?",
    ):
        assert found({"instruction": text, "response": text}) == []


def test_a_short_request_must_stand_whole() -> None:
    index = Index(
        [Text("mine", "1", "en", "request", "Who invented the zipper?"), Text("mine", "2", "en", "request", "Why?")]
    )
    assert len(index) == 1
    assert [text.id for text, _, _ in index.find("Tell me: who invented the zipper? In German.")] == ["1"]
    assert list(index.find("Who invented the button? Why?")) == []


def test_tokens_are_words_or_characters() -> None:
    assert tokens("Größe, ＡＢＣ – don't!") == ["grösse", "abc", "don", "t"]
    assert tokens("请用中文回答 OK") == [*"请用中文回答", "ok"]
    assert tokens("कृपया हिन्दी में जवाब दें।") == ["कृपया", "हिन्दी", "में", "जवाब", "दें"]
    assert words.are_words(tokens("OK, 中 is one sign"))
    assert not words.are_words(tokens("请用中文回答 OK"))


def test_each_text_is_looked_for_once() -> None:
    whole = texts(MINI)
    assert len([text for text in whole if text.kind == "request"]) == 32
    assert len([text for text in whole if text.kind == "reference"]) == 64
    context = texts(benchmark.load("context", limit=5))
    assert {text.kind for text in context} == {"request", "context", "reference"}
    assert {text.id for text in context} == {"context-01"}


def test_a_row_without_text_is_named() -> None:
    with pytest.raises(UserError, match=r"data line 7: no text"):
        list(search(INDEX, [("data line 7", {"id": 1})]))


def test_the_command_lists_rows_and_ends_with_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rows = [{"id": str(n), "instruction": f"Say something about thing {n}.", "response": "Well."} for n in range(5)]
    (data / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run("contamination", data, "--benchmark", "mini").returncode == 0
    rows[3]["instruction"] = f"[bold]{BREAD}"
    (data / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("contamination", data, "--benchmark", "mini", "--output", tmp_path / "found.json")
    assert result.returncode == 1
    assert "b.jsonl line 4 (id 3): 100% of mini mini-01, request in en: why does bread" in result.stdout
    assert "1 of 10 rows overlap" in result.stdout
    written = json.loads((tmp_path / "found.json").read_text())
    assert (written["rows"], len(written["overlaps"])) == (10, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.jsonl",), "no such file"),
        ((".", "--benchmark", ""), "no benchmark given"),
        ((".", "--benchmark", "alpaca"), "unknown benchmark 'alpaca'"),
        ((".", "--benchmark", "mini"), "holds no .parquet, .jsonl, .ndjson, .json, .jsonlines, .jl, .csv or .tsv file"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    given = [tmp_path / arguments[0], *arguments[1:]] if arguments[0] != "." else [tmp_path, *arguments[1:]]
    assert message in complaint(run("contamination", *given))


def test_the_bundled_benchmarks_do_not_overlap_with_each_other() -> None:
    index = Index(texts(benchmark.load("mini", benchmark.MINI_LANGUAGES)))
    rows = [
        (row.id, {"instruction": row.instruction, "response": row.reference}) for row in benchmark.load("context").rows
    ]
    assert [overlap for overlap in search(index, rows) if overlap is not None] == []
    assert contamination.COVERAGE == 0.5


def test_all_are_those_to_be_had_and_the_others_are_named(tmp_path: Path) -> None:
    offline = index_of(["all"], None, None)
    assert (offline.benchmarks, offline.missing) == (("mini", "context"), ("xl", "m", "en"))
    (said,) = not_checked(offline)
    assert said.startswith("not checked: xl, m, en")
    english = next(row for row in benchmark.load("mini", ["en"]).rows)
    assert [found for found, *_ in offline.find(english.reference or "")]
    asked = "Which three birds can be heard before sunrise in a northern pine forest?"
    (tmp_path / "english.json").write_text(json.dumps([{"instruction": asked}]), encoding="utf-8")
    more = index_of(["all"], None, tmp_path)
    assert set(more.benchmarks) == {"mini", "context", "xl", "en"}
    assert more.missing == ("m",)
    assert {found.benchmark for found, *_ in more.find(f"Tell me: {asked}")} == {"xl", "en"}
    with pytest.raises(UserError, match="is not available from the Hub"):
        index_of(["all", "m"], None, None)
    with pytest.raises(UserError, match="no such file or folder; --benchmark-path"):
        index_of(["all"], None, tmp_path / "typo")
    assert set(index_of(["all"], ["sw"], None).benchmarks) == {"mini", "context"}
