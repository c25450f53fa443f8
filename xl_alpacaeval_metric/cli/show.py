"""The command that shows answers."""

from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.benchmark import codes
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import counted

MOST = 5
"""Answers shown where no number is given."""


@app.command()
def show(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run folder, a file of answers, or an output folder of lm_eval")
    ],
    worst: Annotated[int, typer.Option(min=0, metavar="N", help="The N answers that the judge likes least")] = 0,
    best: Annotated[int, typer.Option(min=0, metavar="N", help="The N answers that the judge likes most")] = 0,
    language: Annotated[
        str | None, typer.Option("--language", "--languages", metavar="fi,...", help="Asked to be in this language")
    ] = None,
    answered_in: Annotated[
        str | None, typer.Option(metavar="en,...", help="In fact in this language; mixed: in several, none: in none")
    ] = None,
    ids: Annotated[list[str] | None, typer.Option("--id", metavar="ID", help="This item; may be repeated")] = None,
    characters: Annotated[
        int, typer.Option(min=0, metavar="N", help="Of each text show the first N characters; 0: all")
    ] = 2000,
) -> None:
    """Show answers: request, answer, reference, verdicts, language, lengths.

    Without --worst and --best: those named by --id, or the first five that pass.
    """
    from xl_alpacaeval_metric.report.answers import show_answers
    from xl_alpacaeval_metric.runs.opened import reading
    from xl_alpacaeval_metric.runs.opened.selection import Selection, answered_in_codes

    if worst and best:
        raise UserError("give --worst or --best; for both, use the command twice")
    named = [] if answered_in is None else [name.strip() for name in answered_in.split(",") if name.strip()]
    selection = Selection(
        order="worst" if worst else "best" if best else "as they are",
        most=worst or best or (None if ids else MOST),
        languages=[] if language is None else codes(language),
        answered_in=answered_in_codes(named),
        ids=ids or (),
    )
    opened = reading.read(run, mixed=True)
    found = selection.of(opened)
    title = opened.model or opened.name
    show_answers(found, terminal.console(), characters)
    terminal.say(f"{len(found)} of {counted(len(opened.items), 'answer')} of {title}")
    for note in opened.notes:
        terminal.say(note)
