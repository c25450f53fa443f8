"""The Space of the metric: pairs of answers in, win rate and language fidelity out.

A visitor's key is used for the visitor's request alone. The server's own key is never used: the
judge's address is the owner's choice (JUDGE_BASE_URL), so that no visitor can have a key sent
elsewhere.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from xl_alpacaeval_metric import Comparison, Judge, UserError
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.pages import charts, drawing
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.xl_alpacaeval_metric import compute

MOST_ROWS = 500
BASE_URL = os.environ.get("JUDGE_BASE_URL", "https://api.openai.com/v1")
EXAMPLE = (
    '{"instruction": "How long do cats sleep? Answer in Finnish.", "language": "fi", '
    '"prediction": "Kissat nukkuvat suurimman osan päivästä.", '
    '"reference": "Kissa nukkuu vuorokaudessa 12-16 tuntia, kissanpentu vielä enemmän."}'
)
COLUMNS = (
    "language",
    "win rate %",
    "95% interval",
    "judge check",
    "lines in the language %",
    "text in the language %",
    "n",
)
Answer = tuple[list[list[str]], str, str]


def evaluate(file: str | None, pasted: str, model: str, key: str, check: bool) -> Answer:
    """Table, picture and notes for the pairs of a file, or of what was pasted as JSONL."""
    try:
        comparisons = read(file, pasted)
        return shown(figures(comparisons, model.strip(), key.strip(), check))
    except UserError as error:
        return [], "", str(error)


def read(file: str | None, pasted: str) -> list[Comparison]:
    """The pairs; raises UserError for none, for too many, and as `pairs.read` does."""
    if file is not None:
        found = pairs.read(Path(file))
    elif pasted.strip():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pasted.jsonl"
            path.write_text(pasted, encoding="utf-8")
            found = pairs.read(path)
    else:
        raise UserError("no pairs: choose a file, or paste lines of JSON")
    if len(found) > MOST_ROWS:
        raise UserError(f"{len(found)} pairs; this page takes up to {MOST_ROWS}, xl-alpacaeval judge takes any number")
    return found


def figures(comparisons: Sequence[Comparison], model: str, key: str, check: bool) -> Mapping[str, Any]:
    """The metric's figures; without a model those that need no judge."""
    columns = [
        [item.prediction for item in comparisons],
        [item.reference for item in comparisons],
        [item.instruction for item in comparisons],
        [item.language for item in comparisons],
    ]
    ids = [item.id for item in comparisons]
    if not model:
        return compute(*columns, ids=ids, judge="none")
    if not key:
        raise UserError("no key: the judge is asked with yours, which is kept nowhere")
    client = OpenAIClient(model.removeprefix("openai/"), base_url=BASE_URL, api_key=key)
    with Judge(client, both_orders=True) as judge:
        try:
            return compute(*columns, ids=ids, judge=judge, judge_check=check)
        finally:
            client.close()


def shown(found: Mapping[str, Any]) -> Answer:
    """Figures as rows of the table, a forest plot, and lines to read."""
    rows = dict(found["by_language"])
    if len(rows) > 1:
        rows["all"] = found
    table, points = [], []
    for code, scores in rows.items():
        verdict = (scores.get("judge_check") or {}).get("verdict") or "-"
        rate, bounds = scores.get("win_rate"), scores.get("win_rate_ci95")
        believed = rate is not None and verdict != "no judge"
        interval = f"{bounds[0]:.1f} to {bounds[1]:.1f}" if believed and bounds else "-"
        fidelity = [_figure(scores.get(name)) for name in ("line_pass_rate", "fidelity")]
        table.append(
            [
                code,
                _figure(rate) if believed else "no judge" if rate is not None else "-",
                interval,
                verdict,
                *fidelity,
                str(scores["n_items"]),
            ]
        )
        if rate is not None:
            points.append(
                charts.Point(
                    code,
                    "",
                    rate if believed else None,
                    tuple(bounds) if believed and bounds else None,
                    "" if believed else "no judge",
                )
            )
    picture = drawing.svg(charts.forest(points, "win rate %", (0.0, 100.0), rule=50.0)) if points else ""
    reasons = [f"missing {count}x: {reason}" for reason, count in found["missing_reasons"].items()]
    warnings = [f"warning: {line}" for line in found["warnings"]]
    return table, picture, "\n".join([*reasons, *warnings, found["signature"]])


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def page() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="XL-AlpacaEval") as found:
        gr.Markdown(
            "# XL-AlpacaEval\nHow good are answers in another language than the request's? A judge model compares each "
            "with a reference answer. Pairs: JSONL, CSV or Parquet with `instruction`, `prediction`, `reference`, `language`."
        )
        with gr.Row():
            file = gr.File(label="File of pairs", file_types=[".jsonl", ".json", ".parquet", ".csv"], type="filepath")
            pasted = gr.Textbox(label="or paste JSONL", value=EXAMPLE, lines=6)
        with gr.Row():
            model = gr.Textbox(
                label="Judge (a model of the endpoint; empty: language fidelity alone)", placeholder="gpt-4o"
            )
            key = gr.Textbox(label="Your key for it (used for this request, kept nowhere)", type="password")
            check = gr.Checkbox(label="Check the judge first, on pairs whose right verdict is known", value=True)
        button = gr.Button("Evaluate", variant="primary")
        table = gr.Dataframe(headers=list(COLUMNS), datatype="str", label="Figures", interactive=False)
        picture = gr.HTML(label="Win rate by language")
        notes = gr.Textbox(label="Read before the figures", lines=3, interactive=False)
        button.click(evaluate, [file, pasted, model, key, check], [table, picture, notes], api_name="evaluate")
    return found


if __name__ == "__main__":
    page().queue(default_concurrency_limit=2).launch()
