"""Draws the pictures of the documentation: `python docs/images/draw.py` writes them here.

`fidelity.svg` takes its figures from the page of real runs; the four `trip-*.svg` are drawn from
the steps below. A test compares the files with what this draws, and looks for the modules named.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
RUNS = HERE.parent / "appendix" / "real-runs.md"
INK, PALE, LINE, TEAL, ORANGE = "#263238", "#607d8b", "#cfd8dc", "#00796b", "#e64a19"
SANS = "font-family='Segoe UI,Roboto,Helvetica,Arial,sans-serif'"
MONO = "font-family='ui-monospace,SFMono-Regular,Menlo,Consolas,monospace'"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trip: what happens, in which modules, and what it leaves.

    `place` is the process it runs in, where that is not the command's own.
    """

    what: str
    where: tuple[str, ...]
    leaves: str = ""
    place: str = ""


TRIPS: dict[str, tuple[str, tuple[Step, ...]]] = {
    "eval": (
        "xl-alpacaeval eval MODEL",
        (
            Step(
                "options become a candidate, a judge, rows",
                ("cli/evaluate", "runs/answers/candidate", "benchmark/load"),
            ),
            Step("the judge answers a probe question", ("clients/openai/probe", "clients/local/client")),
            Step(
                "the run folder is opened, its settings checked",
                ("runs/evaluate", "runs/folder"),
                "run.json, rows.jsonl",
            ),
            Step("requests and tokens are estimated and printed", ("judge/estimate",), "--max-requests stops here"),
            Step(
                "the model answers", ("runs/answers/answer_worker",), "samples.jsonl, generation.log", "child process"
            ),
            Step(
                "the judge compares, many at a time",
                ("judge/pairwise", "clients/base"),
                "verdicts.jsonl, criteria.jsonl",
            ),
            Step("every figure is computed", ("scoring", "stats/win_rates", "languages/fidelity"), "results.json"),
            Step("the table is printed", ("report/results",)),
        ),
    ),
    "lm-eval": (
        "lm_eval --tasks xl_alpacaeval_mini",
        (
            Step("the task file names a benchmark; its rows are loaded", ("lm_eval_tasks/utils", "benchmark/load")),
            Step("the task class probes the judge, before generation", ("lm_eval_tasks/utils", "clients/base")),
            Step("the harness generates; its model stays loaded", (), "", "lm-evaluation-harness"),
            Step(
                "a filter judges all answers of the task at once",
                ("lm_eval_tasks/utils", "judge/pairwise"),
                "--log_samples: verdicts",
            ),
            Step("values for each sample", ("lm_eval_tasks/utils", "languages/fidelity")),
            Step(
                "means, standard errors; length control",
                ("stats/length_control/rates",),
                "the harness's table",
                "lm-evaluation-harness",
            ),
        ),
    ),
    "evaluate": (
        'evaluate.load("xl_alpacaeval_metric").compute(...)',
        (
            Step("evaluate loads the metric's folder", ("xl_alpacaeval_metric",)),
            Step("columns are checked and become comparisons", ("xl_alpacaeval_metric", "records")),
            Step("the judge answers a probe question", ("clients/base",)),
            Step("judging and every figure", ("scoring", "judge/pairwise", "stats/win_rates")),
            Step("the result becomes plain Python values", ("records",), "a dictionary: results.json's keys"),
        ),
    ),
    "generate": (
        "xl-instruct generate",
        (
            Step("options over the file become settings", ("generate/config/settings",), "settings.yaml"),
            Step("models are probed, benchmarks indexed", ("generate/preflight", "benchmark/contamination")),
            Step("passages are read, filtered, cut into shards", ("generate/seeds/producer",), "seeds/*.jsonl"),
            Step("write, score", ("stages/instruct", "stages/answer", "stages/score"), "write-score/*.jsonl", "tasks"),
            Step("choose: best K, near-duplicates, overlap", ("generate/selection/answers",), "chosen/*.jsonl"),
            Step("translate, select", ("stages/translate", "stages/select"), "translate-1/*.jsonl", "tasks"),
            Step("filter, and write the Hub folder", ("generate/selection/translations", "hub/build"), "xl-instruct/"),
            Step("the report", ("generate/report",), "report.md, rejects.jsonl"),
        ),
    ),
}


def trip(name: str) -> str:
    """One trip as a column of steps, with what each leaves to the right of it."""
    title, steps = TRIPS[name]
    width, top, pitch, left, box = 760, 56, 78, 20, 430
    lines = [f"<text x='{left}' y='32' {MONO} font-size='16' font-weight='bold' fill='{INK}'>{escape(title)}</text>"]
    for number, step in enumerate(steps):
        y = top + number * pitch
        colour = ORANGE if step.place else TEAL
        if number:
            lines.append(
                f"<path d='M{left + 40} {y - 22}v17m-5 -6l5 6l5 -6' fill='none' stroke='{PALE}' stroke-width='2'/>"
            )
        lines.append(
            f"<rect x='{left}' y='{y}' width='{box}' height='54' rx='6' fill='#fff' stroke='{colour}' stroke-width='2'/>"
        )
        lines.append(
            f"<text x='{left + 14}' y='{y + 23}' {SANS} font-size='15' fill='{INK}'>{escape(step.what)}</text>"
        )
        where = ", ".join(step.where) or "-"
        lines.append(f"<text x='{left + 14}' y='{y + 43}' {MONO} font-size='12' fill='{PALE}'>{escape(where)}</text>")
        lines += _beside(step, left + box, y, colour)
    return _svg(width, top + len(steps) * pitch - 4, title, lines)


def _beside(step: Step, x: int, y: int, colour: str) -> Iterator[str]:
    if step.leaves:
        yield f"<path d='M{x + 4} {y + 27}h22m-6 -5l6 5l-6 5' fill='none' stroke='{PALE}' stroke-width='2'/>"
        yield f"<text x='{x + 36}' y='{y + 32}' {MONO} font-size='13' fill='{INK}'>{escape(step.leaves)}</text>"
    if step.place:
        yield f"<text x='{x + 36}' y='{y + 12}' {SANS} font-size='12' fill='{colour}'>{escape(step.place)}</text>"


def fidelity() -> str:
    """Line pass rates before and after fine-tuning, by language, from the run on a GPU."""
    rows = figures()
    width, top, pitch, left, right = 760, 84, 30, 150, 690
    lines = [
        f"<text x='20' y='28' {SANS} font-size='17' font-weight='bold' fill='{INK}'>Answers in the language asked for, percent</text>",
        f"<text x='20' y='50' {SANS} font-size='13' fill='{PALE}'>SmolLM2-135M-Instruct before and after "
        "64 steps of fine-tuning (27 s, one H100), benchmark mini, 148 of 176 answers</text>",
    ]

    def at(rate: float) -> float:
        return left + (right - left) * rate / 100

    bottom = top + len(rows) * pitch
    for tick in range(0, 101, 25):
        lines.append(f"<path d='M{at(tick):.1f} {top - 8}V{bottom - 12}' stroke='{LINE}'/>")
        lines.append(
            f"<text x='{at(tick):.1f}' y='{bottom + 6}' {SANS} font-size='12' fill='{PALE}' text-anchor='middle'>{tick}</text>"
        )
    for number, (language, before, after) in enumerate(rows):
        y = top + number * pitch + 6
        weight = "bold" if language == "all" else "normal"
        lines.append(
            f"<text x='{left - 14}' y='{y + 5}' {SANS} font-size='14' font-weight='{weight}' fill='{INK}' "
            f"text-anchor='end'>{escape(language)}</text>"
        )
        lines.append(f"<path d='M{at(before):.1f} {y}H{at(after):.1f}' stroke='{PALE}' stroke-width='3'/>")
        lines.append(f"<circle cx='{at(before):.1f}' cy='{y}' r='6' fill='#fff' stroke='{ORANGE}' stroke-width='3'/>")
        lines.append(f"<circle cx='{at(after):.1f}' cy='{y}' r='6' fill='{TEAL}'/>")
        lines.append(
            f"<text x='{width - 14}' y='{y + 5}' {SANS} font-size='13' fill='{INK}' text-anchor='end'>{after:.1f}</text>"
        )
    y = bottom + 34
    lines.append(f"<circle cx='{left + 6}' cy='{y - 4}' r='6' fill='#fff' stroke='{ORANGE}' stroke-width='3'/>")
    lines.append(f"<text x='{left + 20}' y='{y}' {SANS} font-size='13' fill='{INK}'>before</text>")
    lines.append(f"<circle cx='{left + 96}' cy='{y - 4}' r='6' fill='{TEAL}'/>")
    lines.append(f"<text x='{left + 110}' y='{y}' {SANS} font-size='13' fill='{INK}'>after</text>")
    lines.append(
        f"<text x='{left + 170}' y='{y}' {SANS} font-size='13' fill='{PALE}'>"
        "all: +31.8 points, 95% interval +23.3 to +41.1; the win rate moved by -0.3</text>"
    )
    return _svg(width, y + 18, "Answers in the language asked for, before and after fine-tuning", lines)


def figures() -> list[tuple[str, float, float]]:
    """(language, before, after) of the table of the run on a GPU."""
    text = RUNS.read_text(encoding="utf-8").partition("## On a GPU")[2]
    found = re.findall(r"^(\w[\w ()]*?) +(\d+\.\d) +(\d+\.\d) +[+-]\d", text, re.MULTILINE)
    return [(name, float(before), float(after)) for name, before, after in found]


def _svg(width: int, height: int, title: str, lines: list[str]) -> str:
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' role='img'>"
    paper = f"<rect width='{width}' height='{height}' fill='#fff'/>"
    return "\n".join([head, f"<title>{escape(title)}</title>", paper, *lines, "</svg>"]) + "\n"


def pictures() -> dict[str, str]:
    """File name -> content."""
    return {"fidelity.svg": fidelity(), **{f"trip-{name}.svg": trip(name) for name in TRIPS}}


if __name__ == "__main__":
    for file, content in pictures().items():
        (HERE / file).write_text(content, encoding="utf-8")
