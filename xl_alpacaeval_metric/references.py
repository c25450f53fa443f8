"""Reference answers made by a model, for benchmarks that come without."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from xl_alpacaeval_metric import clients
from xl_alpacaeval_metric.benchmark import Benchmark, Row, with_references
from xl_alpacaeval_metric.clients.base import Client, Completion, Request
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.runfolder import json_line, open_for_append, read_lines

MAX_TOKENS = 1024
_BEGINNING = b'{"id": "'

Key = tuple[str, str]
Progress = Callable[[str, int, int], None]


def client_of(spec: str, concurrency: int, device: str | None = None) -> Client:
    """The model that `BACKEND/MODEL` names; raises UserError for another form and for none."""
    client = clients.client_for(spec, concurrency=concurrency, device=device)
    if client is None:
        raise UserError("references need a model; name one as BACKEND/MODEL, such as openai/gpt-4o-mini")
    return client


def is_model(text: str) -> bool:
    """Whether `--reference` names a model rather than a file."""
    backend, slash, _ = text.partition("/")
    return bool(slash) and backend in ("openai", "hf", *clients.IN_PROCESS) and not Path(text).is_file()


def make(
    rows: Sequence[Row], client: Client, file: Path, progress: Progress, max_tokens: int = MAX_TOKENS
) -> dict[Key, str]:
    """The model's answers by (id, language), written to a JSONL file as they come; what it holds already is not asked again.

    Raises UserError where the file is of another model or of other instructions, and naming the reason where an answer
    is missing in the end: the others are kept, and the same call asks for the missing ones alone.
    """
    made = _finished(rows, client.spec, file)
    wanted = [row for row in rows if _key(row) not in made]
    requests = [Request(({"role": "user", "content": row.instruction},), max_tokens) for row in wanted]
    failed: dict[Key, str] = {}
    progress(f"references by {client.spec}", len(made), len(rows))
    with _opened(file) as output:
        for index, reply in client.complete(requests, accept=lambda completion: bool(completion.text.strip())):
            row = wanted[index]
            if not isinstance(reply, Completion):
                failed[_key(row)] = reply.reason
                continue
            made[_key(row)] = reply.text.strip()
            line = {"id": row.id, "language": row.response_language, "reference": reply.text.strip()}
            output.write(json_line({**line, "model": client.spec, "instruction": row.instruction}))
            output.flush()
            progress("references", len(made), len(rows))
    if failed:
        (identifier, language), reason = next(iter(failed.items()))
        raise UserError(
            f"{file}: {len(failed)} of {len(rows)} references are missing, the first is id {identifier!r}, language "
            f"{language!r}: {reason}; the same command asks for these alone"
        )
    return made


def _finished(rows: Sequence[Row], spec: str, file: Path) -> dict[Key, str]:
    if not file.exists():
        return {}
    if file.is_dir():
        raise UserError(f"{file}: is a folder; --output names a file")
    # What a kill leaves of a line is cut off and written again; what someone else wrote is not to be lost.
    unfinished = file.read_bytes().rpartition(b"\n")[2]
    if unfinished[: len(_BEGINNING)] != _BEGINNING[: len(unfinished)] or unfinished.endswith(b"}"):
        raise UserError(f"{file}: its last line is no reference made here, or has no line feed; choose another file")
    instructions = {_key(row): row.instruction for row in rows}
    made = {}
    # Not by way of pairs.read_references, which takes no unfinished line.
    for number, line in enumerate(read_lines(file), 1):
        if line.get("model") != spec:
            raise UserError(f"{file}: holds references by {line.get('model')}, not by {spec}; choose another file")
        key, text = (str(line.get("id")), str(line.get("language"))), line.get("reference")
        if instructions.get(key, line.get("instruction")) != line.get("instruction"):
            raise UserError(f"{file}: id {key[0]!r} is another instruction there; choose another file")
        if not isinstance(text, str) or not text.strip():
            raise UserError(f"{file} line {number}: holds no reference; delete that line, or choose another file")
        made[key] = text
    return made


def _opened(file: Path) -> TextIO:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return open_for_append(file)
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror})") from None


def _key(row: Row) -> Key:
    return (row.id, row.response_language)


def written(benchmark: Benchmark, author: Client, folder: Path, progress: Progress) -> Benchmark:
    """The benchmark with references by `author`, kept in `folder` for the next candidate; frees the author's memory."""
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in author.spec)
    file = folder / f"references-{benchmark.name}-{benchmark.revision}-{name}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = make(benchmark.rows, author, file, progress)
    finally:
        author.close()
    return with_references(benchmark, made, author.spec)
