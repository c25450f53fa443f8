"""The command that publishes a run."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import counted, say

if TYPE_CHECKING:
    from xl_alpacaeval_metric.publishing.published_run import PublishedRun


@app.command()
def publish(
    run: Annotated[
        Path, typer.Argument(metavar="RUN|FILE", help="A run folder, a file of answers, or an output folder of lm_eval")
    ],
    repo: Annotated[str | None, typer.Option(metavar="ORG/NAME", help="The dataset repository for the run")] = None,
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public; private without it")] = False,
    model_repo: Annotated[
        str | None, typer.Option(metavar="ORG/MODEL", help="Also open a pull request with the win rates there")
    ] = None,
    benchmark_repo: Annotated[
        str | None,
        typer.Option(metavar="ORG/NAME", help="For --model-repo: the benchmark's dataset, as export-benchmark made it"),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where the repository has other configurations or another card")
    ] = False,
    track: Annotated[str | None, typer.Option(metavar="wandb|trackio", help="Log the figures to this tracker")] = None,
    project: Annotated[str, typer.Option(metavar="NAME", help="For --track: the project there")] = "xl-alpacaeval",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go up, and send nothing")] = False,
) -> None:
    """Put a run on the Hub: results, answers and verdicts as a dataset with the viewer.

    Or its figures into a tracker, or both.

    The benchmark's licence stays with its requests and references.
    """
    from xl_alpacaeval_metric.hub import push
    from xl_alpacaeval_metric.publishing import published_run, trackers

    for name, option in ((repo, "--repo"), (model_repo, "--model-repo"), (benchmark_repo, "--benchmark-repo")):
        if name is not None:
            push.check_name(name, option)
    if repo is None and track is None:
        raise UserError("give --repo ORG/NAME, --track wandb, or both")
    if repo is None and model_repo is not None:
        raise UserError("give --repo, too: the model's page says where its figures come from")
    if track is not None:
        trackers.check(track)
    if (model_repo is None) != (benchmark_repo is None):
        raise UserError("give both --model-repo and --benchmark-repo, the dataset that its figures are of, or neither")
    found = published_run.read(run)
    if repo is not None:
        _upload(found, repo, public, model_repo, benchmark_repo, replace, dry_run)
    if track is not None and dry_run:
        say(f"{counted(len(trackers.figures(found)), 'figure')} would go to {track}, project {project}")
    elif track is not None:
        say(f"{track}: {trackers.log(found, track, project)} in project {project}")


def _upload(
    found: "PublishedRun",
    repo: str,
    public: bool,
    model_repo: str | None,
    benchmark_repo: str | None,
    replace: bool,
    dry_run: bool,
) -> None:
    from xl_alpacaeval_metric.hub import push
    from xl_alpacaeval_metric.publishing import benchmark_texts, model_results, replaced_run, run_dataset

    figures = []
    where = model_results.path(found)
    if benchmark_repo is not None:
        figures = model_results.entries(found, benchmark_repo, push.address(repo))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        written = run_dataset.write(found, folder)
        planned = push.plan(folder, run_dataset.ALSO)
        for name, files in written.items():
            say(f"{name}: {counted(files.rows, 'row', form=',')}")
        say(
            f"licence: {found.license}"
            + (" (say in the card whose rows they are)" if found.license == benchmark_texts.OTHER else "")
        )
        others: list[object] = []
        against = ""
        try:
            if model_repo is not None and benchmark_repo is not None:
                model_results.check_repositories(model_repo, benchmark_repo)
                others = model_results.others(model_repo, where, figures)
            if lost := replaced_run.replaced(folder, repo, planned):
                verb = "loses" if replace and not dry_run else "would lose"
                against = f"{repo} {verb} {' and '.join(lost)}"
        except UserError as error:
            if not dry_run:
                raise
            against = f"what is on the Hub could not be looked at: {error}"
        else:
            against += "; choose another --repo, or give --replace" if against and not replace else ""
        if dry_run:
            for upload in planned.uploads:
                say(f"{upload.size:>14,}  {upload.path}")
            say(
                f"{counted(len(planned.uploads), 'file')} would go to {repo} "
                f"({'public' if public else 'private'}, if new)"
            )
            if figures:
                say(f"a pull request to {model_repo} would write {where}:")
                say(model_results.text(figures, others).rstrip())
        elif against and not replace:
            raise UserError(against)
        if against:
            say(against, error=True)
        if dry_run:
            return
        pushed = push.push(folder, repo, planned, public=public, message=f"Upload a run of {found.model}")
    say(f"{pushed.url} ({'private' if pushed.private else 'public'})")
    if model_repo is not None:
        if pushed.private:
            say(f"{repo} is private: readers of {model_repo} cannot follow its figures there", error=True)
        why = f"Win rates by language, with intervals in the notes. The run: {push.address(repo)}"
        request = model_results.open_pull_request(model_repo, where, model_results.text(figures, others), why)
        say(f"{model_repo}: asked for in {request}")
