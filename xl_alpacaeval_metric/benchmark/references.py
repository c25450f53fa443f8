"""Reference answers by a model, for benchmarks without references."""

from collections.abc import Sequence
from pathlib import Path

from xl_alpacaeval_metric import clients
from xl_alpacaeval_metric.benchmark import Benchmark, Row, with_references
from xl_alpacaeval_metric.benchmark.journal import Key, TextRequest, collect, cut_off
from xl_alpacaeval_metric.clients.base import Client
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import Notify, Progress

MAX_TOKENS = 1024


def client_of(spec: str, concurrency: int, device: str | None = None, role: str = "reference model") -> Client:
    """The client of a model `BACKEND/MODEL`; raises UserError for any other form and for `none`."""
    client = clients.client_for(spec, role=role, concurrency=concurrency, device=device)
    if client is None:
        raise UserError(f"no {role} is named; give one as BACKEND/MODEL, such as openai/gpt-4o-mini")
    return client


def is_model(text: str) -> bool:
    """Whether the value of `--reference` is a model rather than a file."""
    backend, slash, _ = text.partition("/")
    return bool(slash) and backend in clients.BACKENDS and not Path(text).exists()


def make(
    rows: Sequence[Row], client: Client, file: Path, progress: Progress, max_tokens: int = MAX_TOKENS
) -> dict[Key, str]:
    """The model's answers by (id, language), collected in a JSONL file.

    Raises UserError as `journal.collect` does.
    """
    wanted = [
        TextRequest(row.id, row.response_language, row.instruction, ({"role": "user", "content": row.instruction},))
        for row in rows
    ]
    return collect(wanted, client, file, progress, column="reference", max_tokens=max_tokens)


def with_references_by(
    author: Client, benchmark: Benchmark, folder: Path, progress: Progress, notify: Notify
) -> Benchmark:
    """The benchmark with references by a model, kept in `folder` for the next candidate.

    Closes `author`, which frees its memory for the candidate. `notify` is called with a line where
    references are cut off.
    """
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in author.spec)
    file = folder / f"references-{benchmark.name}-{benchmark.revision}-{name}.jsonl"
    try:
        answers = make(benchmark.rows, author, file, progress)
    finally:
        author.close()
    for line in cut_off([file], "reference", MAX_TOKENS):
        notify(f"{line} (xl-alpacaeval references takes --max-tokens; --reference FILE takes what it makes)")
    return with_references(benchmark, answers, author.spec)
