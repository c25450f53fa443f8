"""The model that writes references or translations for a benchmark: its options as a record."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from xl_alpacaeval_metric.cli.options.arguments import arguments
from xl_alpacaeval_metric.cli.options.benchmark import Concurrency, Device
from xl_alpacaeval_metric.cli.options.judge import ThinkingMode

if TYPE_CHECKING:
    from xl_alpacaeval_metric.clients.base import Client


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """Which model writes, and how it is reached."""

    model: Annotated[str, typer.Option(metavar="SPEC", help="Who writes: openai/MODEL, hf/ORG/MODEL, vllm/...")]
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="An OpenAI-compatible endpoint for openai/MODEL  [default: OPENAI_BASE_URL, then OpenAI]",
        ),
    ] = None
    model_args: Annotated[
        str, typer.Option(metavar="K=V,...", help="e.g. timeout=300 at an endpoint, dtype=bfloat16 for hf/")
    ] = ""
    thinking: Annotated[
        ThinkingMode, typer.Option(metavar="auto|on|off", help="Whether the model may think before it writes")
    ] = "auto"
    concurrency: Concurrency = 64
    device: Device = None

    def client(self, role: str = "reference model") -> "Client":
        """The model's client; raises UserError for a specification that names none."""
        from xl_alpacaeval_metric.benchmark.written import references

        return references.client_of(
            self.model,
            self.concurrency,
            self.device,
            role,
            base_url=self.base_url,
            args=arguments(self.model_args),
            thinking=self.thinking,
        )
