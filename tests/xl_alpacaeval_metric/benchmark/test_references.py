import json
import re
from pathlib import Path
from typing import Literal

import pytest

from tests.commands import complaint, start_alpacaeval
from tests.commands import run_alpacaeval as run
from tests.helpers import FINNISH, GERMAN, PATIENCE
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.benchmark.written import journal, references
from xl_alpacaeval_metric.clients.base import Completion, Failure, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import silent
from xl_alpacaeval_metric.runs import pairs

ROWS = benchmark.load("mini", ["fi", "de"], limit=3).rows


def echo(request: Request) -> str:
    return f"  Vastaus: {request.messages[0]['content'][:20]}  "


def test_every_row_gets_a_reference_and_none_is_asked_for_twice(tmp_path: Path) -> None:
    file = tmp_path / "references.jsonl"
    first = ScriptedClient(echo)
    made = references.make(ROWS[:4], first, file, silent)
    again = ScriptedClient(echo)
    whole = references.make(ROWS, again, file, silent)
    assert (len(first.sent), len(again.sent)) == (4, 2)
    assert set(whole) == {(row.id, row.response_language) for row in ROWS}
    assert whole.items() >= made.items()
    assert all(text == text.strip() for text in whole.values())


@pytest.mark.parametrize("kind", ["refused", "gave_up"])
def test_failed_ones_are_named_and_the_others_kept(kind: Literal["refused", "gave_up"], tmp_path: Path) -> None:
    """What is refused each time does not end the command where others are answered."""
    file = tmp_path / "references.jsonl"
    fails = ScriptedClient(lambda r: Failure(kind, "too long") if "bread" in r.messages[0]["content"] else echo(r))
    said: list[str] = []
    if kind == "refused":
        assert len(references.make(ROWS, fails, file, silent, notify=said.append)) == 4
    else:
        with pytest.raises(UserError) as raised:
            references.make(ROWS, fails, file, silent)
        said.append(str(raised.value))
    (line,) = said
    assert re.search(r"2 of 6 references are missing, the first is id 'mini-01'.*too long", line)
    again = ScriptedClient(echo)
    assert len(references.make(ROWS, again, file, silent)) == 6
    assert len(again.sent) == 2


def test_what_a_model_does_not_write_is_not_the_benchmark_s_own(tmp_path: Path) -> None:
    fails = ScriptedClient(lambda r: Failure("refused", "too long") if "bread" in r.messages[0]["content"] else echo(r))
    found = references.with_references_by(fails, benchmark.load("mini", ["de"], limit=3), tmp_path, silent, print)
    assert [row.reference is None for row in found.rows] == [True, False, False]


def test_the_file_of_another_model_or_other_instructions_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "references.jsonl"
    references.make(ROWS, ScriptedClient(echo), file, silent)
    with pytest.raises(UserError, match="choose another file"):
        references.make(ROWS, ScriptedClient(echo, model="other"), file, silent)
    with pytest.raises(UserError, match="another instruction"):
        references.make(benchmark.load("mini", ["fi"], limit=3, seed=1).rows, ScriptedClient(echo), file, silent)


def test_two_commands_ask_for_the_same_references_once(tmp_path: Path) -> None:
    (tmp_path / "finnish.json").write_text(json.dumps([{"instruction": f"Q{n}"} for n in range(6)]), encoding="utf-8")
    file = tmp_path / "out" / "references.jsonl"
    command = ("references", "--model", "openai/any", "--output", file, "--benchmark", "xl", "--languages", "fi")
    with JudgeServer(latency=0.5) as server:
        where = ("--benchmark-path", tmp_path, "--concurrency", 1)
        both = [start_alpacaeval(*command, *where, OPENAI_BASE_URL=server.url) for _ in range(2)]
        errors = [process.communicate(timeout=PATIENCE)[1] for process in both]
        sent = server.seen.keys
    assert [process.returncode for process in both] == [0, 0], errors
    assert "waiting for another process that asks for references by openai/any" in "".join(errors)
    assert sorted(sent.values()) == [1] * 6 + [2]  # The probe is sent by each.
    assert len(file.read_text("utf-8").splitlines()) == 6
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("refused", [None, "Q1"])
def test_the_command_writes_a_file_that_eval_takes(refused: str | None, tmp_path: Path) -> None:
    (tmp_path / "finnish.json").write_text(json.dumps([{"instruction": f"Q{n}"} for n in range(3)]), encoding="utf-8")
    with JudgeServer(marker=refused) as server:
        file = tmp_path / "references.jsonl"
        common = ("--benchmark", "xl", "--languages", "fi", "--benchmark-path", tmp_path)
        made = run("references", "--model", "openai/any", "--output", file, *common, OPENAI_BASE_URL=server.url)
        assert made.returncode == (1 if refused else 0), made.stderr
        assert ("1 of 3 references is missing" in made.stderr) == bool(refused)
        model = ("any", "--backend", "local-chat-completions", "--model-args", f"base_url={server.url}")
        judge = ("--judge", "openai/any", "--judge-base-url", server.url)
        judged = run("eval", *model, *common, *judge, "--reference", file, "--output", tmp_path / "run")
        assert judged.returncode == 0, judged.stderr
        written = run(
            *("eval", *model, *common, *judge, "--reference", "openai/any", "--output", tmp_path / "other"),
            OPENAI_BASE_URL=server.url,
        )
        assert written.returncode == 0, written.stderr
    results = [json.loads((tmp_path / name / "results.json").read_text()) for name in ("run", "other")]
    signatures = [found["signature"] for found in results]
    for found in results:
        said = "1 of 3 items (fi) has no reference and was not judged"
        assert any(said in line for line in found["warnings"]) == bool(refused)
    assert "reference:references.jsonl@" in signatures[0]
    assert "reference:openai/any@" in signatures[1]


def test_a_benchmark_without_references_says_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "finnish.json").write_text('[{"instruction": "Q"}]', encoding="utf-8")
    common = ("--benchmark", "xl", "--languages", "fi", "--benchmark-path", tmp_path)
    judge = ("--judge", "openai/any", "--judge-base-url", "http://127.0.0.1:9/v1")
    assert "give --reference FILE with it, or --reference BACKEND/MODEL" in complaint(run("eval", "m", *common, *judge))


@pytest.mark.parametrize("content", ["my notes", '{"id": "x", "language": "fi", "reference": "r"}'])
def test_a_file_of_someone_else_is_not_cut_short(tmp_path: Path, content: str) -> None:
    file = tmp_path / "notes"
    file.write_text(content)  # Without a line feed, as a killed run leaves its last line.
    with pytest.raises(UserError, match="choose another file"):
        references.make(ROWS, ScriptedClient(echo), file, silent)
    assert file.read_text() == content


def test_what_a_kill_cut_short_is_asked_for_again(tmp_path: Path) -> None:
    file = tmp_path / "references.jsonl"
    references.make(ROWS[:2], ScriptedClient(echo), file, silent)
    file.write_bytes(file.read_bytes()[:-20])
    again = ScriptedClient(echo)
    assert len(references.make(ROWS[:2], again, file, silent)) == 2
    assert len(again.sent) == 1


def test_the_file_s_folder_is_made_and_a_folder_in_its_place_refused(tmp_path: Path) -> None:
    references.make(ROWS[:1], ScriptedClient(echo), tmp_path / "new" / "references.jsonl", silent)
    with pytest.raises(UserError, match="is a folder"):
        references.make(ROWS[:1], ScriptedClient(echo), tmp_path / "new", silent)
    with pytest.raises(UserError, match="cannot be written"):
        references.make(ROWS[:1], ScriptedClient(echo), tmp_path / "new" / "references.jsonl" / "x", silent)


def test_the_command_writes_a_hub_folder_too(tmp_path: Path) -> None:
    import datasets

    (tmp_path / "finnish.json").write_text(json.dumps([{"instruction": f"Q{n}"} for n in range(3)]), encoding="utf-8")
    folder = tmp_path / "hub"
    with JudgeServer() as server:
        made = run(
            *("references", "--model", "openai/any", "--output", tmp_path / "references.jsonl", "--hub-folder", folder),
            *("--benchmark", "xl", "--languages", "fi", "--benchmark-path", tmp_path),
            OPENAI_BASE_URL=server.url,
        )
    assert made.returncode == 0, made.stderr
    loaded = datasets.load_dataset(str(folder), "fi", split="test", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == 3
    assert all(loaded["reference"])
    assert "openai/any" in (folder / "README.md").read_text("utf-8")


def test_texts_that_are_cut_off_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "references.jsonl"
    said: list[str] = []
    cuts = ScriptedClient(lambda r: Completion(echo(r), cut="bread" in r.messages[0]["content"]))
    references.make(ROWS, cuts, file, silent, max_tokens=9)
    assert journal.cut_off([file], "reference", 9) == [
        "2 of 6 references are cut off, the first is id 'mini-01', language 'fi'; 9 tokens were given to each"
    ]
    assert set(pairs.read_references(file)) == {(row.id, row.response_language) for row in ROWS}
    mini = benchmark.load("mini", ["fi"], limit=3)
    references.with_references_by(cuts, mini, tmp_path, silent, said.append)
    references.with_references_by(ScriptedClient(echo, model="whole"), mini, tmp_path, silent, said.append)
    cut = [line for line in said if "cut off" in line]
    assert [line.partition(" cut off")[0] for line in cut] == ["1 of 3 references is"]
    # They echo an English request.
    assert "not in the language asked for, by scripted/scripted" in said[0]


def test_references_in_another_language_are_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "references.jsonl"
    german = ScriptedClient(lambda r: GERMAN if "bread" in r.messages[0]["content"] else FINNISH)
    rows = [row for row in ROWS if row.response_language == "fi"]
    references.make(rows, german, file, silent)
    (line,) = references.set_aside(rows, file)
    assert line.startswith("1 of 3 references is not in the language asked for (fi: answered in de (1))")
    aside = json.loads((tmp_path / "references.rejected.jsonl").read_text("utf-8"))
    assert (aside["id"], aside["answered_in"]) == ("mini-01", "de")
    again = ScriptedClient(lambda _: FINNISH)
    assert len(references.make(rows, again, file, silent)) == 3
    assert len(again.sent) == 1
    assert not references.set_aside(rows, file)


def test_references_too_short_to_be_identified_are_counted(tmp_path: Path) -> None:
    with JudgeServer(reply=lambda _: "A") as server:
        file = tmp_path / "references.jsonl"
        command = ("references", "--model", "openai/any", "--output", file, "--benchmark", "mini", "--languages", "fi")
        made = run(*command, "--limit", 2, "--base-url", server.url)
    assert made.returncode == 0, made.stderr
    assert "2 of 2 references are too short for the language to be identified" in made.stderr
    assert "the first is id 'mini-01', language 'fi': 'A'" in made.stderr
    rows = [row for row in ROWS if row.response_language == "fi"]
    references.make(rows, ScriptedClient(lambda _: FINNISH), tmp_path / "long.jsonl", silent)
    assert references.unidentified(tmp_path / "long.jsonl") == []


def test_the_writer_is_reached_by_its_own_address_and_what_is_wrong_is_exit_code_one(tmp_path: Path) -> None:
    with JudgeServer(reply=lambda _: GERMAN) as server:
        command = (
            *("references", "--model", "openai/any", "--base-url", server.url, "--benchmark", "mini"),
            *("--languages", "fi", "--limit", 2, "--output", tmp_path / "r.jsonl"),
        )
        wrong = run(*command)
        assert wrong.returncode == 1
        assert "2 of 2 references are not in the language asked for" in wrong.stderr
        kept = run(*command, "--any-language")
        assert kept.returncode == 0, kept.stderr
    assert len(pairs.read_references(tmp_path / "r.jsonl")) == 2


def test_thoughts_are_no_part_of_a_reference(tmp_path: Path) -> None:
    file = tmp_path / "references.jsonl"
    thinks = ScriptedClient(lambda request: f"<think>\nHmm, Finnish.\n</think>\n\n{echo(request)}")
    made = references.make(ROWS, thinks, file, silent)
    assert all(text.startswith("Vastaus: ") for text in made.values())
    assert pairs.read_references(file) == made
    endless = ScriptedClient(lambda _: "<think>\nHmm, Finnish.")
    with pytest.raises(UserError, match=r"6 of 6 references are missing.*only a thought.*needs more --max-tokens"):
        references.make(ROWS, endless, tmp_path / "other.jsonl", silent)
