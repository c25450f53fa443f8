"""The Space of a leaderboard: published runs side by side, where they were judged alike.

The runs are those of RUNS ("ORG/ONE,ORG/TWO") or, without it, all datasets on the Hub that
`xl-alpacaeval publish` made.
"""

import os

import gradio as gr

from xl_alpacaeval_metric import UserError
from xl_alpacaeval_metric.pages import charts, drawing
from xl_alpacaeval_metric.publishing import published_results
from xl_alpacaeval_metric.publishing.published_results import PublishedResult

COLUMNS = ("model", "win rate %", "95% interval", "judge check", "text in the language %", "n", "run")


def load() -> tuple[list[PublishedResult], str]:
    """The published results, and what could not be read."""
    named = [name.strip() for name in os.environ.get("RUNS", "").split(",") if name.strip()]
    try:
        found, notes = published_results.read(named or published_results.repositories())
    except UserError as error:
        return [], str(error)
    return found, "\n".join(notes)


def shown(results: list[PublishedResult], setting: str, language: str) -> tuple[list[list[str]], str]:
    """The table and the forest plot of one setting and language."""
    table, points = [], []
    for one in published_results.ranked(results, setting, language):
        low, high = one.figures.get("win_rate_ci95_low"), one.figures.get("win_rate_ci95_high")
        rate = one.win_rate
        bounds = None if rate is None or low is None or high is None else (low, high)
        table.append(
            [
                one.model,
                "no judge" if rate is None else f"{rate:.1f}",
                "-" if bounds is None else f"{bounds[0]:.1f} to {bounds[1]:.1f}",
                str(one.figures.get("judge_check") or "-"),
                "-" if one.figures.get("fidelity") is None else f"{one.figures['fidelity']:.1f}",
                str(one.figures.get("n_items")),
                one.repo,
            ]
        )
        points.append(charts.Point(one.model, "", rate, bounds, "no judge" if rate is None else ""))
    return table, drawing.svg(charts.forest(points, "win rate %", (0.0, 100.0), rule=50.0)) if points else ""


def page() -> gr.Blocks:
    """The page; it is read anew whenever it is opened."""
    with gr.Blocks(title="XL-AlpacaEval leaderboard") as found:
        gr.Markdown(
            "# XL-AlpacaEval leaderboard\nWin rates of answers in another language than the request's. Only runs by the "
            "same judge, prompt, order, benchmark and references stand in one table. Intervals that overlap may hide a "
            "difference that `xl-alpacaeval compare` finds, since the runs share prompts."
        )
        results = gr.State([])
        setting = gr.Dropdown(label="Setting", choices=[], interactive=True)
        language = gr.Dropdown(label="Language", choices=[], interactive=True)
        table = gr.Dataframe(headers=list(COLUMNS), datatype="str", interactive=False, label="Models")
        picture = gr.HTML()
        notes = gr.Textbox(label="Not read", interactive=False)

        def opened() -> tuple[list[PublishedResult], gr.Dropdown, gr.Dropdown, list[list[str]], str, str]:
            rows, said = load()
            settings = list(dict.fromkeys(one.setting for one in rows))
            first = settings[0] if settings else ""
            codes = sorted(
                {one.language for one in rows if one.setting == first}, key=lambda code: (code != "all", code)
            )
            choices = (
                gr.Dropdown(choices=settings, value=first),
                gr.Dropdown(choices=codes, value=codes[0] if codes else ""),
            )
            return rows, *choices, *shown(rows, first, codes[0] if codes else ""), said

        def of_setting(rows: list[PublishedResult], chosen: str) -> gr.Dropdown:
            codes = sorted(
                {one.language for one in rows if one.setting == chosen}, key=lambda code: (code != "all", code)
            )
            return gr.Dropdown(choices=codes, value=codes[0] if codes else "")

        found.load(opened, None, [results, setting, language, table, picture, notes], api_name="opened")
        setting.input(of_setting, [results, setting], language).then(
            shown, [results, setting, language], [table, picture]
        )
        language.input(shown, [results, setting, language], [table, picture])
    return found


if __name__ == "__main__":
    page().queue().launch()
