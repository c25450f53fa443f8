import csv
import json
from pathlib import Path

import pytest

from tests.browser import Page, browse
from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.xl_alpacaeval_metric.labels.run_folder import HOSTILE, write_run
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.labels import draw, label_file, sheet, spreadsheet
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import verdicts as run_verdicts


def made(folder: Path, name: str, n: int = 60, **design: str) -> Path:
    drawn = sheet.of_run(folder, draw.Design(n, **design))  # type: ignore[arg-type]
    sheet.write(drawn, folder.parent / name)
    return folder.parent / name


def cells(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def test_a_sheet_is_drawn_at_random_and_tells_neither_model_nor_verdict(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", 200, ["fi"])
    rows = sheet.of_run(folder, draw.Design(100)).rows
    assert len(rows) == 100
    assert [row["id"] for row in rows] != sorted(row["id"] for row in rows)
    first = sum(row["answer_1"].startswith("The reference") for row in rows)
    assert first in (49, 50, 51), "every two rows show the candidate once in each place"
    assert {name for row in rows for name in row} == set(spreadsheet.COLUMNS)
    assert all(row["item"].isalpha() and len(row["item"]) == 16 for row in rows), "no number to a spreadsheet"


@pytest.mark.parametrize("strata", ["prompt", "language"])
def test_draws_grow_and_are_even(tmp_path: Path, strata: draw.Strata) -> None:
    items = list(run_verdicts.read_samples(write_run(tmp_path / "run", 50, ["fi", "ar", "de"])).values())
    small, large = (draw.drawn(items, draw.Design(n, strata)) for n in (30, 60))
    assert {item.key for item in small} < {item.key for item in large}
    languages = [item.language for item in small]
    assert [languages.count(code) for code in ("fi", "ar", "de")] == [10, 10, 10]
    assert len({item.id for item in small}) == 10 if strata == "prompt" else len({item.id for item in small}) > 15
    assert {item.key for item in draw.drawn(items, draw.Design(30, strata, seed=1))} != {item.key for item in small}
    design = draw.Design(30, strata, 4, ("fi", "ar"))
    assert draw.Design.parse(str(design)) == design
    assert {item.language for item in draw.drawn(items, design)} == {"fi", "ar"}


def test_every_item_is_as_likely_to_be_drawn(tmp_path: Path) -> None:
    items = list(run_verdicts.read_samples(write_run(tmp_path / "run", 20, ["fi"])).values())
    counts = dict.fromkeys((item.id for item in items), 0)
    for seed in range(400):
        for item in draw.drawn(items, draw.Design(5, seed=seed)):
            counts[item.id] += 1
    assert all(65 <= count <= 140 for count in counts.values()), counts


def test_no_cell_is_a_formula_and_every_text_comes_back(tmp_path: Path) -> None:
    file = made(write_run(tmp_path / "run"), "sheet.csv", n=80)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel takes UTF-8 for another encoding without the mark"
    rows = cells(file)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    seen = {spreadsheet.from_text(row[name]) for row in rows for name in ("answer_1", "answer_2")}
    assert {text.replace("\ud800", "\\ud800") for text in HOSTILE} <= seen
    for text in (*HOSTILE, "'", "''=x", " =1", "\n-2", "plain"):
        assert spreadsheet.from_text(spreadsheet.as_text(text)) == text


def test_labels_find_their_items_by_the_texts_alone(tmp_path: Path) -> None:
    """Neither ids, which spreadsheets change (007 becomes 7), nor the order of the rows count."""
    folder = write_run(tmp_path / "run")
    rows = cells(made(folder, "sheet.csv"))
    labels = [
        {"item": row["item"], "id": str(int(row["id"].lstrip("'"))), "drawn": row["drawn"], "label": label}
        for row, label in zip(reversed(rows), ["1", "2", "tie", "3", 1, 2.0] * 10, strict=True)
    ]
    file = tmp_path / "labels.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in labels), "utf-8")
    samples = run_verdicts.read_samples(folder)
    found = label_file.read([file], samples, samples)
    assert found.values.keys() == {(row["id"].lstrip("'"), row["language"]) for row in rows}
    expected: dict[ItemKey, float] = {}
    for row, label in zip(reversed(rows), [1.0, 0.0, 0.5, 0.5, 1.0, 0.0] * 10, strict=True):
        reference_first = row["answer_1"].startswith("The reference")
        expected[row["id"].lstrip("'"), row["language"]] = 1 - label if reference_first else label
    assert found.means() == expected
    assert found.draws == {draw.Design(60)}


def test_labels_of_answers_that_have_changed_are_refused(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    file = made(folder, "sheet.csv")
    samples = run_verdicts.read_samples(folder)
    label_file.read([file], samples, samples)
    text = (folder / "samples.jsonl").read_text("utf-8").replace("The candidate on 20", "Another answer on 20")
    (folder / "samples.jsonl").write_text(text, "utf-8")
    samples = run_verdicts.read_samples(folder)
    with pytest.raises(UserError, match=r"sheet\.csv line \d+: item '\w{16}' is not in the run, or its answers were"):
        label_file.read([file], samples, samples)


def test_the_command_says_what_it_drew_and_refuses_the_rest(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    file = tmp_path / "sheets" / "sheet.html"
    result = run("label-sheet", folder, "--n", 30, "--strata", "language", "--output", file)
    assert result.returncode == 0, result.stderr
    assert "30 of 80 items" in result.stdout
    assert f"calibrate {folder} LABELS..." in result.stdout
    assert "is there already, and may hold labels" in complaint(run("label-sheet", folder, "--output", file))
    for arguments, message in [
        (("--output", tmp_path / "sheet.xlsx"), "need a name that ends in .csv, .html or .jsonl"),
        (("--n", 4, "--output", tmp_path / "a.csv"), "has 4 items of 2 prompts; need 3 or more"),
        (("--languages", "ga", "--output", tmp_path / "a.csv"), "no item with two answers is in ga"),
    ]:
        assert message in complaint(run("label-sheet", folder, *arguments))
    assert "holds no samples.jsonl" in complaint(run("label-sheet", tmp_path, "--output", tmp_path / "a.csv"))
    assert not (tmp_path / "a.csv").exists()


def test_the_page_labels_by_keys_keeps_labels_and_shows_texts_as_texts(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", 12, ["fi", "ar"])
    file = made(folder, "sheet.html", n=24)
    content = file.read_text("utf-8")
    assert not [
        word for word in ("http://", "https://", "prediction", "preference", "src=") if word in content.split("{", 1)[0]
    ]

    async def visit(page: Page) -> None:
        await page.open(file)
        shown = "[...document.querySelectorAll('#answer1, #answer2')].map(one => one.textContent)"
        seen: set[str] = set()
        for number in range(24):
            assert await page.value("document.getElementById('count').textContent") == f"{number} of 24 labelled"
            seen.update(await page.value(shown))
            await page.press("123"[number % 3])
        assert {text for text in HOSTILE if text and "\ud800" not in text and "\r" not in text} <= seen
        assert "(empty)" in seen
        assert await page.value("document.title") == "Which answer is better?", "a script of an answer has run"
        assert await page.value("document.querySelectorAll('img').length") == 0
        assert await page.value("document.getElementById('count').textContent") == "all 24 labelled: save them"
        await page.open(file)
        while await page.value("document.getElementById('count').textContent") != "all 24 labelled: save them":
            await page.open(file)  # Chromium writes a page's storage a moment after the page did.
        await page.press("ArrowLeft")
        assert "Item 23 of 24" in await page.value("document.getElementById('meta').textContent")
        await page.value("document.getElementById('annotator').focus()")
        await page.press("1")
        assert "Item 23 of 24" in await page.value("document.getElementById('meta').textContent"), "typed, not chosen"
        await page.value(
            "(() => { const name = document.getElementById('annotator'); name.value = '=Ann & Co';"
            "name.dispatchEvent(new Event('input')); })()"
        )
        await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        for button, name in (("csv", "labels-Ann-Co.csv"), ("jsonl", "labels-Ann-Co.jsonl")):
            await page.value(f"document.getElementById('{button}').click()")
            while not ((tmp_path / name).exists() and (tmp_path / name).stat().st_size):
                await page.until("true")

    browse(tmp_path, visit)
    samples = run_verdicts.read_samples(folder)
    by_csv, by_jsonl = (label_file.read([tmp_path / f"labels-Ann-Co.{s}"], samples, samples) for s in ("csv", "jsonl"))
    assert by_csv.values == by_jsonl.values
    assert by_csv.annotators == ["=Ann & Co"]
    rows = json.loads(content.partition('id="data">')[2].partition("</script>")[0])["rows"]
    for number, row in enumerate(rows):
        label = (1.0, 0.0, 0.5)[number % 3]
        expected = 1 - label if row["answer_1"].startswith("The reference") else label
        assert by_csv.means()[row["id"], row["language"]] == expected
