"""The commands for Hub folders: build and push."""

from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric.cli.exit_codes import Version
from xl_alpacaeval_metric.cli.options.output import writable_folder
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import counted, say

app = typer.Typer(
    help="Cross-lingual instruction data: instructions in one language, responses in another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(version: Version = False) -> None:
    """Cross-lingual instruction data: instructions in one language, responses in another."""


@app.command("build")
def build_folder(
    pairs: Annotated[
        str | None, typer.Option(metavar="en-fi,...", help="Language pairs  [default: all of the source's]")
    ] = None,
    source: Annotated[
        str, typer.Option(metavar="sample|FOLDER|HUB_ID", help="Where the rows come from, e.g. viyer98/xl-instruct")
    ] = "sample",
    variant: Annotated[str, typer.Option(help="default; best_of_3 and scored where the source has them")] = "default",
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", callback=writable_folder, help="The Hub folder to write")
    ] = Path("xl-instruct"),
    streaming: Annotated[bool, typer.Option("--streaming", help="Read a Hub dataset where it is")] = False,
    max_wrong_language: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of a pair's responses in a wrong language above which to stop"),
    ] = 0.01,
    leave_out: Annotated[
        str, typer.Option(metavar="COLUMN,...", help="Columns of the source that are left out, with what they say")
    ] = "",
) -> None:
    """Write a folder for `load_dataset` and the Hub: Parquet files by language pair, and a card."""
    from xl_instruct_dataset.hub import build
    from xl_instruct_dataset.sources.source import Source, left_out

    wanted = None if pairs is None else [pair.strip() for pair in pairs.split(",") if pair.strip()]
    with ProgressLine(output, "interrupted; nothing was written") as progress:
        built = build.build(
            wanted,
            Source(source, streaming, left_out(leave_out)),
            output,
            progress,
            variant=variant,
            max_wrong=max_wrong_language,
        )
    for pair, written in built.written.items():
        wrong = built.wrong[pair]
        note = f", {wrong} not in its language (the first: {built.first_wrong[pair]})" if wrong else ""
        note += ", language not checked: the identifier does not know it" if pair in built.unchecked else ""
        say(f"{pair}: {counted(written.rows, 'row', form=',')}, {written.file_bytes / 1e6:.2f} MB{note}")
    say(f'{output}: load_dataset("{output}", "{next(iter(built.written))}")')


@app.command("push")
def push_folder(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that build or generate made")],
    repo: Annotated[str, typer.Option(metavar="ORG/NAME", help="The dataset repository")],
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public; private without it")] = False,
    message: Annotated[str, typer.Option(metavar="TEXT", help="The commit's message")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where the repository has other configurations or another card")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would go up, and send nothing")] = False,
) -> None:
    """Upload a folder to the Hub in one commit, after checking it against its card."""
    from xl_alpacaeval_metric.hub import push

    push.check_name(repo)
    planned = push.plan(folder)
    total = sum(upload.size for upload in planned.uploads)
    if planned.left_out:
        more = f" and {len(planned.left_out) - 3} more" if len(planned.left_out) > 3 else ""
        say(f"not sent, the card does not name them: {', '.join(planned.left_out[:3])}{more}", error=True)
    if dry_run:
        for upload in planned.uploads:
            say(f"{upload.size:>14,}  {upload.path}")
        kind = "public" if public else "private"
        say(f"{total:>14,}  in {counted(len(planned.uploads), 'file')} would go to {repo} ({kind}, if new)")
        say("older data files of the same configurations would be removed there")
        try:
            lost = push.replaced(repo, planned)
        except UserError as error:
            say(f"not looked at what is there: {error}", error=True)
            return
        for line in lost:
            say(f"{repo} would lose {line}; only --replace does that")
        return
    if not replace and (lost := push.replaced(repo, planned)):
        raise UserError(
            f"{repo} would lose {' and '.join(lost)}; build all configurations into one folder, choose another "
            "--repo, or give --replace"
        )
    say(f"sending {counted(len(planned.uploads), 'file')}, {total / 1e6:.2f} MB, to {repo}", error=True)
    pushed = push.push(folder, repo, planned, public=public, message=message)
    for path in pushed.removed:
        say(f"removed, older: {path}")
    say(f"{pushed.url} ({'private' if pushed.private else 'public'})")
