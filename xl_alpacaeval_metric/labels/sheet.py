"""A sheet to label in: drawn items with their two answers, without a word on whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.files.destinations import write_errors
from xl_alpacaeval_metric.labels import draw, page, spreadsheet
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import verdicts as run_verdicts
from xl_alpacaeval_metric.stats.anchoring import FEWEST_PROMPTS
from xl_alpacaeval_metric.terminal import counted

FORMATS = (".csv", ".html", ".jsonl")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet in the order in which they are shown.

    `n_prompts` of the items, `n_items` of the run that could have been drawn, and `n_long` answers
    that a spreadsheet would cut.
    """

    rows: Sequence[dict[str, str]]
    n_prompts: int
    n_items: int
    n_long: int


def of_run(run: Path, design: draw.Design) -> Sheet:
    """Draw a sheet from a run's items.

    Which answer is the candidate's is told by the `item` of a row, to those who have the run folder
    alone. Raises UserError where the run has no items, and where the draw holds fewer than three
    prompts, from which no interval comes.
    """
    samples = run_verdicts.read_samples(run)
    if not samples:
        raise UserError(f"{run}: holds no {run_folder.SAMPLES} with items; give the --output of eval or judge")
    items = draw.drawn(samples.values(), design)
    n_prompts = len({item.cluster for item in items})
    if n_prompts < FEWEST_PROMPTS:
        have = len({item.cluster for item in samples.values()})
        more = "a run with more prompts" if have < FEWEST_PROMPTS else "a larger --n, or --strata language"
        had = f"{counted(len(items), 'item')} of {counted(n_prompts, 'prompt')}"
        raise UserError(f"{run}: has {had}; need {FEWEST_PROMPTS} or more: {more}")
    rows = []
    for item, first in zip(items, draw.candidate_first(items, design.seed), strict=True):
        answers = (item.prediction, item.reference) if first else (item.reference, item.prediction)
        rows.append(
            {
                spreadsheet.ITEM: draw.token(item, first),
                "id": item.id,
                "language": item.language,
                "instruction": item.instruction,
                "answer_1": answers[0],
                "answer_2": answers[1],
                "label": "",
                "comment": "",
                "annotator": "",
                spreadsheet.DRAWN: str(design),
            }
        )
    n_long = sum(len(text) > spreadsheet.LONGEST_CELL for row in rows for text in row.values())
    return Sheet(rows, n_prompts, sum(bool(item.reference.strip()) for item in samples.values()), n_long)


def write(sheet: Sheet, file: Path) -> None:
    """Write a sheet as CSV, as a page or as JSON lines, by the suffix; whole, or not at all.

    Raises UserError for another suffix, for a file that is there (it may hold labels), and where it
    cannot be written.
    """
    if file.suffix not in FORMATS:
        raise UserError(f"{file}: need a name that ends in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if file.exists():
        raise UserError(f"{file}: is there already, and may hold labels; choose another --output")
    text = {
        ".csv": lambda: spreadsheet.csv_text(sheet.rows),
        ".html": lambda: page.html(sheet.rows),
        ".jsonl": lambda: "".join(map(jsonl.json_line, sheet.rows)),
    }[file.suffix]()
    with write_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        jsonl.replace_file(file, text)
