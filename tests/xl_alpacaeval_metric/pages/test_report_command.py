"""`report`: run folders in, a page and figures out, or one line on what is wrong."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.finished_runs import harness_log
from tests.helpers import ROOT, write_jsonl
from tests.xl_alpacaeval_metric.pages import made_runs
from xl_alpacaeval_metric.pages import run_page, shown_run
from xl_alpacaeval_metric.pages.section import Section
from xl_alpacaeval_metric.pages.sections import judging

OLD = ROOT / "tests" / "xl_alpacaeval_metric" / "runs" / "version_0_1_0"


def sections(*folders: Path) -> dict[str, Section]:
    return {section.name: section for section in run_page.sections(shown_run.read(folders))}


def rows(section: Section) -> list[list[str]]:
    assert section.table is not None
    return [list(row) for row in section.table.rows]


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    return [
        made_runs.make(tmp_path / name, made_runs.answers(12, mean), model=model)
        for name, mean, model in (("one", 0.2, "base"), ("two", 0.5, "tuned"))
    ]


def test_the_command_writes_the_page_and_the_figures(two: list[Path], tmp_path: Path) -> None:
    page, folder = tmp_path / "out" / "report.html", tmp_path / "figures"
    result = run("report", *two, "--output", page, "--figures", folder)
    assert result.returncode == 0, result.stderr
    assert "48 answers of base, tuned" in result.stdout
    text = page.read_text("utf-8")
    assert not re.findall(r"(?:src|href)=[\"'](?!#)", text), "nothing is loaded, and nothing is linked"
    assert not [file for file in page.parent.iterdir() if file != page]
    stems = {"win_rate", "win_rate_by_language", "difference", "answered_in", "fidelity", "length"}
    assert {file.name for file in folder.iterdir()} == {f"{stem}.{kind}" for stem in stems for kind in ("svg", "pdf")}
    assert all(stem in result.stdout for stem in stems)


def test_figures_are_those_of_the_run(two: list[Path]) -> None:
    found = sections(*two)
    results = [shown_run.read([folder])[0].results for folder in two]
    table = rows(found["win_rate"])
    assert [row[0] for row in table] == ["tuned", "base"], "best first"
    low, high = results[1]["win_rate_ci95"]
    assert table[0][1] == f"{results[1]['win_rate']:.1f} ({low:.1f} to {high:.1f})"
    assert [row[4] for row in table] == ["a", "b"]
    by_language = {(row[0], row[1]): row[2] for row in rows(found["win_rate_by_language"])}
    assert by_language["Finnish", "base"].startswith(f"{results[0]['by_language']['fi']['win_rate']:.1f} (")
    in_language = {(row[0], row[1]): row[3] for row in rows(found["win_rate_by_language"])}
    assert in_language["Finnish", "base"] == f"{results[0]['by_language']['fi']['win_rate_in_language']:.1f}"
    text = {(row[0], row[1]): row[2:] for row in rows(found["fidelity"])}
    shown = ("fidelity", "line_pass_rate", "switch_rate", "coverage")
    assert text["all languages", "tuned"] == [f"{results[1][name]:.1f}" for name in shown]
    assert {row[6] for row in rows(found["length"])} == {str(results[0]["by_language"]["fi"]["n_items"])}
    difference = rows(found["difference"])
    expected = results[1]["win_rate"] - results[0]["win_rate"]
    assert difference[-1][0] == "all languages"
    assert difference[-1][3].startswith(f"{expected:+.1f} (")
    asked = {(row[0], row[1]): row[2:] for row in rows(found["answered_in"])}
    assert found["answered_in"].table is not None
    english = found["answered_in"].table.columns.index("English") - 2
    assert asked["base", "Finnish"][english] == "25"


def test_no_judge_stands_in_the_place_of_the_number(two: list[Path]) -> None:
    for folder in two:
        made_runs.without_judge_in(folder, "ar")
    found = sections(*two)
    by_language = {(row[0], row[1]): row[2] for row in rows(found["win_rate_by_language"])}
    assert by_language["Arabic", "base"] == by_language["Arabic", "tuned"] == "no judge"
    assert "(" in by_language["Finnish", "base"]
    difference = {row[0]: row for row in rows(found["difference"])}
    assert difference["Arabic"][1:6] == ["-", "-", "no judge", "-", "-"]
    check = {row[0]: row[2] for row in rows(found["judge_check"])}
    assert (check["Arabic"], check["Finnish"]) == ("no judge", "passed")
    assert found["judge_check"].lines == ["ar: likes loops"]


def test_a_run_without_verdicts_shows_the_languages_alone(tmp_path: Path) -> None:
    folder = made_runs.make(tmp_path / "run", made_runs.answers(), judged=False)
    found = sections(folder)
    assert not {"win_rate_by_language", "difference", "judge_check", "costs"} & found.keys()
    assert {"overview", "answered_in", "fidelity", "settings"} <= found.keys()
    judged = made_runs.make(tmp_path / "judged", made_runs.answers())
    found = sections(folder, judged)
    table = {row[0]: row[1:] for row in rows(found["win_rate"])}
    assert table["run"][0] == "-"
    assert "(" in table["judged"][0]
    for name in ("win_rate", "win_rate_by_language"):
        assert "not in the chart, since they have no win rate: run" in found[name].lines


def test_runs_that_cannot_be_compared_are_shown_with_the_reason(two: list[Path]) -> None:
    file = two[1] / "results.json"
    file.write_text(file.read_text("utf-8").replace("judge:scripted/scripted", "judge:scripted/other"), "utf-8")
    found = sections(*two)
    for name, words in (("win_rate", "not ranked: "), ("difference", "not compared: ")):
        assert [line for line in found[name].lines if line.startswith(words) and "judge" in line], found[name].lines
        assert not [line for line in found[name].lines if str(two[0].parent) in line]
        assert [line for line in found[name].lines if f"{two[0].name} and" in line or f"and {two[0].name}" in line]
    assert "judge" in {row[0] for k, row in enumerate(rows(found["settings"])) if k in found["settings"].table.marked}  # type: ignore[union-attr]


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    folders = [
        made_runs.make(tmp_path / place, made_runs.answers(), model="m") for place in ("a/run", "b/run", "b/other")
    ]
    names = [run.name for run in shown_run.read(folders)]
    assert len(set(names)) == 3
    assert names[2] == "m (other)"
    assert ["a/run" in names[0], "b/run" in names[1]] == [True, True]
    assert not any(str(tmp_path) in name for name in names)


def test_logs_of_one_model_s_name_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    for place, judge in (("a", "openai/any"), ("b", "openai/other")):
        harness_log(tmp_path / "out", [0.5, 0.7], f"/home/alice/{place}/tiny", judge=judge)
    runs = shown_run.read([tmp_path / "out"])
    assert [run.name for run in runs] == ["tiny (a/tiny)", "tiny (b/tiny)"]
    lines = " ".join(line for section in run_page.sections(runs) for line in section.lines)
    assert "not ranked: tiny (a/tiny) and tiny (b/tiny) cannot be compared" in lines
    assert "alice" not in lines


def test_many_runs_and_those_of_an_earlier_version(tmp_path: Path) -> None:
    folders = [made_runs.make(tmp_path / f"run{k}", made_runs.answers(4), model=f"m{k}") for k in range(6)]
    assert {"win_rate", "win_rate_by_language", "answered_in"} <= sections(*folders).keys()
    old = shutil.copytree(OLD, tmp_path / "old")
    assert run_page.write(shown_run.read([old / "judged", old / "evaluated"]), tmp_path / "old.html") == 12


def test_bad_input_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    folder = made_runs.make(tmp_path / "run", made_runs.answers(2))
    page = tmp_path / "page.html"
    (tmp_path / "empty").mkdir()
    unfinished = shutil.copytree(folder, tmp_path / "unfinished")
    (unfinished / "results.json").unlink()
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    (damaged / "samples.jsonl").write_text('{"id": "1"}\n', "utf-8")
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "results.json").write_text('{"signature": "judge:a", "by_language": {"fi": 3}}', "utf-8")
    for arguments, message in [
        ((tmp_path / "empty", "--output", page), "empty: holds no answers; give a run folder"),
        ((tmp_path / "nowhere", "--output", page), "nowhere: no such file"),
        ((unfinished, "--output", page), "is not finished"),
        ((damaged, "--output", page), "samples.jsonl: damaged"),
        ((broken, "--output", page), "results.json: damaged"),
        ((folder, folder, "--output", page), "is given twice"),
        ((folder,), "nothing to write; give --output FILE.html, --figures FOLDER, or both"),
        ((folder, "--output", tmp_path / "page.pdf"), "needs a name that ends in .html"),
        ((folder, "--output", folder / "run.json" / "page.html"), "cannot be written"),
    ]:
        assert message in complaint(run("report", *arguments))
    assert not list(tmp_path.glob("*.html")) + list(tmp_path.glob(".*"))


def test_logs_of_the_harness_and_files_of_answers_stand_beside_runs(tmp_path: Path) -> None:
    harness_log(tmp_path / "logs", [0.9] * 10, "org/best")
    logs = harness_log(tmp_path / "logs", [0.1 + n / 100 for n in range(10)], "org/worst")
    found = sections(logs)
    assert [row[0] for row in rows(found["win_rate"])] == ["org/best", "org/worst"]
    assert [row[2] for row in rows(found["win_rate"])] == ["1", "2"]
    assert rows(found["win_rate"])[0][1].startswith("90.0 (")
    assert rows(found["difference"])[0][3].startswith("-75.5 (")
    answers = write_jsonl(
        tmp_path / "answers.jsonl",
        [
            {"prediction": made_runs.FINNISH, "language": "fi", "model": "org/file"},
            {"prediction": "", "language": "fi"},
        ],
    )
    runs = shown_run.read([logs, answers])
    assert [run.name for run in runs] == ["org/best", "org/worst", "org/file"]
    assert run_page.write(runs, tmp_path / "page.html") == 22
    overview = {row[0]: row for row in rows(sections(logs, answers)["win_rate"])}
    assert overview["org/file"][1] == "-"
    assert overview["org/file"][5] == "100.0"


def test_designs_panels_and_thoughts_have_their_sections(tmp_path: Path) -> None:
    """With the keys that docs/reference/files.md gives them."""
    folder = made_runs.make(tmp_path / "run", made_runs.answers())
    assert not {"designs", "judges", "thoughts"} & sections(folder).keys()
    effect = {"difference": -4.25, "ci95": [-8.0, -0.5], "p_value": 0.01, "p_value_holm": 0.02, "n": 24}
    judge = {
        "win_rate": 40.0,
        "win_rate_ci95": [30.0, 50.0],
        "lean": 2.5,
        "lean_ci95": [1.0, 4.0],
        "n": 16,
        "n_missing": 0,
    }
    more = {
        "effects": {"request": {"win_rate": effect, "line_pass_rate": {**effect, "difference": -1.0}}},
        "by_judge": {"openai/a": judge, "openai/b": {**judge, "win_rate": 45.0, "lean": None, "lean_ci95": None}},
        "judge_alpha": 0.61,
        "thinking": {"n": 16, "unfinished": 2, "avg_tokens": 310.4, "languages": {"en": 90.0, "fi": 10.0}},
        "stopped_early": True,
        "stopping_rule": "precision",
        "n_not_judged": 5,
    }
    file = folder / "results.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **more}), "utf-8")
    found = sections(folder)
    assert rows(found["designs"])[0] == ["request", "run", "win rate", "-4.2 (-8.0 to -0.5)", "0.020", "24"]
    assert rows(found["designs"])[1][2:4] == ["line pass rate", "-1.0 (-8.0 to -0.5)"]
    assert rows(found["judges"])[0] == ["openai/a", "run", "40.0 (30.0 to 50.0)", "+2.5 (+1.0 to +4.0)", "16", "0"]
    assert "0.61" in found["judges"].about
    assert rows(found["thoughts"]) == [["all languages", "run", "16", "2", "310", "English 90%, Finnish 10%"]]
    assert "judged in looks (precision), items not judged: 5" in judging.notices(shown_run.read([folder]))
    assert run_page.write(shown_run.read([folder]), tmp_path / "page.html") == 16


def test_what_the_harness_says_of_its_judge_stands_in_the_place_of_the_number(tmp_path: Path) -> None:
    logs = harness_log(tmp_path / "logs", [0.9] * 10, "org/one")
    (file,) = logs.glob("*/results_*.json")
    content = json.loads(file.read_text("utf-8"))
    content["configs"]["xl_alpacaeval_mini_de"]["metadata"]["judged_by"]["judge_check"] = {"verdict": "no judge"}
    file.write_text(json.dumps(content), "utf-8")
    found = sections(logs)
    assert [one.value for one in found["overview"].key][:1] == ["no judge"]
    assert {row[2] for row in rows(found["win_rate_by_language"])} == {"no judge"}


def test_costs_have_a_price_where_prices_are_given(two: list[Path], tmp_path: Path) -> None:
    for folder in two:
        lines = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text("utf-8").splitlines()]
        tokens = {"prompt_tokens": 2_000_000, "completion_tokens": 500_000}
        priced_lines = [{**line, **(tokens if k == 0 else {})} for k, line in enumerate(lines)]
        write_jsonl(folder / "verdicts.jsonl", priced_lines)
    shown = shown_run.read(two)
    priced, plain = judging.costs(shown, (1.5, 4.0)), judging.costs(shown)
    assert priced is not None
    assert rows(priced)[0][-1] == "5.00"
    assert plain is not None
    assert plain.table is not None
    assert "Price" not in plain.table.columns
    page = tmp_path / "page.html"
    assert "give both" in complaint(run("report", *two, "--output", page, "--price-input", 1))
    assert not page.exists()
