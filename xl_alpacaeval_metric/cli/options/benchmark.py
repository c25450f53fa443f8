"""Options that name a benchmark: its languages, its files, its rows."""

from pathlib import Path
from typing import Annotated

import typer

BenchmarkName = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE|FOLDER|HUB_ID",
        help="xl, m, en, mini, context; or rows with id, instruction, language, optional reference, context, subset",
    ),
]
BenchmarkNames = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME|FILE|FOLDER|HUB_ID", help="As for eval; several times for several"),
]
Languages = Annotated[
    str | None, typer.Option(metavar="fi,de,...", help="Response languages  [default: all of the benchmark's]")
]
Limit = Annotated[int | None, typer.Option(min=1, help="The first N instructions a language")]
BenchmarkPath = Annotated[
    Path | None,
    typer.Option(
        envvar="XL_BENCHMARK_PATH",
        metavar="FOLDER|FILE",
        help="Local copy of the benchmark's Hub files; or AlpacaEval's requests to build xl and en from: "
        "alpaca_eval.json, or tatsu-lab/alpaca_eval to fetch it",
    ),
]
Exclusion = Annotated[
    str,
    typer.Option(
        metavar="strict|broad",
        help="Which of AlpacaEval's requests are left out because they only make sense in English",
    ),
]
Seed = Annotated[
    int, typer.Option(help="Decides which answer is shown first, and the phrasing of language instructions")
]
Concurrency = Annotated[int, typer.Option(min=1, help="Requests in flight at an endpoint, at most")]
Device = Annotated[str | None, typer.Option(help="cuda, cuda:1, mps, cpu  [default: the best there is]")]


def codes(text: str) -> list[str]:
    """The language codes in a comma-separated list; raises UserError for an unknown language."""
    from xl_alpacaeval_metric import languages

    return [language.code for language in languages.parse(text)]
