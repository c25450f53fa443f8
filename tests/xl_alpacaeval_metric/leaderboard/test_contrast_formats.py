"""`compare --format`: every format has the same figures, and names are data in each."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.finished_runs import made, spread
from xl_alpacaeval_metric.leaderboard import formats


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("compared")
    means = {"a_weak": 0.2, "strong": 0.7, "m&m": 0.5}
    return [made(folder / name, {"de": spread(mean), "fi": spread(mean)}) for name, mean in means.items()]


@pytest.mark.parametrize("form", formats.FORMATS)
@pytest.mark.parametrize("count", [2, 3])
def test_every_format_has_every_pair(three: list[Path], form: str, count: int, tmp_path: Path) -> None:
    runs = three[:count]
    result = run("compare", *runs, "--format", form, "--output", tmp_path / "found.json", COLUMNS="80")
    assert result.returncode == 0, result.stderr
    written = json.loads((tmp_path / "found.json").read_text("utf-8"))
    pairs = written["pairs"] if count == 3 else [written]
    if form == "json":
        assert json.loads(result.stdout) == written
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        assert len(rows) == len(pairs) * 3  # both languages and all
        overall = {(row["a"], row["b"]): float(row["difference"]) for row in rows if row["language"] == "all"}
        assert overall == {(pair["a"], pair["b"]): pytest.approx(pair["difference"]) for pair in pairs}
    else:
        for pair in pairs:
            shown = f"{abs(pair['difference']):.1f}"
            assert shown in result.stdout
        for one in runs:
            name = {"md": str(one).replace("_", r"\_"), "tex": str(one)}.get(form, str(one))
            assert name in result.stdout


def test_latex_has_figures_as_latex_sets_them(three: list[Path]) -> None:
    shown = run("compare", *three[:2], "--format", "tex").stdout
    assert r"\begin{tabular}{lrrrrrr}" in shown
    assert "$-$50.0" in shown
    assert r"\textless{} 0.001" in shown
    assert not any("<" in line for line in shown.splitlines() if not line.startswith("%"))


def test_rows_name_the_models_where_these_tell_the_runs_apart(tmp_path: Path) -> None:
    models = {"x": "lab/small", "y": "lab/large", "z": "lab/base"}
    runs = [made(tmp_path / name, {"de": spread(0.5)}, model=model) for name, model in models.items()]
    for form in ("table", "md", "tex"):
        shown = " ".join(run("compare", *runs, "--format", form, COLUMNS="200").stdout.split())
        assert "lab/small - lab/large" in shown
        assert f"lab/small: {tmp_path}" in shown.replace("\\", "")
    (row, *_) = csv.DictReader(io.StringIO(run("compare", *runs[:2], "--format", "csv").stdout))
    assert (row["model_a"], row["model_b"]) == ("lab/small", "lab/large")
    written = json.loads(run("compare", *runs, "--format", "json").stdout)
    assert written["models"] == [*models.values()]
    assert written["pairs"][0]["model_b"] == "lab/large"
    assert f"A: lab/small ({runs[0]})" in run("compare", *runs[:2]).stdout


def test_models_that_do_not_tell_the_runs_apart_stand_in_the_key(tmp_path: Path) -> None:
    runs = [made(tmp_path / name, {"de": spread(0.5)}, model="lab/one") for name in "xyz"]
    for form in ("table", "md"):
        shown = run("compare", *runs, "--format", form).stdout
        assert f"B: lab/one ({runs[1]})" in shown.replace("\\", "")
        assert "A - B" in shown


def test_an_unknown_format_is_one_line(three: list[Path]) -> None:
    assert "--format 'xls' is not one of table, md" in complaint(run("compare", *three, "--format", "xls"))
