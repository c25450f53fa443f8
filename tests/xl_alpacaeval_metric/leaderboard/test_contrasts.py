"""`compare` with several runs, and with language fidelity."""

import json
from pathlib import Path

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import GERMAN, write_jsonl
from xl_alpacaeval_metric import rank
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.leaderboard import contrasts
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs.compare import Run
from xl_alpacaeval_metric.runs.finished import Setting


def made(name: str, preferences: dict[tuple[str, str], float | None]) -> Run:
    items = {key: Comparison(*key, "ask", "answer", "reference") for key in preferences}
    return Run(Setting(name, "judge:x|prompt:p|order:both|reference:r", {}, {}), items, preferences)


def several(count: int = 12) -> list[Run]:
    keys = [(str(n), code) for n in range(count) for code in ("de", "fi")]
    return [
        made(name, {key: mean + (int(key[0]) * step % 5) / 50 for key in keys})
        for name, mean, step in (("a", 0.2, 1), ("b", 0.5, 2), ("c", 0.51, 3))
    ]


def test_every_pair_is_compared_and_corrected() -> None:
    runs = several()
    found = contrasts.compare_all(runs)
    assert [(pair.a, pair.b) for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    for pair in found.pairs:
        for part in (pair.overall, *pair.by_language.values()):
            assert part.p_value is not None
            assert part.p_value_adjusted is not None
            assert part.p_value_adjusted >= part.p_value
    assert found.pairs[0].overall.p_value_adjusted == pytest.approx(2 / 2**12 * (1 + 3 / 12))
    assert found.as_dict()["runs"] == ["a", "b", "c"]


def test_two_runs_are_compared_as_ever() -> None:
    one, other, _ = several()
    (pair,) = contrasts.compare_all([one, other]).pairs
    assert pair.overall.p_value_adjusted is None


def test_wrong_numbers_of_runs_are_refused() -> None:
    one, other, _ = several()
    with pytest.raises(UserError, match="needs two runs or more; 1 given"):
        contrasts.compare_all([one])
    with pytest.raises(UserError, match="is given twice"):
        contrasts.compare_all([one, other, one])


def test_a_path_is_not_compared_with_itself(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for same in (tmp_path / "run", tmp_path / "run" / ".." / "run"):
        with pytest.raises(UserError, match="is given twice; give each run once"):
            contrasts.load_all([tmp_path / "run", same])


def test_fidelity_is_compared_without_a_judge(tmp_path: Path) -> None:
    runs = []
    for name, passes in (("mine", lambda n: True), ("other", lambda n: n % 4 == 0)):
        folder = tmp_path / name
        rows = [{"id": str(n), "language": "de", "instruction": "ask", "prediction": "x"} for n in range(16)]
        write_jsonl(folder / "samples.jsonl", rows)
        write_jsonl(
            folder / "items.jsonl", [{"id": str(n), "language": "de", "line_pass": passes(n)} for n in range(16)]
        )
        (folder / "run.json").write_text(json.dumps({"settings": {}}), encoding="utf-8")
        (folder / "results.json").write_text(json.dumps({"signature": "judge:none|reference:r@1"}), encoding="utf-8")
        runs.append(folder)
    result = run("compare", *runs, "--figure", "line_pass_rate", "--output", tmp_path / "found.json")
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert (found["win_rate_a"], found["win_rate_b"], found["difference"]) == (100, 25, 75)
    assert found["p_value"] < 0.01
    assert "line pass rate %" in result.stdout
    assert "--figure line_pass_rate" in complaint(run("compare", *runs))
    assert (
        "is not one of win_rate, win_rate_in_language, line_pass_rate, fidelity, switch_rate, correct_rate"
        in complaint(run("compare", *runs, "--figure", "grace"))
    )


ENGLISH = "The weather is nice today and the children play in the garden until the evening."


def answered(folder: Path, in_english: int, lid: str = "x", number: int = 12) -> Path:
    """A run folder without items.jsonl, as 0.1 wrote it; the first answers are in English."""
    rows = [
        {"id": str(n), "language": "de", "instruction": "ask", "prediction": ENGLISH if n < in_english else GERMAN}
        for n in range(number)
    ]
    write_jsonl(folder / "samples.jsonl", rows)
    (folder / "run.json").write_text(json.dumps({"settings": {}}), encoding="utf-8")
    (folder / "results.json").write_text(json.dumps({"signature": f"judge:none|lid:{lid}"}), encoding="utf-8")
    return folder


def test_fidelity_of_a_run_without_items_is_measured_from_its_answers(tmp_path: Path) -> None:
    runs = [answered(tmp_path / "one", 0), answered(tmp_path / "other", 9)]
    result = run("compare", *runs, "--figure", "fidelity", "--output", tmp_path / "found.json")
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert (found["win_rate_a"], found["win_rate_b"], found["figure"]) == (100, 25, "fidelity")
    assert found["p_value"] == pytest.approx(2 / 2**9)
    assert found["answered_in_a"] == {"de": {"de": 100}}
    assert found["answered_in_b"] == {"de": {"en": 75, "de": 25}}
    assert "fidelity %" in result.stdout
    assert "B: asked for German (de), answered in: English (en) 75%, German (de) 25%" in result.stdout


def test_answers_too_short_to_be_scored_are_left_out_by_that_name(tmp_path: Path) -> None:
    runs = [answered(tmp_path / "one", 0), answered(tmp_path / "other", 0)]
    file = runs[1] / "samples.jsonl"
    file.write_text(file.read_text("utf-8").replace(json.dumps(GERMAN), '" "', 2), encoding="utf-8")
    result = run("compare", *runs, "--figure", "line_pass_rate")
    assert (
        "left out: 2 shared items without a line pass rate in one run or both: the answer is empty or too short to "
        "tell its language" in result.stdout
    )
    assert f"warning: empty answers: 2 of 12 of {runs[1]}" in result.stdout


def test_switches_are_compared_from_items(tmp_path: Path) -> None:
    runs = []
    for name, switched in (("one", 0), ("other", 6)):
        folder = answered(tmp_path / name, 0)
        rows = [
            {"id": str(n), "language": "de", "fidelity": 99.0, "switched": n < switched, "answered_in": "de"}
            for n in range(12)
        ]
        write_jsonl(folder / "items.jsonl", rows)
        runs.append(contrasts.load(folder, "switch_rate"))
    (pair,) = contrasts.compare_all(runs).pairs
    assert (pair.overall.win_rate_a, pair.overall.win_rate_b) == (0, 50)
    assert pair.overall.p_value == pytest.approx(2 / 2**6)


def test_answers_in_another_language_are_lost_in_win_rate_in_language(tmp_path: Path) -> None:
    runs = []
    for name, in_english in (("one", 0), ("other", 9)):
        folder = answered(tmp_path / name, in_english)
        (folder / "results.json").write_text(json.dumps({"signature": "judge:j|prompt:p|lid:x"}), encoding="utf-8")
        write_jsonl(
            folder / "verdicts.jsonl",
            [
                {"id": str(n), "language": "de", "judge": "j", "order": order, "preference": 0.75, "raw": ""}
                for n in range(12)
                for order in ("candidate_first", "reference_first")
            ],
        )
        runs.append(folder)
    alone = contrasts.compare_all([contrasts.load(folder) for folder in runs]).pairs[0].overall
    found = contrasts.compare_all([contrasts.load(folder, "win_rate_in_language") for folder in runs]).pairs[0].overall
    assert (alone.win_rate_a, alone.win_rate_b) == (75, 75)
    assert (found.win_rate_a, found.win_rate_b) == (75, 0.25 * 75)
    assert found.p_value == pytest.approx(2 / 2**9)
    places = rank(runs, figures=["win_rate_in_language", "fidelity", "switch_rate"]).figures
    assert {name: [place.value for place in figure.overall] for name, figure in places.items()} == {
        "win_rate_in_language": [75, 18.75],
        "fidelity": [100, 25],
        "switch_rate": [0, 0],
    }


def test_runs_that_identified_languages_otherwise_are_told(tmp_path: Path) -> None:
    runs = [answered(tmp_path / "one", 0, "a"), answered(tmp_path / "other", 4, "b")]
    (pair,) = contrasts.compare_all([contrasts.load(folder, "fidelity") for folder in runs]).pairs
    assert "languages were identified by a and by b: other rates" in pair.caveats
    assert "caveats" in pair.as_dict()


@pytest.mark.parametrize(("code", "doubtful"), [("de", False), ("la", True)])
def test_a_doubtful_language_is_told(tmp_path: Path, code: str, doubtful: bool) -> None:
    runs = [answered(tmp_path / name, 0) for name in ("one", "other")]
    for folder in runs:
        file = folder / "samples.jsonl"
        file.write_text(file.read_text("utf-8").replace('"de"', f'"{code}"'), encoding="utf-8")
    (pair,) = contrasts.compare_all([contrasts.load(folder, "fidelity") for folder in runs]).pairs
    for notes in (pair.caveats, rank(runs, figures=["fidelity", "switch_rate"]).notes):
        assert sum(note.startswith(f"{code}: language fidelity is doubtful, only ") for note in notes) == doubtful


def test_the_lowest_switch_rate_is_first(tmp_path: Path) -> None:
    runs = {}
    for name, switched in (("often", 9), ("seldom", 3)):
        folder = answered(tmp_path / name, 0)
        rows = [{"id": str(n), "language": "de", "fidelity": 99.0, "switched": n < switched} for n in range(12)]
        write_jsonl(folder / "items.jsonl", rows)
        runs[name] = folder
    found = rank(runs, figures=["switch_rate"])
    first, second = found.figures["switch_rate"].overall
    assert [(first.name, first.value), (second.name, second.value)] == [("seldom", 25), ("often", 75)]
    assert second.ci95 is not None
    assert second.ci95[0] < 75 < second.ci95[1]
    assert found.figures["switch_rate"].pairs[0].better == "seldom"


def test_files_of_answers_are_compared_by_language(tmp_path: Path) -> None:
    files = []
    for name, in_english in (("one", 0), ("other", 6)):
        rows = [
            {"id": str(n), "language": "de", "instruction": "ask", "prediction": ENGLISH if n < in_english else GERMAN}
            for n in range(12)
        ]
        files.append(write_jsonl(tmp_path / f"{name}.jsonl", rows))
    result = run("compare", *files, "--figure", "fidelity")
    assert result.returncode == 0, result.stderr
    assert "answered in: English (en) 50%, German (de) 50%" in result.stdout


def closed(folder: Path, right: int, number: int = 12) -> Path:
    """A run folder with closed questions, the first of which are answered right, and open ones."""
    rows = [
        {
            "id": str(n),
            "language": "de",
            "instruction": "ask",
            "prediction": f"Die Antwort auf diese Frage ist ganz einfach, es sind {12 if n < right else 13}.",
            "expected": '[{"number": 12}]' if n < number else "",
        }
        for n in range(number + 4)
    ]
    write_jsonl(folder / "samples.jsonl", rows)
    (folder / "run.json").write_text(json.dumps({"settings": {"model": folder.name}}), encoding="utf-8")
    results = {"signature": "judge:none|lid:x", "n_checkable": number}
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


@pytest.mark.parametrize("as_file", [False, True])
def test_correct_answers_are_compared_on_the_closed_questions(tmp_path: Path, as_file: bool) -> None:
    runs = [closed(tmp_path / "one", 12), closed(tmp_path / "other", 3)]
    given = [run / "samples.jsonl" for run in runs] if as_file else runs
    overall = contrasts.compare_all(contrasts.load_all(given, "correct_rate")).pairs[0].overall
    assert (overall.win_rate_a, overall.win_rate_b, overall.n, overall.n_missing) == (100, 25, 12, 0)
    assert overall.p_value == pytest.approx(2 / 2**9)
    found = rank(given, figures=["correct_rate"]).figures["correct_rate"]
    assert [(place.name, place.value, place.n) for place in found.overall] == [("one", 100, 12), ("other", 25, 12)]
    assert "correct_rate" in rank(given).figures


def test_runs_that_cannot_be_compared_by_correct_answers_are_named(tmp_path: Path) -> None:
    runs = [closed(tmp_path / "one", 2), closed(tmp_path / "open", 0, number=0), closed(tmp_path / "two", 2)]
    for given in (runs[1], runs[1] / "samples.jsonl"):
        with pytest.raises(UserError, match="has no correct_rate, since its rows name no expected facts"):
            contrasts.load(given, "correct_rate")
        with pytest.raises(UserError, match="has no correct_rate"):
            rank([runs[0], given], figures=["correct_rate"])
    samples = runs[2] / "samples.jsonl"
    samples.write_text(samples.read_text("utf-8").replace("12}]", "14}]"), encoding="utf-8")
    with pytest.raises(UserError, match=r"differ in expected \(12 of 12 shared items"):
        contrasts.compare_all(contrasts.load_all([runs[0], runs[2]], "correct_rate"))
    for pair in ([runs[0], runs[2]], [runs[0] / "samples.jsonl", samples]):
        with pytest.raises(UserError, match=r"cannot be compared; they differ in expected \(12 of 12 shared items"):
            rank(pair, figures=["correct_rate"])
        found = rank(pair)
        assert "correct_rate" not in found.figures
        assert any("correct answers: left out" in note and "(12 of 12" in note for note in found.notes)


def test_the_language_of_thoughts_stands_beside_that_of_answers(tmp_path: Path) -> None:
    rows = [
        {"id": str(n), "language": "de", "instruction": "ask", "prediction": GERMAN, "thinking": ENGLISH}
        for n in range(12)
    ]
    for name in ("one", "other"):
        answered(tmp_path / name, 0)
    write_jsonl(tmp_path / "other" / "samples.jsonl", rows)
    result = run("compare", tmp_path / "one", tmp_path / "other", "--figure", "fidelity", "--format", "json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["thought_in_a"], found["thought_in_b"]) == ({}, {"de": {"en": 100}})
    shown = run("compare", tmp_path / "one", tmp_path / "other", "--figure", "fidelity").stdout
    assert "B: asked for German (de), thought in: English (en) 100%" in shown
