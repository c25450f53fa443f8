"""Reference answers by a model, for benchmarks without references."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xl_alpacaeval_metric import clients
from xl_alpacaeval_metric.benchmark import Benchmark, Row
from xl_alpacaeval_metric.benchmark.written.journal import Key, TextRequest, collect, cut_off
from xl_alpacaeval_metric.clients.base import Client, Thinking, ThinkingMode
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import file_names, jsonl
from xl_alpacaeval_metric.languages import fidelity
from xl_alpacaeval_metric.progress import Notify, Progress, unheard
from xl_alpacaeval_metric.terminal import counted_of

MAX_TOKENS = 1024
THINKING_TOKENS = 4096
MOST_SHOWN = 40


def client_of(
    spec: str,
    concurrency: int,
    device: str | None = None,
    role: str = "reference model",
    *,
    base_url: str | None = None,
    args: Mapping[str, object] | None = None,
    thinking: ThinkingMode = "auto",
) -> Client:
    """The client of a model `BACKEND/MODEL`; raises UserError for any other form and for `none`.

    `base_url`, `args` and `thinking` are those of `clients.client_for`.
    """
    client = clients.client_for(
        spec,
        role=role,
        base_url=base_url,
        concurrency=concurrency,
        args=args,
        device=device,
        thinking=Thinking(thinking, THINKING_TOKENS),
    )
    if client is None:
        raise UserError(f"no {role} is named; give one as BACKEND/MODEL, such as openai/gpt-4o-mini")
    return client


def is_model(text: str) -> bool:
    """Whether the value of `--reference` is a model rather than a file."""
    backend, slash, _ = text.partition("/")
    return bool(slash) and backend in clients.BACKENDS and not Path(text).exists()


def make(
    rows: Sequence[Row],
    client: Client,
    file: Path,
    progress: Progress,
    max_tokens: int = MAX_TOKENS,
    notify: Notify = unheard,
) -> dict[Key, str]:
    """The model's answers by (id, language), collected in a JSONL file.

    `notify` and the UserErrors raised are those of `journal.collect`.
    """
    wanted = [
        TextRequest(row.id, row.response_language, row.instruction, ({"role": "user", "content": row.instruction},))
        for row in rows
    ]
    return collect(wanted, client, file, progress, column="reference", max_tokens=max_tokens, notify=notify)


def set_aside(rows: Sequence[Row], file: Path) -> list[str]:
    """Take references in another language than asked out of their file; a line on them.

    They go, with the language that they are in, into a file beside it (`rejected`), so that the
    same call of `make` asks for them again. No line where there are none.
    """
    wanted = {(row.id, row.response_language) for row in rows}
    lines = list(jsonl.read_lines(file))
    found = fidelity.texts_fidelity([line["reference"] for line in lines], [line["language"] for line in lines])
    wrong = [
        one.in_other_language and (str(line["id"]), str(line["language"])) in wanted
        for line, one in zip(lines, found, strict=True)
    ]
    if not any(wrong):
        return []
    out = [
        {**line, "answered_in": one.answered_in}
        for line, one, is_wrong in zip(lines, found, wrong, strict=True)
        if is_wrong
    ]
    with jsonl.open_for_append(rejected(file)) as others:
        others.writelines(map(jsonl.json_line, out))
    kept = [line for line, is_wrong in zip(lines, wrong, strict=True) if not is_wrong]
    jsonl.replace_file(file, "".join(map(jsonl.json_line, kept)))
    counts = Counter(f"{line['language']}: answered in {line['answered_in']}" for line in out)
    what = ", ".join(f"{name} ({count})" for name, count in counts.most_common(5))
    return [f"{counted_of(len(out), len(lines), 'reference')} not in the language asked for ({what}): {rejected(file)}"]


def unidentified(file: Path) -> list[str]:
    """A line on references too short, or in a language too rare, to be identified; none if none."""
    lines = list(jsonl.read_lines(file))
    found = fidelity.texts_fidelity([line["reference"] for line in lines], [line["language"] for line in lines])
    unknown = [line for line, one in zip(lines, found, strict=True) if one.fidelity is None]
    if not unknown:
        return []
    return [
        f"{counted_of(len(unknown), len(lines), 'reference')} too short for the language to be identified, or in one "
        f"that cannot be; the first is id {unknown[0]['id']!r}, language {unknown[0]['language']!r}: "
        f"{_shown(unknown[0]['reference'])}"
    ]


def _shown(text: str) -> str:
    """The text's beginning, on one line."""
    return repr(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}...")


def rejected(file: Path) -> Path:
    """The file for references that were set aside."""
    return file.with_name(f"{file.stem}.rejected.jsonl")


def with_references_by(
    author: Client, benchmark: Benchmark, folder: Path, progress: Progress, notify: Notify
) -> Benchmark:
    """The benchmark with references by a model, kept in `folder` for the next candidate.

    Closes `author`, which frees its memory for the candidate. `notify` is called with a line where
    references are cut off.
    """
    name = f"references-{benchmark.name}-{benchmark.revision}-{file_names.plain(author.spec)}"
    file = folder / f"{name}.jsonl"
    try:
        answers = make(benchmark.rows, author, file, progress, notify=notify)
    finally:
        author.close()
    found = [(answers[key], key[1]) for row in benchmark.rows if (key := (row.id, row.response_language)) in answers]
    texts, codes = [text for text, _ in found], [code for _, code in found]
    measured = fidelity.texts_fidelity(texts, codes)
    if wrong := sum(one.in_other_language for one in measured):
        notify(f"{counted_of(wrong, len(texts), 'reference')} not in the language asked for, by {author.spec}: {file}")
    for line in unidentified(file):
        notify(f"{line} ({file})")
    for line in cut_off([file], "reference", MAX_TOKENS):
        notify(f"{line} (xl-alpacaeval references takes --max-tokens; --reference FILE takes what it makes)")
    return with_those_of(benchmark, answers, author.spec)


def with_those_of(benchmark: Benchmark, answers: Mapping[Key, str], author: str) -> Benchmark:
    """The benchmark with an author's references alone: rows that it has not answered have none."""
    rows = (replace(row, reference=answers.get((row.id, row.response_language))) for row in benchmark.rows)
    return replace(benchmark, rows=tuple(rows), references=author)
