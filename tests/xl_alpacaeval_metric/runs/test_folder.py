import json
from dataclasses import replace
from pathlib import Path

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.records.judgements import Verdict
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.folder import RunFolder

VERDICT = Verdict("a", "de", "candidate_first", 0.75, raw="A", prompt_tokens=10, completion_tokens=1)


def test_verdicts_come_back_as_they_went_in(tmp_path: Path) -> None:
    missing = Verdict("b", "de", "reference_first", None, reason="refused: \u2028 too long")
    with RunFolder(tmp_path / "run", {"judge": "x"}) as folder:
        folder.append(VERDICT)
        folder.append(missing)
    with RunFolder(tmp_path / "run", {"judge": "x"}) as folder:
        assert folder.verdicts() == [VERDICT, missing]


def test_a_line_that_a_kill_cut_short_is_dropped_and_written_over(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", {}) as folder:
        folder.append(VERDICT)
    with (tmp_path / "run" / run_folder.VERDICTS).open("a") as file:
        file.write('{"id": "b", "langu')
    with RunFolder(tmp_path / "run", {}) as folder:
        assert folder.verdicts() == [VERDICT]
        folder.append(VERDICT)
        assert folder.verdicts() == [VERDICT, VERDICT]


def test_the_folder_of_another_run_is_refused_with_what_differs(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", {"judge": "openai/a", "seed": 0}):
        pass
    with (
        pytest.raises(UserError, match=r'judge "openai/a".*this one has "openai/b".*another --output'),
        RunFolder(tmp_path / "run", {"judge": "openai/b", "seed": 0}),
    ):
        pass


def test_a_run_is_put_in_another_s_place_where_its_command_allows_that(tmp_path: Path) -> None:
    asked = []

    def may_replace(other: frozenset[str]) -> bool:
        asked.append(other)
        theirs = json.loads((tmp_path / "run" / "run.json").read_text())["settings"]
        with pytest.raises(UserError, match="another process"), RunFolder(tmp_path / "run", theirs):
            pass
        return other == {"seed"}

    with RunFolder(tmp_path / "run", {"seed": 0, "judge": "a"}, may_replace=may_replace):
        pass
    with RunFolder(tmp_path / "run", {"seed": 1, "judge": "a"}, may_replace=may_replace):
        pass
    stored = json.loads((tmp_path / "run" / "run.json").read_text())
    assert stored["settings"] == {"seed": 1, "judge": "a"}
    refused: list[dict[str, object]] = [{"seed": 2, "judge": "b"}, {"seed": 2}, {"seed": 2, "judge": "a", "more": 1}]
    for settings in refused:
        with (
            pytest.raises(UserError, match="holds a run with"),
            RunFolder(tmp_path / "run", settings, may_replace=may_replace),
        ):
            pass
    # A run of another kind is not offered.
    assert asked == [{"seed"}, {"seed", "judge"}]
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == stored
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["run.json"]


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="not empty"), RunFolder(tmp_path, {}):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(UserError, match="is a file"), RunFolder(tmp_path / "thesis.tex", {}):
        pass


def test_two_processes_cannot_work_in_one_folder(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path / "run", {}),
        pytest.raises(UserError, match="another process"),
        RunFolder(tmp_path / "run", {}),
    ):
        pass


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", {}) as folder:
        (tmp_path / "run" / run_folder.VERDICTS).write_text("{}\n{broken\n{}\n")
        with pytest.raises(UserError, match=r"verdicts.jsonl line 2: damaged"):
            folder.verdicts()


def test_run_json_holds_the_settings(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", {"languages": ["de"]}):
        pass
    assert json.loads((tmp_path / "run" / "run.json").read_text())["settings"] == {"languages": ["de"]}


@pytest.mark.parametrize("line", ["5", "[" * 100_000, '{"id": "a"}', '{"nothing": 1}'])
def test_a_line_that_is_no_verdict_is_refused(tmp_path: Path, line: str) -> None:
    with RunFolder(tmp_path / "run", {}) as folder:
        (tmp_path / "run" / run_folder.VERDICTS).write_text(line + "\n")
        with pytest.raises(UserError, match=r"verdicts.jsonl.*damaged"):
            folder.verdicts()


def test_a_preference_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", {}) as folder:
        folder.append(replace(VERDICT, preference="high"))  # type: ignore[arg-type]
        with pytest.raises(UserError, match=r"verdicts.jsonl: damaged"):
            folder.verdicts()


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "figures.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        jsonl.write_json(tmp_path / "figures.json", {})
    assert [file.name for file in tmp_path.iterdir()] == ["figures.json"]
