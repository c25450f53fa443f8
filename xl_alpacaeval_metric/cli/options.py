"""Options that several commands share, and what their texts mean."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from xl_alpacaeval_metric.errors import UserError

if TYPE_CHECKING:
    from xl_alpacaeval_metric.judge import Judge

JudgeSpec = Annotated[
    str | None,
    typer.Option(
        "--judge",
        envvar="XL_JUDGE",
        metavar="SPEC",
        help="openai/MODEL, hf/ORG/MODEL, hf/./folder, vllm/..., sglang/..., none",
    ),
]
JudgeUrl = Annotated[
    str | None,
    typer.Option(
        "--judge-base-url", metavar="URL", help="An OpenAI-compatible endpoint  [default: OPENAI_BASE_URL, then OpenAI]"
    ),
]
JudgeArgs = Annotated[
    str, typer.Option(metavar="K=V,...", help="e.g. timeout=300 at an endpoint, dtype=bfloat16 for hf/")
]
Concurrency = Annotated[int, typer.Option(min=1, help="Requests in flight at an endpoint, at most")]
BothOrders = Annotated[
    bool, typer.Option("--both-orders", help="Ask the judge with the answers in both orders, and average")
]
Seed = Annotated[
    int, typer.Option(help="Decides which answer is shown first, and the phrasing of language instructions")
]
MaxMissing = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Share of missing verdicts above which the exit code is 1")
]
Device = Annotated[str | None, typer.Option(help="cuda, cuda:1, mps, cpu  [default: the best there is]")]


def judge_from(
    spec: str | None,
    base_url: str | None,
    args: str,
    concurrency: int,
    device: str | None,
    both_orders: bool,
    seed: int,
) -> "Judge | None":
    """The judge a specification names, None for `none`; raises UserError where there is no specification."""
    from xl_alpacaeval_metric import clients
    from xl_alpacaeval_metric.judge import Judge

    if not spec:
        raise UserError(
            "no judge is set: give --judge SPEC or set XL_JUDGE (openai/MODEL, hf/ORG/MODEL, hf/./folder, vllm/ORG/MODEL), "
            "or --judge none for language fidelity alone"
        )
    client = clients.client_for(spec, base_url=base_url, concurrency=concurrency, args=arguments(args), device=device)
    return Judge(client, seed=seed, both_orders=both_orders) if client else None


def codes(text: str) -> list[str]:
    """The codes in a comma-separated list; raises UserError for an unknown language."""
    from xl_alpacaeval_metric import languages

    return [language.code for language in languages.parse(text)]


def arguments(text: str) -> dict[str, Any]:
    """`k=v,k=v` as a dictionary; numbers, true and false become what they say."""
    import yaml

    found = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise UserError(f"argument {part!r} is not of the form key=value")
        parsed = yaml.safe_load(value) if value else ""
        found[key.strip()] = parsed if isinstance(parsed, str | int | float | bool) else value
    return found
