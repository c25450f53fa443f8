"""The commands about people's labels: sheets to label in, agreement, a judge held to labels."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.benchmark import codes
from xl_alpacaeval_metric.cli.options.output import Output, writable, writable_folder, write
from xl_alpacaeval_metric.terminal import counted, say

LABELS = (
    "JSONL, JSON, CSV or Parquet, one row a label: a filled label-sheet; or id, language (where ids are not unique), "
    "label (candidate, reference, tie) or preference (0..1), annotator"
)


@app.command("label-sheet")
def label_sheet(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of eval or judge")],
    output: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            callback=writable,
            help="sheet.html: a page to label in; sheet.csv; sheet.jsonl",
        ),
    ],
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="Items to draw")] = 100,
    strata: Annotated[
        Literal["prompt", "language"],
        typer.Option(
            metavar="prompt|language",
            help="Draw prompts, with all their languages, or as many items in each language",
        ),
    ] = "prompt",
    languages: Annotated[
        str | None, typer.Option(metavar="fi,de,...", help="Draw from these alone  [default: all of the run's]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw; with the same seed, a larger --n keeps what was drawn")] = 0,
) -> None:
    """Draw items at random for people to label, without telling which answer is the candidate's."""
    from xl_alpacaeval_metric.labels import draw, sheet

    wanted = tuple(codes(languages)) if languages is not None else ()
    found = sheet.of_run(run, draw.Design(n, strata, seed, wanted))
    sheet.write(found, output)
    say(
        f"{output}: {len(found.rows)} of {counted(found.n_items, 'item')}, "
        f"of {counted(found.n_prompts, 'prompt')}; drawn with seed {seed}"
    )
    if len(found.rows) < n:
        say(f"there are no more than {counted(len(found.rows), 'item')} to draw")
    if found.n_long and output.suffix == ".csv":
        say(
            f"warning: {counted(found.n_long, 'text is', 'texts are')} longer than a cell of Excel can hold; take the page "
            "(.html)",
            error=True,
        )
    say(f"then: xl-alpacaeval calibrate {run} LABELS...")


@app.command()
def agreement(
    verdicts: Annotated[Path, typer.Argument(metavar="VERDICTS", help="Run folder or its verdicts.jsonl")],
    labels: Annotated[
        list[Path], typer.Argument(metavar="LABELS...", help=f"The same of a second judge, or labels: {LABELS}")
    ],
    output: Output = None,
) -> None:
    """Measure a judge's agreement with a second judge or with people, and that of the people.

    With verdicts in both orders, the agreement of the two orders as well.
    """
    from xl_alpacaeval_metric.labels import agreement as agreeing
    from xl_alpacaeval_metric.labels import label_file
    from xl_alpacaeval_metric.report import labels as report
    from xl_alpacaeval_metric.runs import verdicts as run_verdicts

    judged, samples = run_verdicts.read(verdicts), run_verdicts.read_samples(verdicts)
    found = agreeing.measure(
        judged, label_file.read(labels, judged, samples), {key: item.cluster for key, item in samples.items()}
    )
    write(asdict(found), output)
    report.show_agreement(found, f"{verdicts} against {', '.join(map(str, labels))}", terminal.console())


@app.command()
def calibrate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that the labels are of")],
    labels: Annotated[list[Path], typer.Argument(metavar="LABELS...", help=LABELS)],
    width: Annotated[
        float | None,
        typer.Option(metavar="POINTS", help="Say how many labels an interval takes that is so wide, end to end"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", callback=writable_folder, help="Write calibration.json there"),
    ] = None,
) -> None:
    """Anchor a run's win rate in people's labels, and audit its judge by them."""
    from xl_alpacaeval_metric.labels import calibration
    from xl_alpacaeval_metric.report import labels as report

    found = calibration.calibrate(run, labels, width)
    write(found.as_dict(), output / "calibration.json" if output else None)
    report.show_calibration(found, f"{run} held to {', '.join(map(str, labels))}", width, terminal.console())
