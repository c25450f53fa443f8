"""A run folder to draw labels from, and people who label its sheets."""

import csv
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.helpers import write_jsonl

HOSTILE = (
    "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">",
    "</script><script>document.title = 'run'</script>",
    '=HYPERLINK("http://example.org","click")',
    "@SUM(1)\r\n+1",
    '\'quoted; "twice",\tand more',
    "\u202egnp.exe \u0000 \ud800",
    "",
)
"""Answers that a page or a spreadsheet might take for more than text."""


def write_run(folder: Path, prompts: int = 40, languages: Sequence[str] = ("fi", "ar")) -> Path:
    """A run in these languages; the first answers are HOSTILE. The judge sees some of the truth."""
    rng = random.Random(0)
    samples, verdicts = [], []
    for number in range(prompts):
        for code in languages:
            prediction = HOSTILE[number] if number < len(HOSTILE) else f"The candidate on {number} in {code}."
            item = {"id": f"{number:03d}", "language": code, "instruction": f"Tell {number} in {code}."}
            samples.append({**item, "prediction": prediction, "reference": f"The reference on {number} in {code}."})
            preference = min(1.0, max(0.0, truth(f"{number:03d}", code) + rng.gauss(0, 0.35)))
            verdicts.append({**item, "order": "candidate_first", "preference": round(preference, 3)})
    write_jsonl(folder / "samples.jsonl", samples)
    write_jsonl(folder / "verdicts.jsonl", verdicts)
    return folder


def truth(identifier: str, language: str) -> float:
    """Whether people like the candidate of an item: 1 or 0."""
    return float(random.Random(f"{identifier} {language}").random() < 0.4)


def fill(sheet: Path, file: Path, label: Callable[[str, str], float | None], separator: str = ",") -> Path:
    """Label a CSV sheet by what is seen on it, as a spreadsheet program would save it."""
    with sheet.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    for row in rows:
        row["id"] = row["id"].removeprefix("'")
        value = label(row["id"], row["language"])
        reference = row["answer_1"].startswith("The reference")
        row["label"] = "" if value is None else "tie" if value == 0.5 else "2" if (value == 1) == reference else "1"
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        table = csv.DictWriter(opened, rows[0].keys(), delimiter=separator)
        table.writeheader()
        table.writerows(rows)
    return file
