import json
import random
from pathlib import Path

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import write_jsonl
from tests.xl_alpacaeval_metric.labels.run_folder import fill, truth, write_run
from xl_alpacaeval_metric import anchored_win_rate
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.labels import calibration, draw, label_file, sheet
from xl_alpacaeval_metric.runs import verdicts as run_verdicts


def labelled(folder: Path, name: str, n: int = 80, careful: float = 1.0, **design: str) -> Path:
    """A sheet of the run, filled by somebody who is right so often."""
    file = folder.parent / f"sheet-{name}.csv"
    sheet.write(sheet.of_run(folder, draw.Design(n, **design)), file)  # type: ignore[arg-type]
    rng = random.Random(name)

    def label(identifier: str, language: str) -> float:
        right = truth(identifier, language)
        return right if rng.random() < careful else 1 - right

    return fill(file, folder.parent / f"{name}.csv", label)


def test_the_command_anchors_and_audits(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", 100)
    files = [labelled(folder, "ann"), labelled(folder, "bob", careful=0.9)]
    result = run("calibrate", folder, *files, "--width", 12, "--output", tmp_path / "out", COLUMNS="80")
    assert result.returncode == 0, result.stderr
    assert "…" not in result.stdout, "a column does not fit"
    for text in ("Finnish (fi)", "Arabic (ar)", "anchored %", "Brier score", "people among each other", "ann", "bob"):
        assert text in result.stdout
    assert "warning" not in result.stdout
    found = json.loads((tmp_path / "out" / "calibration.json").read_text("utf-8"))
    judge = {key: judged[0].preference for key, judged in run_verdicts.read(folder).items()}
    shown = {key for design in [draw.Design(80)] for key in _drawn(folder, design)}
    assert (found["n"], found["n_labels"], found["n_drawn"]) == (200, 80, 80)
    means = _means(folder, files)
    expected = anchored_win_rate(
        list(judge.values()), [means.get(key) for key in judge], [key[0] for key in judge], [key[1] for key in judge]
    )
    assert means.keys() == shown
    assert found["anchored_win_rate"] == pytest.approx(expected.value)
    assert found["anchored_win_rate_ci95"] == pytest.approx(expected.ci95)
    assert found["effective_n"] == pytest.approx(expected.effective_n)
    people = found["agreement"]["people"]
    assert 75 < people["agreement"] < 100
    assert people["n_items"] == 80
    assert found["by_language"]["fi"]["n"] == 100
    assert found["labels_for_width"] > 0
    assert sum(part["n"] for part in found["agreement"]["calibration"]["bins"]) == 160


def _drawn(folder: Path, design: draw.Design) -> list[tuple[str, str]]:
    return [item.key for item in draw.drawn(run_verdicts.read_samples(folder).values(), design)]


def _means(folder: Path, files: list[Path]) -> dict[tuple[str, str], float]:
    samples = run_verdicts.read_samples(folder)
    found = label_file.read(files, samples, samples).means()
    return {key: value for key, value in found.items() if value is not None}


def test_a_column_or_a_file_names_the_annotator(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    files = [labelled(folder, "ann"), labelled(folder, "bob", careful=0.8)]
    apart = calibration.calibrate(folder, files).agreement
    assert list(apart.annotators) == ["ann", "bob"]
    rows = [
        {"id": identifier, "language": code, "label": "win" if truth(identifier, code) else "loss", "annotator": name}
        for identifier, code in run_verdicts.read_samples(folder)
        for name in ("x", "y")
    ]
    together = calibration.calibrate(folder, [write_jsonl(tmp_path / "all.jsonl", rows)])
    assert list(together.agreement.annotators) == ["x", "y"]
    assert together.agreement.people is not None
    assert together.agreement.people.agreement == 100
    assert together.agreement.people.alpha == 1
    assert together.warnings[0].startswith("80 of 80 labelled items are from no drawn sheet")


def test_the_place_of_an_answer_shows_in_who_labels_by_it(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    rows = sheet.of_run(folder, draw.Design(80)).rows
    first = [{"item": row["item"], "drawn": row["drawn"], "label": "1"} for row in rows]
    found = calibration.calibrate(folder, [write_jsonl(tmp_path / "first.jsonl", first)]).agreement
    assert found.annotators["first"].answer_1 == 100
    assert found.annotators["first"].mean == pytest.approx(50, abs=2)


def test_what_voids_the_figures_is_said(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", 60)
    file = tmp_path / "sheet.csv"
    sheet.write(sheet.of_run(folder, draw.Design(60)), file)
    easy = fill(file, tmp_path / "easy.csv", lambda i, code: truth(i, code) if int(i) % 2 else None, ";")
    warnings = calibration.calibrate(folder, [easy]).warnings
    assert any("of 60 drawn items have no label" in line for line in warnings)
    assert any("fewer than 20 prompts" in line for line in warnings)
    rows = [
        {"item": row["item"], "label": "12"[i % 2]} for i, row in enumerate(sheet.of_run(folder, draw.Design(60)).rows)
    ]
    warnings = calibration.calibrate(folder, [write_jsonl(tmp_path / "undrawn.jsonl", rows)]).warnings
    assert any("60 labelled items are on a sheet, and in no draw" in line for line in warnings)
    one_language = labelled(folder, "fi", languages=("fi",))  # type: ignore[arg-type]
    found = calibration.calibrate(folder, [one_language])
    assert list(found.by_language) == ["fi"]
    assert found.overall == found.by_language["fi"]
    assert any("60 items of the run in languages without a label" in line for line in found.warnings)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "999", "label": "win"}], "line 1: id '999' is not an item of"),
        ([{"id": "001", "language": "de", "label": "win"}], "line 1: id '001' in de is not an item of"),
        ([{"id": "001", "language": "fi", "label": "win"}], "on 1 prompt with a verdict; need labels on 3 prompts"),
        ([{"id": f"00{n}", "language": "fi", "label": "win"} for n in range(9)], "all 9 are 1; need different ones"),
        ([{"id": "001", "language": "fi", "label": None}], "has both a verdict and a label"),
        ([{"item": "abc", "label": "1"}], "item 'abc' is not in the run"),
        ([{"id": "001", "label": "win"}], "no \"language\", and id '001' is judged in fi, ar"),
    ],
)
def test_labels_that_allow_nothing_are_one_line(tmp_path: Path, rows: list[dict[str, object]], message: str) -> None:
    folder = write_run(tmp_path / "run")
    with pytest.raises(UserError) as error:
        calibration.calibrate(folder, [write_jsonl(tmp_path / "labels.jsonl", rows)])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    file = write_jsonl(tmp_path / "labels.jsonl", [{"id": "1", "language": "fi", "label": "win"}])
    assert "not an item" in complaint(run("calibrate", folder, file))
    assert "no such file" in complaint(run("calibrate", folder, tmp_path / "absent.csv"))
    assert "holds no verdicts.jsonl" in complaint(run("calibrate", tmp_path, file))
    (folder / "samples.jsonl").unlink()
    assert "holds no samples.jsonl" in complaint(run("calibrate", folder, file))
