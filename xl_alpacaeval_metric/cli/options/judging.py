"""What options say of a judging: cache, Batch API, estimate, criteria, author of references."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.cli.options.judge import RunOptions
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import say

if TYPE_CHECKING:
    from xl_alpacaeval_metric.clients.base import Client
    from xl_alpacaeval_metric.judge.estimate import Estimate
    from xl_alpacaeval_metric.judge.pairwise import Judge
    from xl_alpacaeval_metric.judge.rubric import Rubric
    from xl_alpacaeval_metric.progress import Progress
    from xl_alpacaeval_metric.runs.scored import Judging
    from xl_alpacaeval_metric.sequential.rules import Rule


def judging_of(
    asked: RunOptions, judge: "Judge | None", rubric: "Rubric | None", rule: "Rule | None", progress: ProgressLine
) -> "Judging":
    """How the answers of a run are judged, as the user asked."""
    from xl_alpacaeval_metric.runs.scored import Judging

    return Judging(
        judge,
        rubric,
        estimate_shown(asked.max_requests),
        rule,
        asked.judge_check,
        asked.assume_gpt4_taste,
        progress.notify,
    )


def both_by_default(benchmark: str, folder: Path | None) -> bool:
    """Whether answers are judged in both orders where nothing is said.

    As the benchmark is, and as the run in `folder` has been judged.
    """
    from xl_alpacaeval_metric.files import jsonl
    from xl_alpacaeval_metric.judge import answer_order
    from xl_alpacaeval_metric.runs import folder as run_folder

    if folder is not None and (folder / run_folder.RUN).is_file():
        settings = jsonl.read_json(folder / run_folder.RUN).get("settings")
        if isinstance(settings, dict) and settings.get("order") == "both":
            return True
    return answer_order.both_by_default([benchmark])


def ask_through(judge: "Judge | None", batch: bool, cache: Path | None, folder: Path, progress: "Progress") -> None:
    """Put the Batch API and the cache between the judge and its model, if they are wanted.

    Raises UserError for a judge without a Batch API and for a file that is no cache.
    """
    if batch:
        ask_in_batches(judge, folder, progress)
    if cache is not None and judge is not None:
        judge.use_cache(cache)


def ask_in_batches(judge: "Judge | None", folder: Path, progress: "Progress") -> None:
    """Send the judge's requests through OpenAI's Batch API; raises UserError if it has none."""
    from xl_alpacaeval_metric.clients.openai import OpenAIClient
    from xl_alpacaeval_metric.clients.openai_batch import BatchClient

    for one in judge.members.values() if judge else [None]:
        if one is None or not isinstance(one.client, OpenAIClient):
            spec = one.client.spec if one else "none"
            raise UserError(f"--batch goes with a judge openai/MODEL, not with {spec}")
        one.client = BatchClient(one.client, folder, progress=progress)


def reference_author(reference: str | None, concurrency: int, device: str | None) -> "Client | None":
    """The model that writes the references; None if `reference` names a file or nothing."""
    from xl_alpacaeval_metric.benchmark.written import references

    if reference is None or not references.is_model(reference):
        return None
    author = references.client_of(reference, concurrency, device)
    author.preflight()
    return author


def estimate_shown(max_requests: int | None) -> "Callable[[Estimate], None]":
    """A callback that prints what judging will take; it raises UserError above `max_requests`."""

    def on_estimate(estimate: "Estimate") -> None:
        if estimate.requests:
            say(f"judging will take {estimate.line()}", error=True)
        if estimate.check is not None and estimate.check.requests:
            say(
                f"the judge check before it, once for all runs, up to {estimate.check.line()}; "
                "--no-judge-check leaves it out",
                error=True,
            )
        if max_requests is not None and estimate.all_requests > max_requests:
            raise UserError(
                f"judging would take {estimate.all_requests} requests, --max-requests allows {max_requests}; "
                "nothing was sent, the same command with a higher number goes on"
            )

    return on_estimate
