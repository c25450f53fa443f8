"""Options that several commands share, and what their values stand for."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xl_alpacaeval_metric.cli.arguments import arguments
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import say

if TYPE_CHECKING:
    from xl_alpacaeval_metric.clients.base import Client
    from xl_alpacaeval_metric.judge.estimate import Estimate
    from xl_alpacaeval_metric.judge.pairwise import Judge
    from xl_alpacaeval_metric.judge.rubric import Rubric
    from xl_alpacaeval_metric.progress import Progress

ThinkingMode = Literal["auto", "on", "off"]
JudgeSpec = Annotated[
    list[str] | None,
    typer.Option(
        "--judge",
        envvar="XL_JUDGE",
        metavar="SPEC",
        help="openai/MODEL, hf/ORG/MODEL, hf/./folder, vllm/..., sglang/..., none; several times for a panel",
    ),
]
JudgeUrl = Annotated[
    list[str] | None,
    typer.Option(
        "--judge-base-url",
        metavar="URL",
        help="An OpenAI-compatible endpoint; for a panel one for all, or one for each judge  "
        "[default: OPENAI_BASE_URL, then OpenAI]",
    ),
]
JudgeArgs = Annotated[
    str, typer.Option(metavar="K=V,...", help="e.g. timeout=300 at an endpoint, dtype=bfloat16 for hf/")
]
JudgeThinking = Annotated[
    ThinkingMode,
    typer.Option(
        metavar="auto|on|off",
        help="Whether the judge may think before its verdict; auto gives it room if it is found to think",
    ),
]
JudgeThinkingTokens = Annotated[
    int, typer.Option(min=1, metavar="N", help="Tokens for the judge's thought, beside those of its verdict")
]
JudgeVotes = Annotated[
    int, typer.Option(min=1, metavar="N", help="Ask each question N times at temperature 1, and average the verdicts")
]
Concurrency = Annotated[int, typer.Option(min=1, help="Requests in flight at an endpoint, at most")]
BothOrders = Annotated[
    bool | None, typer.Option("--both-orders/--one-order", help="Of the two answers  [default: both for mini, context]")
]
Batch = Annotated[
    bool, typer.Option("--batch", help="Use OpenAI's Batch API for an openai/ judge: half the price, within a day")
]
Cache = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Keep the judge's replies there (SQLite), and send no request again that it holds"
    ),
]
MaxRequests = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Stop before judging if that would take more requests")
]
Precision = Annotated[
    float | None,
    typer.Option(metavar="POINTS", help="Judge in looks, and stop where the win rate is known to +- POINTS"),
]
UntilDecided = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Judge in looks, and stop where it is decided whether RUN is better or worse"),
]
Criteria = Annotated[
    bool,
    typer.Option(
        "--criteria", help="Have the judge rate each answer too: precision, informativeness, naturalness, objectivity"
    ),
]
CriteriaFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Rate by the criteria in this YAML file instead (implies --criteria)"),
]
BenchmarkPath = Annotated[
    Path | None,
    typer.Option(
        envvar="XL_BENCHMARK_PATH",
        metavar="FOLDER|FILE",
        help="Local copy of the benchmark's Hub files; or AlpacaEval's requests to build xl and en from: "
        "alpaca_eval.json, or tatsu-lab/alpaca_eval to fetch it",
    ),
]
JudgePrompt = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="A prompt of your own for the judge; or 0.1, the one of that version"),
]
Exclusion = Annotated[
    str,
    typer.Option(
        metavar="strict|broad",
        help="Which of AlpacaEval's requests are left out because they only make sense in English",
    ),
]
JudgeCheck = Annotated[
    bool,
    typer.Option(
        "--judge-check/--no-judge-check",
        envvar="XL_JUDGE_CHECK",
        help="Check the judge first on pairs whose right verdict is known; replies are kept for later runs",
    ),
]
Seed = Annotated[
    int, typer.Option(help="Decides which answer is shown first, and the phrasing of language instructions")
]
MaxMissing = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Share of missing verdicts above which the exit code is 1")
]
Device = Annotated[str | None, typer.Option(help="cuda, cuda:1, mps, cpu  [default: the best there is]")]


def judge_from(
    spec: str | Sequence[str] | None,
    base_url: str | Sequence[str] | None,
    args: str,
    concurrency: int,
    device: str | None,
    both_orders: bool | None,
    seed: int,
    thinking: ThinkingMode = "auto",
    thinking_tokens: int = 4096,
    prompt: str | None = None,
    votes: int = 1,
    gpus: str = "auto",
    allow_random_weights: bool = False,
) -> "AbstractContextManager[Judge | None]":
    """The judge, or the panel, that a command's options name, closed at the end; None for `none`.

    Raises UserError where there is no specification.
    """
    from xl_alpacaeval_metric.clients.base import Thinking
    from xl_alpacaeval_metric.panels.panel import open_judges

    return open_judges(
        spec,
        how_to_set="give --judge SPEC or set XL_JUDGE (openai/MODEL, hf/ORG/MODEL, hf/./folder, vllm/ORG/MODEL), "
        "or --judge none for language fidelity alone",
        base_url=base_url,
        concurrency=concurrency,
        args={**_for_this_machine(spec, gpus, allow_random_weights), **arguments(args)},
        device=device,
        seed=seed,
        both_orders=bool(both_orders),
        thinking=Thinking(thinking, thinking_tokens),
        prompt=prompt,
        votes=votes,
    )


def _for_this_machine(spec: str | Sequence[str] | None, gpus: str, allow_random_weights: bool) -> dict[str, object]:
    """The arguments of a judge that is loaded here, from options that others do not take."""
    specs = [spec] if isinstance(spec, str) else spec or []
    backends = {one.partition("/")[0] for one in specs}
    given = {"gpus": gpus} if gpus != "auto" and backends and backends <= {"hf", "vllm", "sglang"} else {}
    return {**given, **({"allow_random_weights": True} if allow_random_weights and backends == {"hf"} else {})}


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
    from xl_alpacaeval_metric.benchmark import references

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


def rubric_from(asked: bool, file: Path | None, judge: "Judge | None") -> "Rubric | None":
    """The rubric to rate by, None without criteria.

    Raises UserError for criteria without a judge and for a bad file.
    """
    if not asked and file is None:
        return None
    from xl_alpacaeval_metric.judge import rubric_file

    rubric = rubric_file.load(file)
    if judge is None:
        raise UserError("--criteria needs a judge, and --judge is none; name a judge, or leave --criteria out")
    if len(judge.members) > 1:
        raise UserError("--criteria is rated by one judge, and this is a panel; name one judge, or leave it out")
    return rubric


def codes(text: str) -> list[str]:
    """The language codes in a comma-separated list; raises UserError for an unknown language."""
    from xl_alpacaeval_metric import languages

    return [language.code for language in languages.parse(text)]
