"""The judge that a command asks: its options as records, and how it is opened."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xl_alpacaeval_metric.cli.options.arguments import AllowRandomWeights, Gpus, arguments
from xl_alpacaeval_metric.cli.options.benchmark import Concurrency, Device, Seed
from xl_alpacaeval_metric.cli.options.output import writable
from xl_alpacaeval_metric.errors import UserError

if TYPE_CHECKING:
    from xl_alpacaeval_metric.judge.pairwise import Judge
    from xl_alpacaeval_metric.judge.rubric import Rubric

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
BothOrders = Annotated[
    bool | None, typer.Option("--both-orders/--one-order", help="Of the two answers  [default: both for mini, context]")
]
Batch = Annotated[
    bool, typer.Option("--batch", help="Use OpenAI's Batch API for an openai/ judge: half the price, within a day")
]
Cache = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        dir_okay=False,
        callback=writable,
        help="Keep the judge's replies there (SQLite), and send no request again that it holds",
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
JudgePrompt = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="A prompt of your own for the judge; or 0.1, the one of that version"),
]
JudgeCheck = Annotated[
    bool,
    typer.Option(
        "--judge-check/--no-judge-check",
        envvar="XL_JUDGE_CHECK",
        help="Check the judge first on pairs whose right verdict is known; replies are kept for later runs",
    ),
]
AssumeTaste = Annotated[
    bool, typer.Option("--assume-gpt4-taste", help="Control length by GPT-4's taste, whatever the judge's is")
]
MaxMissing = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Share of missing verdicts above which the exit code is 1")
]


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """Which judge is asked, and how; every command that asks one has these options."""

    judge: JudgeSpec = None
    judge_base_url: JudgeUrl = None
    judge_args: JudgeArgs = ""
    judge_thinking: JudgeThinking = "auto"
    judge_thinking_tokens: JudgeThinkingTokens = 4096
    judge_prompt: JudgePrompt = None
    judge_votes: JudgeVotes = 1
    concurrency: Concurrency = 64

    def opened(
        self,
        both_orders: bool,
        seed: int,
        device: str | None,
        gpus: str = "auto",
        allow_random_weights: bool = False,
    ) -> "AbstractContextManager[Judge | None]":
        """The judge, or the panel, closed at the end of the block; None for `none`.

        Raises UserError where there is no specification.
        """
        from xl_alpacaeval_metric.clients.base import Thinking
        from xl_alpacaeval_metric.panels.panel import open_judges

        return open_judges(
            self.judge,
            how_to_set="give --judge SPEC or set XL_JUDGE (openai/MODEL, hf/ORG/MODEL, hf/./folder, vllm/ORG/MODEL), "
            "or --judge none for language fidelity alone",
            base_url=self.judge_base_url,
            concurrency=self.concurrency,
            args={**_for_this_machine(self.judge, gpus, allow_random_weights), **arguments(self.judge_args)},
            device=device,
            seed=seed,
            both_orders=both_orders,
            thinking=Thinking(self.judge_thinking, self.judge_thinking_tokens),
            prompt=self.judge_prompt,
            votes=self.judge_votes,
        )


@dataclass(frozen=True, slots=True)
class JudgingOptions(JudgeOptions):
    """What the judge is asked about each answer; `both_orders` is None where that is left open."""

    both_orders: BothOrders = None
    criteria: Criteria = False
    criteria_file: CriteriaFile = None
    device: Device = None
    seed: Seed = 0

    def rubric(self, judge: "Judge | None") -> "Rubric | None":
        """The rubric to rate by, None without criteria.

        Raises UserError for criteria without a judge and for a bad file.
        """
        if not self.criteria and self.criteria_file is None:
            return None
        from xl_alpacaeval_metric.judge import rubric_file

        rubric = rubric_file.load(self.criteria_file)
        if judge is None:
            raise UserError("--criteria needs a judge, and --judge is none; name a judge, or leave --criteria out")
        if len(judge.members) > 1:
            raise UserError("--criteria is rated by one judge, and this is a panel; name one judge, or leave it out")
        return rubric


@dataclass(frozen=True, slots=True)
class RunOptions(JudgingOptions):
    """How answers are judged and scored in a run folder; `eval` and `judge` have these options."""

    judge_check: JudgeCheck = True
    assume_gpt4_taste: AssumeTaste = False
    batch: Batch = False
    cache: Cache = None
    max_requests: MaxRequests = None
    precision: Precision = None
    until_decided: UntilDecided = None
    gpus: Gpus = "auto"
    allow_random_weights: AllowRandomWeights = False
    max_missing: MaxMissing = 0.01

    def opened_for(self, both_by_default: bool) -> "AbstractContextManager[Judge | None]":
        """The judge of a run, in both orders by default, or as the user says."""
        both = both_by_default if self.both_orders is None else self.both_orders
        return self.opened(both, self.seed, self.device, self.gpus, self.allow_random_weights)


def _for_this_machine(spec: str | Sequence[str] | None, gpus: str, allow_random_weights: bool) -> dict[str, object]:
    """The arguments of a judge that is loaded here, from options that others do not take."""
    specs = [spec] if isinstance(spec, str) else spec or []
    backends = {one.partition("/")[0] for one in specs}
    given = {"gpus": gpus} if gpus != "auto" and backends and backends <= {"hf", "vllm", "sglang"} else {}
    return {**given, **({"allow_random_weights": True} if allow_random_weights and backends == {"hf"} else {})}
