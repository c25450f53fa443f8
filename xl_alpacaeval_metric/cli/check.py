"""The command that checks a judge on pairs whose right verdict is known by construction."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.benchmark import Device, codes
from xl_alpacaeval_metric.cli.options.judge import Cache, JudgeOptions, MaxMissing
from xl_alpacaeval_metric.cli.options.output import writable_folder, write
from xl_alpacaeval_metric.cli.options.records import with_options
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import counted_of, say

Languages = Annotated[
    str | None,
    typer.Option(metavar="fi,ga,...", help="Languages to check the judge in  [default: those of the references]"),
]
References = Annotated[
    Path | None,
    typer.Option(
        "--references",
        metavar="FILE",
        help="References in these languages: id, language, instruction, reference  [default: the bundled ones]",
    ),
]


@app.command("check-judge")
@with_options(JudgeOptions, "asked")
def check(
    asked: JudgeOptions,
    languages: Languages = None,
    references: References = None,
    n: Annotated[int, typer.Option("--n", min=4, metavar="N", help="Prompts a language")] = 16,
    form: Annotated[
        Literal["full", "small"],
        typer.Option(help="small: the kinds and the 10 prompts that eval and judge take"),
    ] = "full",
    output: Annotated[
        Path | None, typer.Option(metavar="FOLDER", callback=writable_folder, help="Write check.json there")
    ] = None,
    cache: Cache = None,
    device: Device = None,
    seed: Annotated[int, typer.Option(help="Decides which prompts are taken")] = 0,
    max_missing: MaxMissing = 0.01,
) -> None:
    """Check a judge on pairs whose right verdict is known by construction.

    The replies are kept: the same check again, and the small form before a run, ask nothing twice.
    """
    from xl_alpacaeval_metric.clients import check_spec
    from xl_alpacaeval_metric.judge_check.checking import JudgeChecking
    from xl_alpacaeval_metric.judge_check.references import controls_from
    from xl_alpacaeval_metric.report import judge_check as report

    if not asked.judge:
        raise UserError("no judge is set: give --judge SPEC or set XL_JUDGE (openai/MODEL, hf/ORG/MODEL, hf/./folder)")
    if "none" in asked.judge:
        raise UserError("judge none gives no verdicts to check; name a judge")
    for spec in asked.judge:
        check_spec(spec)
    wanted = codes(languages) if languages is not None else None
    controls = controls_from(references, wanted, form, n, seed)
    with asked.opened(True, 0, device) as the_judge:
        assert the_judge is not None
        if cache is not None:
            the_judge.use_cache(cache)
        the_judge.client.preflight()
        interrupted = "interrupted; the replies so far are kept, and the same command goes on from there"
        with ProgressLine(output or Path(), interrupted) as progress:
            checking = JudgeChecking(the_judge, controls, stop_early=form == "small")
            progress.notify(f"the check will take up to {checking.estimate().line()}")
            found = checking.run(progress)
    write(found.as_dict(), output / "check.json" if output else None)
    report.show(found, f"{found.judge} on pairs whose right verdict is known", terminal.console())
    missing, total = found.n_verdicts_missing, found.n_verdicts
    if missing > max_missing * total:
        say(
            f"xl-alpacaeval: {counted_of(missing, total, 'verdict')} missing (--max-missing {100 * max_missing:g}%); "
            "the same command asks again for these alone",
            error=True,
        )
        raise Exit(1)
