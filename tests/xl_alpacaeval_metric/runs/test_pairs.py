import json
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs import answers_file, folder, opened, pairs

ROW = {"instruction": "Say hello in German.", "prediction": "Hallo!", "reference": "Guten Tag!", "language": "de"}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_without_ids_are_numbered(tmp_path: Path) -> None:
    found = pairs.read(write(tmp_path / "pairs.jsonl", ROW, ROW | {"prediction": ""}))
    assert found == [
        Comparison("1", "de", "Say hello in German.", "Hallo!", "Guten Tag!"),
        Comparison("2", "de", "Say hello in German.", "", "Guten Tag!"),
    ]


def test_parquet_reads_like_jsonl(tmp_path: Path) -> None:
    rows = [ROW | {"id": "a"}, ROW | {"id": "b", "prediction": "Servus"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pairs.parquet")
    assert pairs.read(tmp_path / "pairs.parquet") == pairs.read(write(tmp_path / "pairs.jsonl", *rows))


def test_a_list_of_objects_reads_like_jsonl(tmp_path: Path) -> None:
    (tmp_path / "pairs.json").write_text(json.dumps([ROW]), encoding="utf-8")
    assert pairs.read(tmp_path / "pairs.json") == pairs.read(write(tmp_path / "pairs.jsonl", ROW))


def test_separators_inside_a_text_end_no_line(tmp_path: Path) -> None:
    row = ROW | {"prediction": "eins\u2028zwei\x85drei\x0c"}
    assert pairs.read(write(tmp_path / "pairs.jsonl", row))[0].prediction == row["prediction"]


def test_references_come_from_a_file_where_pairs_have_none(tmp_path: Path) -> None:
    file = write(tmp_path / "pairs.jsonl", {k: v for k, v in ROW.items() if k != "reference"} | {"id": 7})
    references = write(tmp_path / "references.jsonl", {"id": 7, "language": "de", "reference": "Grüß Gott!"})
    assert pairs.read(file, references)[0].reference == "Grüß Gott!"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("{not json}\n", "line 1: not valid JSON"),
        (json.dumps(ROW) + '\n\n{"a": \n', "line 3: not valid JSON"),
        ("[" * 100_000 + "\n", "JSON nested too deeply"),
        ("5\n", "line 1: not a JSON object"),
        (
            json.dumps({k: v for k, v in ROW.items() if k != "reference"}),
            'line 1: no "reference"; give one, or --reference FILE',
        ),
        (json.dumps(ROW | {"prediction": None}), 'line 1: no "prediction"; give one'),
        ('{"language": "de", "answer": "Ja."}', r'line 1: no "instruction" \(it has language, answer.*\); give one'),
        (json.dumps(ROW | {"prediction": 5}), 'line 1: "prediction" is int, not text'),
        (json.dumps(ROW | {"instruction": " "}), 'line 1: "instruction" is empty'),
        (json.dumps(ROW | {"language": "xx-nonsense"}), "line 1: unknown language 'xx-nonsense'"),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message) as error:
        pairs.read(file)
    assert "\n" not in str(error.value)


def test_expected_facts_are_a_list_or_its_json(tmp_path: Path) -> None:
    facts = [{"forms": {"de": ["Grüße"]}}]
    rows = [ROW | {"id": "a", "expected": facts}, ROW | {"id": "b", "expected": json.dumps(facts, ensure_ascii=False)}]
    file = write(tmp_path / "samples.jsonl", *rows)
    found = [pairs.read(file), opened.read(file).comparisons, folder.read_samples(file)]
    assert [[json.loads(item.expected) for item in items] for items in found] == [[facts, facts]] * 3


@pytest.mark.parametrize("judged", [True, False])
def test_wrong_facts_are_named_before_anything_is_judged(tmp_path: Path, judged: bool) -> None:
    file = write(tmp_path / "pairs.jsonl", ROW | {"id": "a", "expected": "Helsinki"})
    with pytest.raises(UserError, match="id 'a' in de: \"expected\": 'Helsinki' is no list of facts"):
        answers_file.read(file, judged=judged)


def test_files_of_other_kinds_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        pairs.read(tmp_path / "absent.jsonl")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match="not a readable Parquet file"):
        pairs.read(tmp_path / "broken.parquet")
    (tmp_path / "latin.jsonl").write_bytes(b'{"instruction": "\xe4"}')
    with pytest.raises(UserError, match="not readable as UTF-8"):
        pairs.read(tmp_path / "latin.jsonl")


def test_an_id_is_text_or_a_number(tmp_path: Path) -> None:
    file = tmp_path / "pairs.parquet"
    rows = [ROW | {"id": 7.0}, ROW | {"id": math.nan}]  # As pandas writes 7 and none.
    pq.write_table(pa.Table.from_pylist(rows), file)
    assert [item.id for item in pairs.read(file)] == ["7", "2"]
    with pytest.raises(UserError, match=r'line 1: "id" is list, neither text nor a number'):
        pairs.read(write(tmp_path / "pairs.jsonl", ROW | {"id": [7]}))


def test_references_that_do_not_fit_are_named(tmp_path: Path) -> None:
    file = write(tmp_path / "pairs.jsonl", {k: v for k, v in ROW.items() if k != "reference"} | {"id": "a"})
    reference = {"id": "b", "language": "de", "reference": "Grüß Gott!"}
    with pytest.raises(UserError, match=r"line 1: no .*references.jsonl has none for id 'a' in de"):
        pairs.read(file, write(tmp_path / "references.jsonl", reference))
    twice = write(tmp_path / "references.jsonl", reference, reference | {"reference": "Servus!"})
    with pytest.raises(UserError, match=r"references.jsonl line 2: id 'b' has another reference already"):
        pairs.read(file, twice)


def test_given_references_take_the_place_of_the_pairs_own(tmp_path: Path) -> None:
    file = write(tmp_path / "pairs.jsonl", *(ROW | {"id": name} for name in "abc"))
    references = write(
        tmp_path / "references.jsonl", *({"id": name, "language": "de", "reference": f"new {name}"} for name in "ab")
    )
    found, lines = pairs.read_against(file, pairs.References.read(references))
    assert [item.reference for item in found] == ["new a", "new b", ROW["reference"]]
    assert lines == [
        f"references of 2 pairs are those of {references}, not the pairs' own",
        f"references of 1 pair are their own, since {references} has none for them",
    ]


def test_a_runs_answers_are_references_of_the_same_instructions(tmp_path: Path) -> None:
    file = write(tmp_path / "pairs.jsonl", *(ROW | {"id": name} for name in "abc"))
    other = tmp_path / "other"
    other.mkdir()
    write(
        other / "samples.jsonl",
        ROW | {"id": "a", "prediction": "its answer"},
        ROW | {"id": "b", "instruction": "something else"},
    )
    found, lines = pairs.read_against(file, pairs.References.read(other))
    assert [(item.id, item.reference) for item in found] == [("a", "its answer")]
    assert lines == [
        f"references of 1 pair are those of {other}, not the pairs' own",
        f"left out: 2 of 3 pairs, whose item or instruction {other} does not have",
    ]
    with pytest.raises(UserError, match="has none of the 1 item"):
        pairs.read(write(tmp_path / "more.jsonl", ROW | {"id": "z"}), other)
    with pytest.raises(UserError, match=r"holds no samples.jsonl; --reference takes a run folder"):
        pairs.References.read(tmp_path)
