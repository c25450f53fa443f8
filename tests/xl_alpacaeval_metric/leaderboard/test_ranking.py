"""`rank`: run folders and harness logs in; places with rank sets and groups in every format out."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

import xl_alpacaeval_metric
from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.finished_runs import harness_log, made, spread
from tests.helpers import FINNISH, GERMAN, write_jsonl
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.leaderboard import formats
from xl_alpacaeval_metric.leaderboard.ranking import rank
from xl_alpacaeval_metric.stats.intervals import win_rate_interval


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    return [
        made(tmp_path / name, {"de": spread(de), "fi": spread(fi)})
        for name, de, fi in (("weak", 0.2, 0.3), ("strong", 0.8, 0.7), ("middle", 0.5, 0.31))
    ]


def test_the_better_run_stands_first_with_its_rank_set(three: list[Path]) -> None:
    found = xl_alpacaeval_metric.rank(three)
    win_rate = found.figures["win_rate"]
    assert [place.name for place in win_rate.overall] == ["strong", "middle", "weak"]
    assert [(place.rank, place.rank_low, place.rank_high) for place in win_rate.overall] == [
        (k, k, k) for k in (1, 2, 3)
    ]
    assert [place.groups for place in win_rate.overall] == ["a", "b", "c"]
    assert win_rate.overall[0].value == pytest.approx(75, abs=1)
    assert all(p.ci95 and p.value and p.ci95[0] < p.value < p.ci95[1] for p in win_rate.overall)
    assert (win_rate.n_items, win_rate.n_prompts) == (40, 20)
    assert list(win_rate.by_language) == ["de", "fi"]
    assert {pair.better for pair in win_rate.pairs} == {"strong", "middle"}
    fidelity = found.figures["line_pass_rate"]
    assert [(place.value, place.groups) for place in fidelity.overall] == [(100, "a")] * 3
    assert [place.rank for place in fidelity.overall] == [1, 1, 1]


def test_a_lean_to_the_first_answer_is_no_variance(tmp_path: Path) -> None:
    """A run's value and interval are those of its results, by halves, and so is every test."""
    runs = [
        made(tmp_path / name, {"de": spread(mean), "fi": spread(mean)}, lean=lean)
        for name, mean, lean in (("a", 0.5, 0.3), ("b", 0.45, 0.2))
    ]
    found = rank(runs, figures=["win_rate"]).figures["win_rate"]
    for run_, lean, of_language in zip(runs, (0.3, 0.2), (found.by_language["fi"]), strict=True):
        values = [float(value or 0) + lean * (-1) ** n for n, value in enumerate(spread(0.5 if lean == 0.3 else 0.45))]
        interval = win_rate_interval(values, range(20), orders=[n % 2 for n in range(20)])
        assert of_language.name == run_.name
        assert of_language.ci95 == pytest.approx(interval)
        wide = win_rate_interval(values, range(20))
        assert wide[1] - wide[0] > 1.3 * (interval[1] - interval[0])
    assert found.pairs[0].better == "a"
    assert found.pairs[0].p_value < 0.01


def test_runs_that_are_not_told_apart_share_ranks_and_a_letter(tmp_path: Path) -> None:
    runs = [made(tmp_path / name, {"de": spread(0.5, 16, wide)}) for name, wide in (("a", 0.3), ("b", -0.3))]
    places = rank(runs, figures=["win_rate"]).figures["win_rate"].overall
    assert [(place.rank_low, place.rank_high, place.groups) for place in places] == [(1, 2, "a")] * 2


def test_items_that_a_run_lacks_are_left_out_and_missing_verdicts_are_counted(tmp_path: Path) -> None:
    a = made(tmp_path / "a", {"de": [*spread(0.2, 9), None]}, reference="1")
    b = made(tmp_path / "b", {"de": spread(0.8, 12), "fi": spread(0.5, 3)}, reference="2")
    found = rank([a, b], figures=["win_rate"])
    assert found.figures["win_rate"].n_items == 10
    assert [(place.n, place.n_missing) for place in found.figures["win_rate"].overall] == [(10, 0), (9, 1)]
    assert any(note.startswith(f"win rate: left out 5 items of {b}") for note in found.notes)
    assert "win rate: 1 of 20 values missing" in formats.legend(found)


def test_items_that_ask_for_something_else_are_left_out(tmp_path: Path) -> None:
    a = made(tmp_path / "a", {"de": spread(0.2, 9)}, reference="1")
    b = made(tmp_path / "b", {"de": spread(0.8, 9)}, reference="2")
    file = b / "samples.jsonl"
    file.write_text(file.read_text("utf-8").replace("ask p3", "ask something else"), encoding="utf-8")
    found = rank([a, b], figures=["win_rate"])
    assert found.figures["win_rate"].n_items == 8
    assert any("1 item whose instruction is another" in note for note in found.notes)


def test_what_the_judges_check_found_is_said(tmp_path: Path) -> None:
    runs = [made(tmp_path / name, {"de": spread(0.5)}) for name in "ab"]
    file = runs[1] / "results.json"
    content = json.loads(file.read_text("utf-8")) | {"judge_check": {"verdict": "no judge"}}
    file.write_text(json.dumps(content), encoding="utf-8")
    line = f"the judge's check says: no judge ({runs[1]}); win rates by it say little"
    assert line in rank(runs, figures=["win_rate"]).notes
    assert line in run("compare", *runs).stdout


def test_languages_in_which_the_judge_is_none_are_said(tmp_path: Path) -> None:
    runs = [made(tmp_path / name, {"de": spread(0.5), "fi": spread(0.4)}) for name in "ab"]
    for folder in runs:
        file = folder / "results.json"
        content = json.loads(file.read_text("utf-8")) | {"judge_check": {"verdict": "doubtful"}}
        by_language = {
            code: {"judge_check": {"verdict": verdict}} for code, verdict in {"de": "passed", "fi": "no judge"}.items()
        }
        file.write_text(json.dumps(content | {"by_language": by_language}), encoding="utf-8")
    line = f"the judge's check says: no judge in fi ({runs[0]} and 1 more); win rates there say nothing"
    assert line in rank(runs, figures=["win_rate"]).notes
    assert line in " ".join(run("compare", *runs).stdout.split())


def test_criteria_are_ranked_by_level(tmp_path: Path) -> None:
    low = made(tmp_path / "low", {"de": spread(0.5)}, levels=[2, 3] * 10)
    high = made(tmp_path / "high", {"de": spread(0.5)}, levels=[4, 5] * 10)
    places = rank([low, high]).figures["naturalness"].overall
    assert [(place.name, place.value) for place in places] == [("high", 4.5), ("low", 2.5)]


def test_items_jsonl_is_read_where_there_is_one(tmp_path: Path) -> None:
    runs = [made(tmp_path / name, {"de": spread(0.5)}) for name in ("a", "b")]
    for folder, passes in zip(runs, (True, False), strict=True):
        write_jsonl(folder / "items.jsonl", [{"id": f"p{n}", "language": "de", "line_pass": passes} for n in range(20)])
    places = rank(runs).figures["line_pass_rate"].overall
    assert [(place.name, place.value) for place in places] == [("a", 100), ("b", 0)]


def test_models_give_the_names_where_they_tell_runs_apart(tmp_path: Path) -> None:
    a, b = (made(tmp_path / name / "run", {"de": spread(0.5)}, model=f"org/{name}") for name in "ab")
    assert {place.name for place in rank([a, b]).figures["win_rate"].overall} == {"org/a", "org/b"}
    c = made(tmp_path / "c" / "run", {"de": spread(0.5)}, model="org/a")
    assert {place.name for place in rank([a, c]).figures["win_rate"].overall} == {"a/run", "c/run"}
    assert {place.name for place in rank({"x": a, "y": c}).figures["win_rate"].overall} == {"x", "y"}


def test_head_to_heads_are_ranked_by_bradley_terry(tmp_path: Path) -> None:
    """A against B, B against C: no common reference, and one chain."""
    ab = made(tmp_path / "A", {"de": spread(0.8)}, answers="alpha", references="beta", reference="1")
    bc = made(tmp_path / "B", {"de": spread(0.7)}, answers="beta", references="gamma", reference="2")
    found = rank([ab, bc], figures=["win_rate"])
    ranking = found.figures["win_rate"]
    assert ranking.method == "Bradley-Terry"
    assert [place.name for place in ranking.overall] == ["A", "B", f"reference of {bc}"]
    assert any("no common reference" in note for note in found.notes)
    # log-odds of 0.8 and 0.7, added: A is preferred to C with odds 4 * 7 / 3.
    odds = 4 * 7 / 3
    assert ranking.overall[0].value == pytest.approx(100 * (0.8 + odds / (1 + odds)) / 2, abs=0.6)
    with pytest.raises(UserError, match=r"differ in reference \(20 of 20 shared items, the first is id 'p0' in de\)"):
        rank([ab, made(tmp_path / "D", {"de": spread(0.7)}, answers="delta", references="other", reference="3")])


def test_harness_logs_stand_beside_run_folders(tmp_path: Path) -> None:
    harness_log(tmp_path / "logs", [0.9] * 10, "org/best")
    logs = harness_log(tmp_path / "logs", [0.1 + n / 100 for n in range(10)], "org/worst")
    mine = made(tmp_path / "mine", {"de": spread(0.5, 10)}, model="org/mine")
    (best,) = (logs / "org__best").glob("samples_*")
    best.write_text(
        best.read_text("utf-8").replace(json.dumps(GERMAN)[1:-1].replace("\\", "\\\\") + " org/best", "", 3), "utf-8"
    )
    results = json.loads((mine / "results.json").read_text("utf-8"))
    (mine / "results.json").write_text(json.dumps({**results, "n_empty": 2}), "utf-8")
    found = rank([logs, mine])
    assert f"empty answers: 3 of 10 of {logs / 'org__best'}, 2 of 10 of {mine}" in found.notes
    assert [place.name for place in found.figures["win_rate"].overall] == ["org/best", "org/mine", "org/worst"]
    assert {place.name: place.value for place in found.figures["line_pass_rate"].overall} == {
        "org/mine": 100,
        "org/best": 50,
        "org/worst": 50,
    }
    with pytest.raises(UserError, match=r"differ in judge \(openai/any against openai/other\)"):
        rank([mine, harness_log(tmp_path / "other", [0.5] * 10, "org/x", judge="openai/other")])


def test_a_harness_folder_without_samples_is_refused(tmp_path: Path) -> None:
    logs = harness_log(tmp_path / "logs", [0.9] * 3, "org/one")
    for file in logs.rglob("samples_*"):
        file.unlink()
    with pytest.raises(UserError, match="run it with --log_samples"):
        rank([logs, logs.parent])


@pytest.mark.parametrize("form", formats.FORMATS)
def test_every_format_has_every_name_and_value(three: list[Path], form: str, tmp_path: Path) -> None:
    result = run("rank", *three, "--format", form, "--output", tmp_path / "ranking.json", COLUMNS="80")
    assert result.returncode == 0, result.stderr
    names = {"strong", "middle", "weak"}
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        assert {row["model"] for row in rows} == names
        assert [row["rank"] for row in rows if (row["figure"], row["language"]) == ("win_rate", "all")] == [
            "1",
            "2",
            "3",
        ]
    elif form == "json":
        content: dict[str, Any] = json.loads(result.stdout)
        assert content == json.loads((tmp_path / "ranking.json").read_text("utf-8"))
        assert {place["name"] for place in content["figures"]["win_rate"]["overall"]} == names
    else:
        assert all(name in result.stdout for name in names)
        assert "judge:openai/any" in result.stdout
    if form == "table":
        tables = result.stdout[: result.stdout.index("ranks: those")]
        assert max(map(len, tables.splitlines())) <= 80


def test_names_are_data_in_every_format(tmp_path: Path) -> None:
    names = ["50% & $x_1$ | [bold]a[/bold]\\", "x" * 100]
    runs = dict(zip(names, (made(tmp_path / n, {"de": spread(0.5)}) for n in "ab"), strict=True))
    found = rank(runs, figures=["win_rate"])
    assert r"50\% \& \$x\_1\$ | [bold]a[/bold]\textbackslash{}" in formats.text(found, "tex")
    assert r"50% & $x\_1$ \| \[bold\]a\[/bold\]\\" in formats.text(found, "md")
    assert json.loads(formats.text(found, "json"))["figures"]["win_rate"]["overall"][0]["name"] in names
    by_model = tmp_path / ("y" * 90)
    shown = run("rank", made(by_model, {"de": spread(0.5)}), tmp_path / "a", COLUMNS="80").stdout
    assert len(re.findall("y", shown[: shown.index("ranks: those")])) >= 90


def test_wrong_use_is_one_line(three: list[Path], tmp_path: Path) -> None:
    weak, strong, _ = three
    assert "needs two runs or more; 1 given" in complaint(run("rank", weak))
    assert "is given twice" in complaint(run("rank", weak, strong, weak))
    assert "is no run folder" in complaint(run("rank", weak, tmp_path))
    assert "is no run folder" in complaint(run("rank", weak, tmp_path / "nowhere"))
    assert "has no figure 'grace'; it has win_rate, win_rate_in_language, line_pass_rate" in complaint(
        run("rank", weak, strong, "--figure", "grace")
    )
    assert "is not one of table, md" in complaint(run("rank", weak, strong, "--format", "xls"))
    other = made(tmp_path / "other", {"de": spread(0.5)}, judge="openai/other")
    assert "differ in judge (openai/any against openai/other)" in complaint(run("rank", weak, other))
    apart = made(tmp_path / "apart", {"hu": []}, reference="5")
    write_jsonl(apart / "verdicts.jsonl", [{"id": "p", "language": "hu", "order": "both", "preference": 0.5}])
    assert "share no item with a win_rate; no language is in all" in complaint(
        run("rank", weak, apart, "--figure", "win_rate")
    )
    write_jsonl(apart / "verdicts.jsonl", [{"id": "p", "language": "hu", "order": "both", "preference": 7}])
    assert "verdicts.jsonl line 1: the preference is 7" in complaint(run("rank", weak, apart))


def test_a_file_of_answers_is_ranked_by_language_beside_runs(tmp_path: Path) -> None:
    german = made(tmp_path / "run", {"de": spread(0.6, 8)}, model="org/german")
    rows = [
        {"id": f"p{n}", "instruction": f"ask p{n}", "prediction": FINNISH if n % 2 else GERMAN, "language": "de"}
        for n in range(8)
    ]
    rows += [{**rows[0], "id": "p8", "prediction": " "}]
    rows[0]["prediction"] = f"<think>{FINNISH}</think>{GERMAN}"
    half = write_jsonl(tmp_path / "half.jsonl", [{**row, "model": "org/half"} for row in rows])
    found = rank([german, half])
    lines = (f"{half}: thoughts taken off 1 of 9 predictions", f"empty answers: 1 of 9 of {half}")
    assert set(lines) < set(found.notes)
    result = run("compare", german, half, "--figure", "line_pass_rate")
    assert all(f"warning: {line}" in result.stdout for line in lines), result.stderr
    assert list(found.figures) == ["line_pass_rate"]
    assert [(place.name, place.value) for place in found.figures["line_pass_rate"].overall] == [
        ("org/german", 100.0),
        ("org/half", 50.0),
    ]
    with pytest.raises(UserError, match=r"half\.jsonl: has no figure 'win_rate', since its answers were not judged"):
        rank([german, half], figures=["win_rate"])
